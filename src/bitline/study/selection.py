"""Which designs of a study somebody wants to see, and in which order."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bitline.config.arguments import check_fields, checked
from bitline.config.messages import nearest
from bitline.errors import StudyError
from bitline.measures import Measure
from bitline.numerics.labels import COSTS, LARGE
from bitline.study.conditions import check_column, read_conditions
from bitline.study.pareto import front
from bitline.study.results import DesignResult, StudyResult
from bitline.study.table import records
from bitline.study.words import is_known, is_number


@dataclass(frozen=True)
class Selection:
    """What is asked of the table of a study. Conditions come first, then the front, then the order.

    Attributes:
        where: conditions as text, all of which must hold; see `read_conditions`.
        pareto: two or more of accuracy and the costs: only designs that no other one beats in all of them.
        sort: column to sort by, the best first: large accuracies, throughputs and efficiencies, else small values.
            With '-' before it, the worst first. Designs whose value is not known come last.

    Raises:
        StudyError: one of them is of another type.

    Examples:
        >>> from bitline.study import Study
        >>> designs = tuple(
        ...     DesignResult(str(bits), f"{bits} bits", {"adc.bits": bits}, {}, chip_values=(share,))
        ...     for bits, share in ((4, 0.55), (6, 0.90), (8, 0.91))
        ... )
        >>> study = StudyResult(Study(), {}, (), designs, float_value=0.92)
        >>> chosen = Selection(where=("adc.bits >= 6",), sort="adc.bits").of(study)
        >>> [design.name for design in chosen]
        ['6 bits', '8 bits']
        >>> Selection(sort="adc.bit").of(study)
        Traceback (most recent call last):
        bitline.errors.StudyError: there is no column 'adc.bit': did you mean 'adc.bits'?
    """

    where: Sequence[str] = ()
    pareto: Sequence[str] = ()
    sort: str = ""

    def __post_init__(self) -> None:
        check_fields(self, StudyError)

    @checked(StudyError)
    def of(self, result: StudyResult) -> tuple[DesignResult, ...]:
        """The designs that are asked for, in order.

        Raises:
            StudyError: a column or a condition is not one.
        """
        if not result.designs or not (self.where or self.pareto or self.sort):
            return result.designs
        rows = records(result)
        measure = result.measure
        shares = [name for name, label in COSTS.items() if label.unit == "fraction"]
        shares += [*_measured(measure), f"float_{measure.key}", "std", "half_width_95"] if measure.is_share else []
        conditions = [found for text in self.where for found in read_conditions(text, rows, shares)]
        kept = [at for at, row in enumerate(rows) if all(condition.holds(row) for condition in conditions)]
        if self.pareto:
            kept = self._front(kept, rows, result.measure)
        if self.sort:
            kept = self._sorted(kept, rows, result.measure)
        return tuple(result.designs[at] for at in kept)

    def _front(self, kept: list[int], rows: list[dict[str, Any]], measure: Measure) -> list[int]:
        names = (*_measured(measure), *COSTS)
        for name in self.pareto:
            if name not in names:
                raise StudyError(f"a front cannot be of {name!r}{nearest(name, names)}")
        if len(set(self.pareto)) < 2:
            raise StudyError(f"a front is of two or more columns: write for example {measure.key},energy_uJ")
        best = front([[_small(name, rows[at], measure) for name in self.pareto] for at in kept])
        return [at for at, is_best in zip(kept, best, strict=True) if is_best]

    def _sorted(self, kept: list[int], rows: list[dict[str, Any]], measure: Measure) -> list[int]:
        name = self.sort.removeprefix("-")
        check_column(name, rows, "there is no column")
        sign = -1 if self.sort.startswith("-") else 1
        numbers = [at for at in kept if is_number(rows[at][name])]
        words = [at for at in kept if not is_number(rows[at][name]) and is_known(rows[at][name])]
        numbers.sort(key=lambda at: sign * _small(name, rows[at], measure))
        order = list(dict.fromkeys(str(row[name]) for row in rows))  # that of the study
        words.sort(key=lambda at: sign * order.index(str(rows[at][name])))
        known = {*numbers, *words}
        return [*numbers, *words, *(at for at in kept if at not in known)]


def _measured(measure: Measure) -> tuple[str, ...]:
    """Columns with values of the measure."""
    return (measure.key, f"screened_{measure.key}", f"reference_{measure.key}")


def _small(name: str, row: Mapping[str, Any], measure: Measure) -> float:
    """A value turned so that it is to be small; NaN where it is not known."""
    value = row[name]
    if not is_number(value):
        return math.nan
    if name in _measured(measure):
        return measure.rank(float(value))
    return -float(value) if name in LARGE else float(value)
