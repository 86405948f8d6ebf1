"""Colours of all figures, and how figures become files."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from bitline.config.files import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Drawing = TypeVar("Drawing", bound=Callable[..., Any])

COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#000000", "#999999", "#7A4E2D",
    "#B2DF8A", "#6A3D9A", "#A6CEE3", "#FB9A99",
)  # fmt: skip
"""Okabe and Ito's, distinct for colour-blind readers, then others; what matters most gets the first."""
BLUE, ORANGE = COLOURS[:2]
GREY = "#999999"
"""What others are compared with."""
LEGEND = {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0}
"""Legends stand below charts, where a phone has room for them."""
ROW, TALLEST = 24, 1400
"""Height of a row of a chart that has one for each name, and of all of its rows, in pixels."""
METHOD = "method: Xiao et al., IEEE Circuits and Systems Magazine 22(4), 2022, doi 10.1109/MCAS.2022.3214409"
"""What reports cite."""


def colour_of(index: int) -> str:
    """Colour of a line or a part by its place; after the last colour the first comes again.

    Examples:
        >>> colour_of(0), colour_of(1), colour_of(14)
        ('#0072B2', '#D55E00', '#0072B2')
    """
    return COLOURS[index % len(COLOURS)]


def in_rows(title: str, names: int) -> dict[str, Any]:
    """Layout of a chart with a row for each name, the first on top: long names stay level, and the legend below them.

    Args:
        title: what the names are of.
        names: how many.

    Returns:
        Arguments of `update_layout`.

    Examples:
        >>> layout = in_rows("layer", names=10)
        >>> layout["yaxis"]["title"], layout["height"]
        ('layer', 440)
    """
    return {
        "yaxis": {"title": title, "type": "category", "autorange": "reversed"},
        "legend": {**LEGEND, "traceorder": "normal"},
        "height": 200 + min(ROW * max(names, 4), TALLEST),
    }


def faint(colour: str, opacity: float = 0.18) -> str:
    """A colour for areas behind lines, as CSS has it.

    Examples:
        >>> faint("#0072B2")
        'rgba(0,114,178,0.18)'
    """
    red, green, blue = (int(colour[index : index + 2], 16) for index in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


MATPLOTLIB: dict[Any, Any] = {
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 11,
    "figure.titlesize": 11,
    "font.size": 10,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "lines.linewidth": 1.4,
    "pdf.fonttype": 42,  # letters stay letters, which journals ask for
    "svg.fonttype": "none",
    "svg.hashsalt": "bitline",
}
"""Settings of Matplotlib that all figures share."""


def in_house_style(draw: Drawing) -> Drawing:
    """A function that draws a figure, with the settings that all figures share.

    Examples:
        >>> from matplotlib.figure import Figure
        >>> @in_house_style
        ... def empty() -> Figure:
        ...     figure = Figure(figsize=(1, 1))
        ...     figure.subplots()
        ...     return figure
        >>> empty().axes[0].spines["top"].get_visible()
        False
    """

    @wraps(draw)
    def drawn(*arguments: Any, **named: Any) -> Any:
        from matplotlib import rc_context

        with rc_context(MATPLOTLIB):
            return draw(*arguments, **named)

    return drawn  # type: ignore[return-value]


def save(figure: Figure, path: Path) -> None:
    """Write a figure of Matplotlib in the format of the file's suffix.

    Args:
        figure: what to write.
        path: file such as figure.pdf, figure.svg or figure.png; an existing one is replaced in one step.

    Examples:
        >>> from matplotlib.figure import Figure
        >>> save(Figure(figsize=(1, 1)), Path("empty.svg"))
        >>> "<svg" in Path("empty.svg").read_text()
        True
    """
    from matplotlib.axis import Tick
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    FigureCanvasAgg(figure)
    of_ticks = {id(text) for tick in figure.findobj(Tick) for text in (tick.label1, tick.label2)}
    for text in figure.findobj(Text):
        if id(text) not in of_ticks:
            text.set_parse_math(False)  # names may hold dollar signs
    from matplotlib import rc_context

    with replacing(path) as file, rc_context(MATPLOTLIB):
        figure.savefig(file, dpi=140, format=path.suffix.removeprefix("."))
