"""Which designs of a study the report shows one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bitline.numerics.labels import COMPARED
from bitline.report.figures.study_series import measured, pareto
from bitline.study.pareto import evenly
from bitline.study.results import DesignResult, StudyResult

MANY = 500
"""Designs that the report shows one by one; of more, it shows these and sums up all of them."""


def shown_designs(result: StudyResult, most: int = MANY) -> StudyResult:
    """The part of a study that the report shows one by one, in the order of the study: all designs if they are few.

    Otherwise the designs that no other one beats in accuracy and a cost, the most accurate ones, and an even choice of
    the others.

    Args:
        result: of the study.
        most: designs that are shown.

    Examples:
        >>> from bitline.study import Study
        >>> designs = tuple(
        ...     DesignResult(f"d{number}", "", {"adc.bits": number}, {}, chip_values=(number / 2000,), finished=True)
        ...     for number in range(2000)
        ... )
        >>> result = StudyResult(Study(), facts={}, sessions=(), designs=designs, float_value=None)
        >>> shown = shown_designs(result)
        >>> len(shown.designs), shown.designs[-1].key
        (500, 'd1999')
    """
    if len(result.designs) <= most:
        return result
    best = sorted(measured(result), key=lambda design: design.rank)[: most // 4]
    chosen: dict[str, None] = {}
    for group in (*_fronts(result, most // 4), best):
        chosen |= dict.fromkeys(design.key for design in group)
    others = [design for design in result.designs if design.key not in chosen]
    chosen |= dict.fromkeys(design.key for design in evenly(others, most - len(chosen)))
    return replace(result, designs=tuple(design for design in result.designs if design.key in chosen))


def _fronts(result: StudyResult, most: int) -> Iterable[Sequence[DesignResult]]:
    """For each cost the designs of its front, at most so many."""
    for cost in COMPARED:
        designs, best = pareto(result, cost)
        front = [design for design, on_front in zip(designs, best, strict=True) if on_front]
        yield evenly(sorted(front, key=lambda design: design.mean), most)
