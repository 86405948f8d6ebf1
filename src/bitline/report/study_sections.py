"""Which figures the report of a study has."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import plotly.graph_objects as go

from bitline.measures import ACCURACY
from bitline.report.figures.study_accuracy import accuracy_chart, chips_chart, map_chart, pareto_chart, spread_chart
from bitline.report.figures.study_parts import cost_chart, layers_chart, ranges_chart
from bitline.report.figures.study_series import COST_AXES, measured, pareto
from bitline.report.shown_designs import shown_designs
from bitline.study.results import StudyResult

LARGEST_MAPS = 6
"""Maps of two settings in a report."""
LARGEST_MAP = 2_500
"""Cells of a map; two settings of more combinations have none."""


@dataclass(frozen=True)
class Section:
    """Figures that belong together.

    Attributes:
        name: what it is called in the page's links and identifiers.
        title: what is above it.
        figures: one or more figures.
        note: what is below it; may be empty.
    """

    name: str
    title: str
    figures: tuple[go.Figure, ...]
    note: str


def sections_of(result: StudyResult) -> list[Section]:
    """The sections for which the study has results, which need not be finished.

    Examples:
        >>> from bitline.study import DesignResult, Study
        >>> designs = tuple(
        ...     DesignResult(key, "", {"adc.bits": bits}, {}, accuracies=(share,), cost={"energy_uJ": energy})
        ...     for key, bits, share, energy in (("a", 5, 0.82, 1.5), ("b", 8, 0.91, 2.5))
        ... )
        >>> study = Study(axes=[{"setting": "adc.bits", "values": [5, 8]}])
        >>> result = StudyResult(study, facts={}, sessions=(), designs=designs, float_accuracy=0.92)
        >>> [section.name for section in sections_of(result)]
        ['accuracy', 'pareto']
    """
    shown = shown_designs(result)
    found = (
        _accuracy(result, shown), _maps(result), _fronts(result, shown), _layers(shown), _ranges(shown), _costs(shown)
    )  # fmt: skip
    return [section for section in found if section.figures]


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
        figures = [accuracy_chart(result, name) for name in result.settings] or [chips_chart(result)]
    note = "Bands and bars are 95 % confidence intervals of the mean over chips."
    return Section("accuracy", result.measure.title, tuple(figures), note)


def _plural(result: StudyResult) -> str:
    return "accuracies" if result.measure == ACCURACY else f"values of {result.measure.name}"


def _maps(result: StudyResult) -> Section:
    note = f"Mean {result.measure.name}; where other settings vary too, that of the best design."
    figures = tuple(map_chart(result, across, down) for across, down in itertools.islice(_pairs(result), LARGEST_MAPS))
    return Section("maps", "Two settings at a time", figures, note)


def _pairs(result: StudyResult) -> Iterator[tuple[str, str]]:
    """Pairs of settings of which the first differs between designs that are measured."""
    designs = measured(result)
    counts = {name: len({repr(design.settings.get(name)) for design in designs}) for name in result.settings}
    for across, down in itertools.combinations(result.settings, 2):
        if counts[across] > 1 and counts[across] * counts[down] <= LARGEST_MAP:
            yield across, down


def _fronts(result: StudyResult, shown: StudyResult) -> Section:
    note = "No design beats those on the front in both. Click a point for its design."
    if shown is not result:
        note += f" Of {len(result.designs):,} designs, those in the table below are drawn."
    figures = tuple(pareto_chart(shown, cost) for cost in COST_AXES if pareto(shown, cost)[0])
    return Section("pareto", f"{result.measure.title} against cost", figures, note)


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
