"""The table of designs: settings, what was measured, and costs, column by column."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from bitline.numerics.labels import COSTS
from bitline.study.words import in_words

if TYPE_CHECKING:
    from bitline.study.results import StudyResult


def columns(result: StudyResult) -> dict[str, list[Any]]:
    """The columns of `StudyResult.to_frame`, each with a value for each design; NaN where there is none.

    Args:
        result: of a study.

    Examples:
        >>> from bitline.study import DesignResult, Study, StudyResult
        >>> design = DesignResult("a", "fine", {"adc.bits": 8}, {}, chip_values=(0.91,))
        >>> found = columns(StudyResult(Study(), {}, (), (design,), float_value=0.92))
        >>> list(found)[:3], found["adc.bits"], found["accuracy"], found["energy_uJ"]
        (['design', 'adc.bits', 'accuracy'], [8], [0.91], [nan])
    """
    designs, key = result.designs, result.measure.key
    if not designs:
        return {}
    settings = dict.fromkeys(name for design in designs for name in design.settings)
    values = {
        name: [_plain(design.value(name)) if name in design.settings else math.nan for design in designs]
        for name in settings
    }
    costs = [design.costs for design in designs]
    first = {name: values.pop(name) for name in designs[0].settings}
    return {
        "design": [design.name for design in designs],
        **first,
        key: [design.mean for design in designs],
        f"screened_{key}": [_known(design.screened) for design in designs],
        "std": [design.std for design in designs],
        "half_width_95": [design.half_width for design in designs],
        "chips": [len(design.chip_values) for design in designs],
        "images": [design.images for design in designs],
        f"reference_{key}": [_known(design.reference_value) for design in designs],
        f"float_{key}": [_known(result.float_value)] * len(designs),
        **{name: [cost.get(name, math.nan) for cost in costs] for name in COSTS},
        "seconds": [design.seconds for design in designs],
        "finished": [design.finished for design in designs],
        "error": [design.error for design in designs],
        "key": [design.key for design in designs],
        **values,
    }


def records(result: StudyResult) -> list[dict[str, Any]]:
    """The table row by row.

    Args:
        result: of a study.

    Examples:
        >>> from bitline.study import DesignResult, Study, StudyResult
        >>> designs = (DesignResult("a", "fine", {"adc.bits": 8}, {}), DesignResult("b", "coarse", {"adc.bits": 4}, {}))
        >>> [row["adc.bits"] for row in records(StudyResult(Study(), {}, (), designs, float_value=0.92))]
        [8, 4]
    """
    found = columns(result)
    return [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)]


def _known(value: float | None) -> float:
    return math.nan if value is None else value


def _plain(value: Any) -> Any:
    """A value of a setting in a field of a table: tables of settings in words."""
    return in_words(value) if isinstance(value, dict) else value
