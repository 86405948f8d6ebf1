"""The designs of a study as a table in which they can be told apart, the best first."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bitline.cli.output import Output, terminal_width
from bitline.cli.table import Cell, Column, Table, name, prose
from bitline.numerics.text import exact, percent

if TYPE_CHECKING:
    from bitline.study import DesignResult, StudyResult

SHOWN = 40
"""Designs in a printed table."""

NUMBERS = (
    Column("accuracy", "accuracy", "%", percent),
    Column("std", "±", "%", percent),
    Column("chips", "chips"),
    Column("energy_uJ", "energy", "µJ"),
    Column("area_mm2", "area", "mm²"),
    Column("latency_us", "latency", "µs"),
)
"""What every design is shown with."""


def study_parts(result: StudyResult, top: int = SHOWN) -> list[Table | str]:
    """The best designs of a study, and what is to be said of it.

    Args:
        result: of the study.
        top: how many designs are shown at most; JSON and CSV have all.
    """
    designs = sorted(result.designs, key=_order)
    parts: list[Table | str] = [_table(designs, result, top)]
    if len(designs) > top:
        parts.append(f"and {len(designs) - top:,} more: --top N shows N, --csv and --json have all")
    if any(not design.accuracies and design.screened is not None for design in designs[:top]):
        parts.append("~ screened on few images with one chip, not measured in full")
    reference = {design.reference for design in designs if design.reference is not None}
    if result.float_accuracy is not None:
        quantised = f"; quantised reference {_span(reference)} %" if reference else ""
        parts.append(f"floating point {percent(result.float_accuracy)} %{quantised}")
    return parts


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


def _order(design: DesignResult) -> tuple[bool, float]:
    """Finished designs before screened ones before others, the most accurate first."""
    if design.accuracies:
        return (False, -design.mean)
    return (True, math.inf if design.screened is None else -design.screened)


def _table(designs: Sequence[DesignResult], result: StudyResult, top: int) -> Table:
    """One column for each setting that differs, or a single one that says what differs, where that fits better."""
    records = [dict(row) for row in replace(result, designs=tuple(designs)).to_frame().to_dict("records")]
    shown = [(design, _numbers(design)) for design in designs[:top]]
    settings = result.settings
    columns = tuple(_setting(setting, designs) for setting in settings) or (name("design"),)
    rows = [
        [*([design.settings.get(setting) for setting in settings] or [design.name]), *numbers]
        for design, numbers in shown
    ]
    apart = Table("designs", (*columns, *NUMBERS), rows, records=records)
    width = terminal_width(sys.stdout)
    if width is None or len(settings) < 2 or apart.width() <= width:
        return apart
    short = _short(settings)
    rows = [[_differences(design, short), *numbers] for design, numbers in shown]
    return Table("designs", (prose("what differs"), *NUMBERS), rows, records=records)


def _setting(setting: str, designs: Sequence[DesignResult]) -> Column:
    """A column of a setting, at the right where all its values are numbers."""
    values = [design.settings.get(setting) for design in designs]
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)
    return Column(setting, setting, show=_text, kind="number" if numbers else "name")


def _differences(design: DesignResult, short: Mapping[str, str]) -> str:
    """The settings of a design in one line: 'bits 8 · rows 288 · offset'."""
    words = []
    for setting, called in short.items():
        value = design.settings.get(setting)
        if value is not None:
            speaks = isinstance(value, str) and not value[:1].isdigit()
            words.append(_text(value) if speaks else f"{called.replace('_', ' ')} {_text(value)}")
    return " · ".join(words)


def _short(settings: Sequence[str]) -> dict[str, str]:
    """The last words of dotted names that tell them apart."""
    last = [setting.rpartition(".")[2] for setting in settings]
    return {setting: word if last.count(word) == 1 else setting for setting, word in zip(settings, last, strict=True)}


def _numbers(design: DesignResult) -> list[Any]:
    cost = design.cost or {}
    accuracy: Any = design.mean
    if not design.accuracies and design.screened is not None:
        accuracy = Cell(design.screened, f"~{percent(design.screened)}")
    costs = [cost.get(column.key) for column in NUMBERS[3:]]
    return [accuracy, design.std, len(design.accuracies), *costs]


def _text(value: Any) -> str:
    return exact(value) if isinstance(value, float) else "" if value is None else str(value)


def _span(values: set[float]) -> str:
    low, high = percent(min(values)), percent(max(values))
    return low if low == high else f"{low} to {high}"
