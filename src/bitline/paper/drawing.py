"""Figures in the paper's layout: panels of lines over one axis."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from numbers import Real
from textwrap import fill
from typing import TYPE_CHECKING, Any

from bitline.report.style import colour_of
from bitline.study import DesignResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure


ACCURACY = "accuracy (%)"
"""An axis that ends at 0 and 100, even where two standard deviations go beyond."""
NARROW = 1
"""Points between the ends of such an axis below which it is widened."""

HIGH = 30
"""Characters of the name of a vertical axis in a line, so that it is no longer than a panel is high."""

MARKERS = 40
"""Points of a line from which on it is drawn without markers."""

SHORT = 50
"""A logarithmic axis is short where its ends are less than this apart."""

IN_A_ROW = 2
"""Panels beside each other: two fill the two columns of a journal's page."""
PANEL = (3.5, 2.3)
"""Width and height of a panel in inches; a column of a journal is 3.5 inches wide."""
LINE = 0.17
"""Height in inches of a line of a legend, or of the caption."""
NAME = 0.22
"""Height in inches of a row of dots with its name."""
SHAPES = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES = ("-", "--", "-.", ":")
"""Markers and dashes of lines one after the other, so that they differ in grey."""
STYLE: Any = {
    "font.size": 8, "axes.titlesize": 8, "axes.labelsize": 8, "xtick.labelsize": 7, "ytick.labelsize": 7,
    "legend.fontsize": 7, "legend.frameon": False, "lines.linewidth": 1.1, "lines.markersize": 3.2,
    "axes.linewidth": 0.6, "xtick.major.width": 0.6, "ytick.major.width": 0.6, "axes.grid": True,
    "grid.color": "#dddddd", "grid.linewidth": 0.5, "axes.axisbelow": True, "axes.spines.top": False,
    "axes.spines.right": False,
}  # fmt: skip
"""Of all figures."""


def two_sigma(design: DesignResult) -> float:
    """Half of a design's error bar in points: two standard deviations over chips, as in the paper; 0 for one chip."""
    return 0.0 if math.isnan(design.std) else 200 * design.std


@dataclass(frozen=True)
class Line:
    """A line of a panel.

    Attributes:
        label: its name in the legend.
        x, y: coordinates of its points.
        error: half of the error bar of each point; 0 draws none.

    Examples:
        >>> Line.exact("Eq. 2", [72, 144], [8.2, 9.2])
        Line(label='Eq. 2', x=(72.0, 144.0), y=(8.2, 9.2), error=(0.0, 0.0))
    """

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    error: tuple[float, ...]

    @classmethod
    def exact(cls, label: str, x: Iterable[float], y: Iterable[float]) -> Line:
        """A line without error bars."""
        places = tuple(map(float, x))
        return cls(label, places, tuple(map(float, y)), (0.0,) * len(places))

    @classmethod
    def with_bars(cls, label: str, x: Iterable[float], designs: Iterable[DesignResult]) -> Line:
        """Accuracy of designs in per cent, at places on the x axis that belong to them, in ascending order of these."""
        points = sorted(zip(map(float, x), designs, strict=True), key=lambda point: point[0])
        places, ordered = tuple(place for place, _ in points), [design for _, design in points]
        return cls(label, places, tuple(100 * design.mean for design in ordered), tuple(map(two_sigma, ordered)))

    @classmethod
    def of(cls, label: str, designs: Sequence[DesignResult], setting: str) -> Line:
        """Accuracy of designs in per cent over one of their settings, by its dotted name."""
        return cls.with_bars(label, (design.settings[setting] for design in designs), designs)


@dataclass(frozen=True)
class Panel:
    """One plot.

    Examples:
        >>> Panel("two lines", (Line.exact("law", range(3), [1, 2, 3]),), "bits").title
        'two lines'

    Attributes:
        title: text above the plot.
        lines: what is drawn.
        x_label, y_label: titles of the axes, with units.
        x_scale, y_scale: 'linear', 'log', or 'symlog' for a logarithmic axis with a zero.
        smallest: value below which a 'symlog' axis is linear.
        marks: places on the x axis that a dotted line marks.
        bands: whether the errors of lines are bands; bars otherwise.
        names: what 0, 1, ... on the x axis stand for, if they are no numbers: each name is then a row of dots.
    """

    title: str
    lines: tuple[Line, ...]
    x_label: str
    y_label: str = ACCURACY
    x_scale: str = "linear"
    y_scale: str = "linear"
    smallest: float = 1e-8
    marks: tuple[float, ...] = ()
    bands: bool = True
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drawing:
    """Panels side by side: plain data, so that a figure can be drawn again from a file of results.

    Attributes:
        panels: the plots, from left to right.
        caption: text under them.

    Examples:
        >>> panel = Panel("bits of the ADC", (Line.exact("needed", [72, 144], [5, 6]),), "rows", "bits")
        >>> drawing = Drawing((panel,), "exact cells")
        >>> Drawing.from_dict(drawing.to_dict()) == drawing
        True
    """

    panels: tuple[Panel, ...]
    caption: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; what is not a finite number becomes None."""
        return {"caption": self.caption, "panels": [_plain(asdict(panel)) for panel in self.panels]}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Drawing:
        """The opposite of `to_dict`."""
        panels = []
        for panel in content["panels"]:
            lines = tuple(
                Line(line["label"], *(_numbers(line[name]) for name in ("x", "y", "error"))) for line in panel["lines"]
            )
            sequences = {"lines": lines, "marks": tuple(panel["marks"]), "names": tuple(panel.get("names", ()))}
            panels.append(Panel(**{**panel, **sequences}))
        return cls(tuple(panels), content["caption"])

    def figure(self) -> Figure:
        """Draw it as a journal would: lines that differ in grey, bands for intervals, one legend where it can be."""
        from matplotlib import rc_context
        from matplotlib.figure import Figure

        with rc_context(STYLE):
            rows = -(-len(self.panels) // IN_A_ROW)
            columns = -(-len(self.panels) // rows)
            shared = _shared_labels(self.panels)
            lines = -(-len(shared) // (2 * columns)) if len(shared) > 1 else 0
            below = LINE * (lines + 1.3)
            tall = max(PANEL[1], NAME * max(len(panel.names) for panel in self.panels))
            size = (PANEL[0] * max(columns, 1.3), tall * rows + below)
            figure = Figure(figsize=size)
            figure.set_layout_engine("constrained", rect=(0, below / size[1], 1, 1 - below / size[1]))
            plots = figure.subplots(rows, columns, squeeze=False).ravel()
            for index, (axes, panel) in enumerate(zip(plots, self.panels, strict=False)):
                _draw(axes, panel, _letter(index) if len(self.panels) > 1 else "")
                if not shared:
                    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.3), ncols=2)
            for spare in plots[len(self.panels) :]:
                spare.remove()
            if lines:
                place = {"loc": "lower center", "bbox_to_anchor": (0.5, LINE / size[1]), "ncols": 2 * columns}
                figure.legend(*plots[0].get_legend_handles_labels(), **place)
            figure.text(0.5, 0.3 * LINE / size[1], self.caption, fontsize=6.5, color="#555555", ha="center")
        return figure


def _shared_labels(panels: Sequence[Panel]) -> tuple[str, ...]:
    """Names of the lines if all panels have the same, which then share a legend; otherwise none."""
    labels = {tuple(line.label for line in panel.lines) for panel in panels}
    return labels.pop() if len(labels) == 1 else ()


def _letter(index: int) -> str:
    return f"({chr(ord('a') + index)}) "


def _draw(axes: Axes, panel: Panel, letter: str) -> None:
    if panel.names:
        _draw_dots(axes, panel)
    else:
        _draw_lines(axes, panel)
        _scale(axes, panel)
    axes.set_title(panel.title if panel.title.startswith("(") else letter + panel.title, loc="left")
    across, up = (panel.y_label, panel.x_label) if panel.names else (panel.x_label, panel.y_label)
    axes.set_xlabel(across)
    axes.set_ylabel(fill(up, HIGH))
    if not any(math.isfinite(y) for line in panel.lines for y in line.y):
        axes.set(xticks=[], yticks=[])
        axes.text(0.5, 0.5, "not measured yet", transform=axes.transAxes, ha="center", va="center", color="#555555")
    elif panel.y_label == ACCURACY:
        low, high = axes.get_ylim()
        if high - low < NARROW:  # the same accuracy everywhere: nothing to look at closely
            low, high = low - NARROW, high + NARROW
        axes.set_ylim(max(low, -2), min(high, 102))


def _draw_dots(axes: Axes, panel: Panel) -> None:
    """A row for each name, from top to bottom, with a dot for the value of each line."""
    for index, line in enumerate(panel.lines):
        look: dict[str, Any] = {"color": colour_of(index), "marker": SHAPES[index % len(SHAPES)]}
        axes.plot(line.y, line.x, label=line.label, linestyle="", markersize=6.0 - 2 * (index % 2), **look)
    axes.set_yticks(range(len(panel.names)), panel.names, parse_math=False)
    axes.invert_yaxis()
    axes.grid(axis="y", alpha=0.4)


def _draw_lines(axes: Axes, panel: Panel) -> None:
    for index, line in enumerate(panel.lines):
        colour, few = colour_of(index), len(line.x) <= MARKERS
        style: dict[str, Any] = {
            "color": colour,
            "marker": SHAPES[index % len(SHAPES)] if few else "",
            "linestyle": DASHES[index // 2 % len(DASHES)] if few else "-",
        }
        axes.plot(line.x, line.y, label=line.label, **style)
        if any(line.error) and len(line.x) > 1 and panel.bands:
            low, high = ([y + sign * error for y, error in zip(line.y, line.error, strict=True)] for sign in (-1, 1))
            axes.fill_between(line.x, low, high, color=colour, alpha=0.15, linewidth=0)
        elif any(line.error):
            axes.errorbar(line.x, line.y, line.error, color=colour, capsize=2, linewidth=0.8)
    for place in panel.marks:
        axes.axvline(place, color="#555555", linestyle=":", linewidth=0.8)


def _scale(axes: Axes, panel: Panel) -> None:
    if panel.x_scale == "symlog":
        axes.set_xscale("symlog", linthresh=panel.smallest)
    else:
        axes.set_xscale(panel.x_scale)
    axes.set_yscale(panel.y_scale)
    for scale, axis, limits in (
        (panel.x_scale, axes.xaxis, axes.get_xlim()),
        (panel.y_scale, axes.yaxis, axes.get_ylim()),
    ):
        if scale == "log" and limits[1] < SHORT * limits[0]:
            _label_plainly(axis)


def _label_plainly(axis: Axis) -> None:
    """Numbers at 1, 2 and 5 of a decade: those that matplotlib writes there (2 x 10^0, 3 x 10^0, ...) overlap."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(content) for name, content in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Real):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value


def _numbers(values: Sequence[float | None]) -> tuple[float, ...]:
    return tuple(math.nan if value is None else value for value in values)
