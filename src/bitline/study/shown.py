"""Results of a study as a person reads them: lines of text of at most 80 columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bitline.evaluation.chip_spread import ChipSpread
from bitline.numerics.labels import COMPARED, COSTS
from bitline.numerics.notebook import table_html
from bitline.numerics.summary import counted, cut, summary
from bitline.numerics.text import number
from bitline.study.point import in_line
from bitline.study.words import short_names

if TYPE_CHECKING:
    from bitline.study.results import DesignResult, StudyResult


def text_of_study(result: StudyResult) -> str:
    """The most accurate designs of a study, a line each."""
    return summary(*_parts_of_study(result))


def html_of_study(result: StudyResult) -> str:
    """The most accurate designs of a study, as a notebook shows them."""
    return table_html(*_parts_of_study(result))


def _parts_of_study(result: StudyResult) -> tuple[str, list[tuple[str, ...]], list[str]]:
    """A title, the rows of a table, and what is said below it."""
    measure = result.measure
    finished = sum(design.finished for design in result.designs)
    title = f"{cut(result.study.name, 40)}: {counted(len(result.designs), 'design')}, {finished:,} finished"
    best = sorted(result.designs, key=lambda design: design.rank)
    names = short_names(result.settings)
    rows = [_row(design, names) for design in best]
    last = [f"floating point {measure.shown(result.float_value)}"] if result.float_value is not None else []
    last += [f"failed: {failure}" for failure in result.failures[:1]]
    if len(result.failures) > 1:
        last.append(f"{counted(len(result.failures), 'failure')} in all: see .failures")
    costs = (f"{COSTS[name].word} {COSTS[name].unit}" for name in COMPARED)
    head = ("design", f"{measure.name} {measure.unit}".strip(), "chips", *costs)
    return title, [head, *rows], last


def name_of_design(design: DesignResult) -> str:
    """A design among other objects."""
    name = cut(in_line(design.settings) or design.name, 40)
    accuracy = f"{_value(design)} {design.measure.unit}".strip() if design.chip_values else "not measured"
    return f"DesignResult({name!r}, {accuracy}, {counted(len(design.chip_values), 'chip')})"


def _row(design: DesignResult, names: Mapping[str, str]) -> tuple[str, ...]:
    """A line of the table, with the settings that differ between designs, as they are called in `names`."""
    settings = {called: design.settings[setting] for setting, called in names.items() if setting in design.settings}
    name = in_line(settings) or design.name
    costs = (number(design.costs.get(cost), 3) for cost in COMPARED)
    spread = ChipSpread(design.measure, design.chip_values)
    remark = f" ({spread.no_interval})" if spread.says_nothing and len(design.chip_values) > 1 else ""
    return name, _value(design) + remark, f"{len(design.chip_values)}", *costs


def _value(design: DesignResult) -> str:
    """The mean over chips, with its confidence interval where it is known; nothing where none is finished."""
    return ChipSpread(design.measure, design.chip_values).in_short if design.chip_values else ""
