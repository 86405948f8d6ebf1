"""The designs of a study as a table in which they can be told apart, the best first."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bitline.cli.output import Output, terminal_width
from bitline.cli.table import Cell, Column, Table, cost_column, prose
from bitline.cli.table import name as named
from bitline.numerics.labels import COMPARED
from bitline.numerics.text import exact, percent, setting_text

if TYPE_CHECKING:
    from bitline.measures import Measure
    from bitline.study import DesignResult, StudyResult

SHOWN = 40
"""Designs in a printed table."""

NUMBERS = (Column("chips", "chips"), *map(cost_column, COMPARED))
"""What every design is shown with, besides what was measured."""


def _columns(measure: Measure) -> tuple[Column, ...]:
    spread = percent if measure.is_share else measure.text_of_spread
    return (
        Column(measure.key, measure.name, measure.unit, measure.text),
        Column("std", "std", measure.unit, spread),
        *NUMBERS,
    )


@dataclass(frozen=True)
class Shown:
    """What of a study is shown.

    Attributes:
        designs: in order.
        top: how many of them the table has at most.
        columns: columns besides the usual ones.
    """

    designs: Sequence[DesignResult]
    top: int = SHOWN
    columns: tuple[str, ...] = ()

    @property
    def rows(self) -> Sequence[DesignResult]:
        """The designs of the table."""
        return self.designs[: self.top]


def study_parts(result: StudyResult) -> list[Table | str]:
    """The best designs of a study, and what is to be said of it."""
    return shown_parts(result, Shown(best_first(result.designs)))


def shown_parts(result: StudyResult, shown: Shown) -> list[Table | str]:
    """Some designs of a study, and what is to be said of them.

    Args:
        result: of the study.
        shown: which of its designs; JSON and CSV have all of them.
    """
    parts: list[Table | str] = [_table(result, shown)]
    more = len(shown.designs) - shown.top
    if more > 0:
        parts.append(f"and {more:,} more: --top N shows N, --csv and --json have all")
    if any(not design.chip_values and design.screened is not None for design in shown.rows):
        parts.append("~ screened on few images with one chip, not measured in full")
    reference = {design.reference_value for design in shown.designs if design.reference_value is not None}
    if result.float_value is not None:
        quantised = f"; quantised reference {_span(reference, result.measure)}" if reference else ""
        parts.append(f"floating point {result.measure.shown(result.float_value)}{quantised}")
    return parts


def best_first(designs: Sequence[DesignResult]) -> list[DesignResult]:
    """Finished designs before screened ones before others, the most accurate first."""
    return sorted(
        designs, key=lambda design: (not design.chip_values, design.rank, design.measure.rank(design.screened))
    )


def study_notes(result: StudyResult, output: Output) -> None:
    """Say what is to be known of the results."""
    output.notes(result.notes)


def write_report(result: StudyResult, path: Path | None, output: Output) -> None:
    """Write the report where one is wanted."""
    if path is not None:
        from bitline.report.study_page import write_study

        write_study(path, result)
        output.wrote(path)


def duration(seconds: float) -> str:
    """A time that something took, in few words."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _table(result: StudyResult, shown: Shown) -> Table:
    """One column for each setting that differs, or a single one that says what differs, where that fits better."""
    from bitline.study.table import records as rows_of
    from bitline.study.words import short_names

    records = partial(rows_of, replace(result, designs=tuple(shown.designs)))
    settings, usual = result.settings, _columns(result.measure)
    extra = tuple(name for name in shown.columns if name not in {*settings, *(column.key for column in usual)})
    known = rows_of(replace(result, designs=tuple(shown.rows))) if extra else [{}] * len(shown.rows)
    more = tuple(_column(name, [record.get(name) for record in known]) for name in extra)
    numbers = [
        [*_numbers(design), *(record.get(name) for name in extra)]
        for design, record in zip(shown.rows, known, strict=True)
    ]
    columns = tuple(_column(name, [design.settings.get(name) for design in shown.designs]) for name in settings)
    names = [[design.settings.get(name) for name in settings] or [design.name] for design in shown.rows]
    rows = [[*words, *values] for words, values in zip(names, numbers, strict=True)]
    apart = Table("designs", (*(columns or (named("design"),)), *usual, *more), rows, records=records)
    width = terminal_width(sys.stdout)
    if width is None or len(settings) < 2 or apart.width() <= width:
        return apart
    short = short_names(settings)
    rows = [[_differences(design, short), *values] for design, values in zip(shown.rows, numbers, strict=True)]
    return Table("designs", (prose("what differs"), *usual, *more), rows, records=records)


def _column(name: str, values: Sequence[Any]) -> Column:
    """A column of the table, at the right where all its values are numbers."""
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)
    return Column(name, name, show=_text, kind="number" if numbers else "name")


def _differences(design: DesignResult, short: Mapping[str, str]) -> str:
    """The settings of a design in one line: 'bits 8 · rows 288 · offset'."""
    words = []
    for setting, called in short.items():
        value = design.settings.get(setting)
        if value is not None:
            speaks = isinstance(value, str) and not value[:1].isdigit()
            words.append(_text(value) if speaks else f"{called.replace('_', ' ')} {_text(value)}")
    return " · ".join(words)


def _numbers(design: DesignResult) -> list[Any]:
    cost = design.cost or {}
    accuracy: Any = design.mean
    if not design.chip_values and design.screened is not None:
        accuracy = Cell(design.screened, f"~{design.measure.text(design.screened)}")
    costs = [cost.get(column.key) for column in NUMBERS[1:]]
    return [accuracy, design.std, len(design.chip_values), *costs]


def _text(value: Any) -> str:
    if isinstance(value, float):
        if math.isnan(value):  # not known, as of a library without areas
            return ""
        return min(exact(value), setting_text(value), key=len)
    return "" if value is None else setting_text(value)


def _span(values: set[float], measure: Measure) -> str:
    low, high = measure.text(min(values)), measure.text(max(values))
    span = low if low == high else f"{low} to {high}"
    return f"{span} {measure.unit}".rstrip()
