"""Which figures the report of a study has."""

from __future__ import annotations

import html
import itertools
import math
from collections.abc import Iterator

import plotly.graph_objects as go

from bitline.errors import BitlineError
from bitline.evaluation.chip_spread import ChipSpread
from bitline.measures import ACCURACY
from bitline.numerics.labels import COMPARED, label_of_cost
from bitline.numerics.text import number, setting_text
from bitline.report.figures.setting_axis import SettingAxis
from bitline.report.figures.study_accuracy import accuracy_chart, chips_chart, map_chart, pareto_chart, spread_chart
from bitline.report.figures.study_parts import cost_chart, layers_chart, ranges_chart
from bitline.report.figures.study_search import importance_chart, parallel_chart
from bitline.report.figures.study_series import lines, measured, pareto
from bitline.report.labels import label_of_setting
from bitline.report.page import Section, table
from bitline.report.shown_designs import shown_designs
from bitline.study.axes import crossed
from bitline.study.results import StudyResult

FILLED = 0.6
"""Share of the combinations of settings that have to be measured for what compares all of them."""
LARGEST_FRONT = 20
"""Designs in the table of the front."""
LARGEST_MAPS = 6
"""Maps of two settings in a report."""
LARGEST_MAP = 2_500
"""Cells of a map; two settings of more combinations have none."""


def sections_of(result: StudyResult) -> list[Section]:
    """The sections for which the study has results, which need not be finished.

    Examples:
        >>> from bitline.study import DesignResult, Study
        >>> designs = tuple(
        ...     DesignResult(key, "", {"adc.bits": bits}, {}, chip_values=(share,), cost={"energy_uJ": energy})
        ...     for key, bits, share, energy in (("a", 5, 0.82, 1.5), ("b", 8, 0.91, 2.5))
        ... )
        >>> study = Study(axes=[{"setting": "adc.bits", "values": [5, 8]}])
        >>> result = StudyResult(study, facts={}, sessions=(), designs=designs, float_value=0.92)
        >>> [section.name for section in sections_of(result)]
        ['accuracy', 'pareto']
    """
    shown = shown_designs(result)
    accuracy, front = _accuracy(result, shown), _fronts(result, shown)
    first = (accuracy, front, _settings(shown)) if is_grid(result) else (front, _settings(shown), accuracy)
    found = (*first, _maps(result), _layers(shown), _ranges(shown), _costs(shown))
    return [section for section in found if section.figures]


def is_grid(result: StudyResult) -> bool:
    """Whether most combinations of the settings are measured: a sweep, not a search.

    Examples:
        >>> from bitline.study import DesignResult, Study
        >>> study = Study(axes=[{"setting": "adc.bits", "values": [6, 7, 8]}])
        >>> designs = tuple(
        ...     DesignResult(f"{bits}", "", {"adc.bits": bits}, {}, chip_values=(0.9,)) for bits in (6, 7, 8)
        ... )
        >>> is_grid(StudyResult(study, {}, (), designs, 0.92)), is_grid(StudyResult(study, {}, (), designs[:1], 0.92))
        (True, False)
    """
    most = int(len(measured(result)) / FILLED)
    return _combinations(result, most + 1) <= most


def _combinations(result: StudyResult, enough: int) -> int:
    """Combinations of the settings of a study, with the conditions of its axes; they are counted up to a number."""
    axes = result.study.axes
    if not any(axis.when for axis in axes):
        steps = [len(axis.steps()) for axis in axes] or [len(result.levels(name)) for name in result.settings]
        return math.prod(steps)
    try:
        known = result.study.known()
    except BitlineError:  # the base design is not there any more
        known = {}
    return sum(1 for _ in itertools.islice(crossed(axes, known), enough))


def _settings(shown: StudyResult) -> Section:
    """Which settings matter, and which values of them the best designs have."""
    figures = (importance_chart(shown), parallel_chart(shown, "energy_uJ"))
    note = (
        "A setting that explains much decides; one that explains nothing can be chosen freely, if it does not act "
        "together with others."
    )
    if any(name not in design.settings for name in shown.settings for design in shown.designs):
        note += " A setting that only some designs have is judged among those."
    note += " Lines are designs: click one."
    return Section("settings", "Which settings matter", tuple(figure for figure in figures if figure is not None), note)


def _accuracy(result: StudyResult, shown: StudyResult) -> Section:
    figures: list[go.Figure] = []
    if shown is not result:
        figures = [spread_chart(result, name) for name in result.settings] if measured(result) else []
        note = (
            f"All {len(result.designs):,} designs: for each value of a setting, how the "
            f"{_plural(result)} of the designs "
            "with it spread, whatever their other settings are."
        )
        return Section("accuracy", result.measure.title, tuple(figures), note)
    if measured(result):
        telling = [name for name in result.settings if _says_something(result, name)]
        figures = [accuracy_chart(result, name) for name in telling]
        figures = figures or ([] if result.settings else [chips_chart(result)])
    note = "Bands or bars are 95 % confidence intervals of the mean over chips."
    few = next((design for design in measured(result) if ChipSpread(result.measure, design.chip_values).is_few), None)
    if few is not None:
        note += f" With {len(few.chip_values)} chips they are wide: more chips say more."
    return Section("accuracy", result.measure.title, tuple(figures), note)


def _says_something(result: StudyResult, name: str) -> bool:
    """Whether a line leads through designs that differ in this setting alone; in a search through three or more."""
    fewest = 2 if is_grid(result) else 3
    return any(len(line.designs) >= fewest for line in lines(result, SettingAxis.of(result, name)))


def _plural(result: StudyResult) -> str:
    return "accuracies" if result.measure == ACCURACY else f"values of {result.measure.name}"


def _maps(result: StudyResult) -> Section:
    note = f"Mean {result.measure.name}; where other settings vary too, that of the best design."
    figures = tuple(map_chart(result, across, down) for across, down in itertools.islice(_pairs(result), LARGEST_MAPS))
    return Section("maps", "Two settings at a time", figures, note)


def _pairs(result: StudyResult) -> Iterator[tuple[str, str]]:
    """Pairs of settings of which most combinations are measured, among the designs that have both."""
    designs = measured(result)
    for across, down in itertools.combinations(result.settings, 2):
        having = [design.settings for design in designs if across in design.settings and down in design.settings]
        met = {(repr(settings[across]), repr(settings[down])) for settings in having}
        columns, rows = (len(set(values)) for values in (zip(*met, strict=True) if met else ((), ())))
        cells = columns * rows
        if min(columns, rows) > 1 and cells <= LARGEST_MAP and len(met) >= FILLED * cells:
            yield across, down


def _fronts(result: StudyResult, shown: StudyResult) -> Section:
    note = "No design beats those on the front in both. Click a point for its design."
    if shown is not result:
        note += (
            f" {len(shown.designs)} of {len(result.designs):,} designs are drawn: those that no other one beats, the "
            "best ones, and an even choice of the others. All are at the end of the page, to choose from."
        )
    figures = tuple(pareto_chart(shown, cost) for cost in COMPARED if pareto(shown, cost)[0])
    return Section("pareto", f"{result.measure.title} against cost", figures, note, front_table(shown))


def front_table(result: StudyResult) -> str:
    """The designs of the front of the measure against energy, with their settings and costs, as HTML."""
    designs, best = pareto(result, "energy_uJ")
    front = sorted(
        (design for design, on_front in zip(designs, best, strict=True) if on_front),
        key=lambda design: design.rank,
    )
    if not front or not result.settings:
        return ""
    costs = [name for name in COMPARED if all(name in design.costs for design in front)]
    of_costs = [label_of_cost(name, result.measure.sample).head for name in costs]
    heads = [*(label_of_setting(name).head for name in result.settings), result.measure.head,
             "95 % interval of the mean", *of_costs]  # fmt: skip
    rows = [
        [
            *(setting_text(design.settings.get(name, "")) for name in result.settings),
            result.measure.text(design.mean),
            (spread := ChipSpread(result.measure, design.chip_values)).in_interval or spread.no_interval,
            *(number(design.costs[name], 3) for name in costs),
        ]
        for design in front[:LARGEST_FRONT]
    ]
    title = f"<h3>The front: nothing is better in both {html.escape(result.measure.name)} and energy</h3>"
    return title + table(heads, rows, words=len(result.settings))


def _layers(result: StudyResult) -> Section:
    note = "Own error: what a layer adds to the inputs it gets; against the quantised reference."
    known = any(design.layers for design in measured(result))
    return Section("layers", "Signal-to-error ratio of every layer", (layers_chart(result),) if known else (), note)


def _ranges(result: StudyResult) -> Section:
    note = "Share of what an array could put out at most that its ADCs span (their calibrated range)."
    known = any(design.costs.get("adc_ranges") for design in result.designs)
    return Section("ranges", "ADC ranges", (ranges_chart(result),) if known else (), note)


def _costs(result: StudyResult) -> Section:
    known = any(design.costs.get("energies_pJ") for design in result.designs)
    figures = (cost_chart(result, "energy"), cost_chart(result, "area")) if known else ()
    return Section("cost", "Where energy and area go", figures, "")
