"""Results on Matplotlib axes: your own, or new ones that a notebook shows.

    from bitline import plot

    plot.chips(evaluate(network, "sonos-a", test))
    plot.accuracy(read_results("study.sqlite"), "adc.bits")

Every function draws on `axes`, or on new ones where none are given, and returns them: titles, limits and colours are
yours to change, and `axes.figure.savefig` writes a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bitline.cost import NetworkCost
from bitline.errors import BitlineError, StudyError
from bitline.evaluation.chip_spread import ChipSpread
from bitline.evaluation.result import Evaluation
from bitline.numerics.labels import COMPARED, label_of_cost
from bitline.numerics.text import type_in_words
from bitline.report.figures.cost import CostPart, parts_of
from bitline.report.figures.run import compared
from bitline.report.figures.study_print import SIZE, draw_accuracy, draw_pareto
from bitline.report.figures.study_series import measured
from bitline.report.figures.study_series import pareto as costed
from bitline.report.style import BLUE, ORANGE
from bitline.study.results import StudyResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["accuracy", "chips", "energy", "layers", "pareto"]


OF_STUDY = "the results of a study, as read_results(store) gives them"
OF_EVALUATION = "what bitline.evaluate returns"


def accuracy(result: StudyResult, setting: str, axes: Axes | None = None) -> Axes:
    """Accuracy, or what else a study measured, against a setting, with 95 % confidence bands.

    Args:
        result: of a study, as `bitline.study.read_results` gives it.
        setting: one that differs between designs, by its dotted name.
        axes: to draw on; new ones where it is None.

    Raises:
        StudyError: nothing is measured yet, or all designs have the same value of the setting.

    Examples:
        >>> from bitline.study import DesignResult, Study
        >>> designs = tuple(
        ...     DesignResult(key, "", {"adc.bits": bits}, {}, chip_values=(share,))
        ...     for key, bits, share in (("a", 5, 0.82), ("b", 8, 0.91))
        ... )
        >>> result = StudyResult(Study(), facts={}, sessions=(), designs=designs, float_value=0.92)
        >>> accuracy(result, "adc.bits").get_xlabel()
        'ADC resolution (bits)'
        >>> accuracy(result, "adc.kind")
        Traceback (most recent call last):
        bitline.errors.StudyError: the designs of this study do not differ in 'adc.kind': use one of adc.bits
    """
    _needs(result, StudyResult, OF_STUDY)
    if setting not in result.settings:
        known = ", ".join(result.settings) or "no setting, as there is one design"
        raise StudyError(f"the designs of this study do not differ in {setting!r}: use one of {known}")
    if not measured(result):
        raise StudyError("the store holds no finished chip yet, and so nothing to draw")
    axes = axes or _new_axes()
    draw_accuracy(axes, result, setting)
    return axes


def pareto(result: StudyResult, cost: str = "energy_uJ", axes: Axes | None = None) -> Axes:
    """What a study measured against a cost, with the designs that no other one beats in both.

    Args:
        result: of a study, as `bitline.study.read_results` gives it.
        cost: 'energy_uJ', 'area_mm2' or 'latency_us'.
        axes: to draw on; new ones where it is None.

    Raises:
        StudyError: there is no such cost, or no design is measured and costed yet.

    Examples:
        >>> from bitline.study import DesignResult, Study
        >>> designs = tuple(
        ...     DesignResult(key, "", {"adc.bits": bits}, {}, chip_values=(share,), cost={"energy_uJ": energy})
        ...     for key, bits, share, energy in (("a", 5, 0.82, 1.5), ("b", 8, 0.91, 2.5))
        ... )
        >>> result = StudyResult(Study(), facts={}, sessions=(), designs=designs, float_value=0.92)
        >>> pareto(result).get_xlabel()
        'energy of an image (µJ)'
    """
    _needs(result, StudyResult, OF_STUDY)
    if cost not in COMPARED:
        raise StudyError(f"there is no cost {cost!r} to draw: use one of {', '.join(COMPARED)}")
    if not costed(result, cost)[0]:
        raise StudyError(f"no design of this study has both a finished chip and a cost {cost}: run the study first")
    axes = axes or _new_axes()
    draw_pareto(axes, result, cost)
    return axes


def chips(result: Evaluation, axes: Axes | None = None) -> Axes:
    """The measure of each chip, the interval of their mean, and the networks that they are compared with.

    Args:
        result: as `bitline.evaluate` gives it.
        axes: to draw on; new ones where it is None.

    Examples:
        >>> from bitline import Design
        >>> axes = chips(Evaluation(Design(), 100, 0, 0.92, 0.91, (0.9, 0.89), layers=()))
        >>> axes.get_ylabel(), axes.lines[0].get_ydata().tolist()
        ('accuracy (%)', [90.0, 89.0])
    """
    _needs(result, Evaluation, OF_EVALUATION)
    axes, measure = axes or _new_axes(), result.measure
    values = [measure.scale * value for value in result.chip_values]
    axes.plot(range(len(values)), values, "o", color=BLUE, label="analog, one chip")
    for (label, value, colour), dashes in zip(reversed(compared(result)), (":", "--", "-"), strict=True):
        axes.axhline(measure.scale * value, color=colour, linestyle=dashes, linewidth=1, label=label)
    low, high = (measure.scale * end for end in ChipSpread(measure, result.chip_values).interval)
    if low < high:
        axes.axhspan(low, high, color=BLUE, alpha=0.1, linewidth=0)
    axes.set_xticks(range(len(values)) if len(values) <= MOST_CHIPS else [])
    axes.set_xlabel("chip")
    axes.set_ylabel(measure.head)
    axes.legend(fontsize=7)
    return axes


def layers(result: Evaluation, axes: Axes | None = None) -> Axes:
    """Signal-to-error ratio of each layer against the quantised reference, alone and with the layers before it.

    Args:
        result: as `bitline.evaluate` gives it, with errors of layers.
        axes: to draw on; new ones where it is None.

    Raises:
        BitlineError: the evaluation compared no layers.

    Examples:
        >>> from bitline import Design
        >>> from bitline.evaluation.layer_errors import LayerError
        >>> errors = (LayerError("conv", 9, 4, 1, 35.0, 35.0), LayerError("fc", 4, 2, 1, 31.2, 24.6))
        >>> axes = layers(Evaluation(Design(), 100, 0, 0.92, 0.91, (0.9,), layers=errors))
        >>> [label.get_text() for label in axes.get_yticklabels()]
        ['conv', 'fc']
    """
    _needs(result, Evaluation, OF_EVALUATION)
    if not result.layers:
        raise BitlineError("the evaluation has no errors of layers: evaluate with compared_images above 0")
    axes = axes or _new_axes(height=0.22 * len(result.layers))
    places = range(len(result.layers))
    axes.plot([layer.own_db for layer in result.layers], places, "o", color=BLUE, label="own error")
    accumulated = [layer.accumulated_db for layer in result.layers]
    axes.plot(accumulated, places, "s", color=ORANGE, markersize=4, label="with the layers before")
    axes.set_yticks(places, [layer.name for layer in result.layers], parse_math=False)
    axes.invert_yaxis()
    axes.grid(alpha=0.3)
    axes.set_xlabel("signal-to-error ratio (dB)")
    axes.legend(fontsize=7)
    return axes


def energy(cost: NetworkCost, axes: Axes | None = None) -> Axes:
    """Energy of an inference by component, the largest first, and small ones together.

    Args:
        cost: as `bitline.cost.network_cost` or `Evaluation.cost` gives it.
        axes: to draw on; new ones where it is None.

    Examples:
        >>> from bitline.cost.result import LayerCost
        >>> layers = (LayerCost("fc", 640, 1, 1, 1, 0.5, 10, {"ADCs": 1e6, "rows": 2e6}, 1.0, 1.0),)
        >>> axes = energy(NetworkCost("none", "none", layers, {"ADCs": 9.0}, 1, 1, 1.0, 1.0))
        >>> [label.get_text() for label in axes.get_yticklabels()], axes.get_xlabel()
        (['rows', 'ADCs'], 'energy of an inference (µJ)')
    """

    _needs(cost, NetworkCost, "a cost, such as result.cost")
    size, unit = next((each for each in UNITS if cost.energy_uJ >= each[0]), UNITS[-1])

    def energy_of(part: CostPart) -> float:
        return sum(cost.energies_pJ.get(name, 0.0) for name in part.names) / 1e6 / size

    parts = sorted(parts_of(cost), key=lambda part: (len(part.names) > 1, -energy_of(part)))
    axes = axes or _new_axes(height=0.3 * len(parts))
    axes.barh(range(len(parts)), list(map(energy_of, parts)), color=[part.colour for part in parts])
    axes.set_yticks(range(len(parts)), [part.title for part in parts], parse_math=False)
    axes.invert_yaxis()
    axes.set_xlabel(label_of_cost("energy_uJ").head.replace("µJ", unit))
    return axes


UNITS = ((1e3, "mJ"), (1.0, "µJ"), (1e-3, "nJ"), (1e-6, "pJ"))
"""Units of energies, in µJ: the largest that an energy has one of is shown."""
MOST_CHIPS = 20
"""Chips that have a number each on their axis."""


def _needs(given: object, kind: type, wanted: str) -> None:
    """Refuse what a figure cannot be made of."""
    if not isinstance(given, kind):
        raise BitlineError(f"this figure is not one of {type_in_words(given)}: give {wanted}")


def _new_axes(height: float = 0.0) -> Axes:
    """Axes of a new figure, which a notebook shows at the end of its cell; at least as high as that of a study."""
    from matplotlib import pyplot

    _, axes = pyplot.subplots(figsize=(SIZE[0], max(SIZE[1], 1 + height)), layout="constrained")
    return axes
