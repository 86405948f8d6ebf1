"""The table of designs in the report of a study."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import tomlkit

from bitline.cost.labels import label_of_cost
from bitline.design import Design
from bitline.numerics.text import number
from bitline.report.figures.setting_axis import SettingAxis
from bitline.report.figures.study_series import finite, label_of
from bitline.report.labels import label_of_setting
from bitline.study.results import COSTS, DesignResult, StudyResult, is_number


class Cell(NamedTuple):
    """A cell of the table.

    Attributes:
        value: what filters and downloads use; None if unknown.
        text: what is shown.
        rank: where it comes when its column is sorted; None comes last.
    """

    value: float | str | None
    text: str
    rank: float | None


def columns_of(result: StudyResult) -> list[str]:
    """Names of the columns: settings (or the design's name), accuracy, costs that some design has.

    Examples:
        >>> from bitline.study import Study
        >>> designs = tuple(
        ...     DesignResult(key, "", {"adc.bits": bits}, {}, accuracies=(share,), cost={"energy_uJ": energy})
        ...     for key, bits, share, energy in (("a", 5, 0.82, 1.5), ("b", 8, 0.91, 2.5))
        ... )
        >>> study = Study(axes=[{"setting": "adc.bits", "values": [5, 8]}])
        >>> result = StudyResult(study, facts={}, sessions=(), designs=designs, float_accuracy=0.92)
        >>> columns_of(result)[:5]
        ['adc.bits', 'accuracy (%)', 'std (%)', 'chips', 'energy_uJ']
    """
    unit = f" ({result.measure.unit})" if result.measure.unit else ""
    screened = [f"screened{unit}"] if _has_screened(result) else []
    settings = result.settings or ("design",)
    return [*settings, result.measure.head, f"std{unit}", "chips", *screened, *_costs(result)]


def head_of(column: str) -> str:
    """What stands above a column.

    Args:
        column: name, as `columns_of` gives it, which filters and downloads use.

    Examples:
        >>> head_of("adc.bits"), head_of("latency_us"), head_of("accuracy (%)"), head_of("std (%)")
        ('ADC resolution (bits)', 'latency of an image (µs)', 'accuracy (%)', '± over chips (%)')
    """
    if column in COSTS:
        return label_of_cost(column).head
    if column.partition(" ")[0] == "std":
        return column.replace("std", "± over chips", 1)
    return label_of_setting(column).head if "." in column else column


def rows_of(result: StudyResult) -> list[dict[str, Any]]:
    """For each design its `key`, `cells` in the order of the columns, `label` and `design` as TOML.

    Examples:
        >>> from bitline.study import Study
        >>> designs = tuple(
        ...     DesignResult(key, "", {"adc.bits": bits}, {}, accuracies=(share,), cost={"energy_uJ": energy})
        ...     for key, bits, share, energy in (("a", 5, 0.82, 1.5), ("b", 8, 0.91, 2.5))
        ... )
        >>> study = Study(axes=[{"setting": "adc.bits", "values": [5, 8]}])
        >>> result = StudyResult(study, facts={}, sessions=(), designs=designs, float_accuracy=0.92)
        >>> [row["cells"][0] for row in rows_of(result)]
        [Cell(value=5, text='5', rank=0), Cell(value=8, text='8', rank=1)]
    """
    axes = [SettingAxis.of(result, name) for name in result.settings]
    names = {name: place for place, name in enumerate(dict.fromkeys(design.name for design in result.designs))}
    costs, has_screened = _costs(result), _has_screened(result)
    rows = []
    for design in result.designs:
        settings = [_setting(axis, design) for axis in axes]
        settings = settings or [Cell(design.name, design.name, names[design.name])]
        cells = [*settings, _measured(design.mean, design), _spread(design), _number(len(design.accuracies))]
        cells += [_measured(design.screened, design)] if has_screened else []
        cells += [_number(design.costs.get(name)) for name in costs]
        toml = _toml(design.design)
        rows.append({"key": design.key, "cells": cells, "label": label_of(design), "design": toml})
    return rows


def shared_lines(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows whose designs are numbers of lines, and the lines, each of which many designs have.

    Examples:
        >>> rows, lines = shared_lines([{"design": "bits = 8\\nrows = 72"}, {"design": "bits = 6\\nrows = 72"}])
        >>> [row["design"] for row in rows], lines
        ([[0, 1], [2, 1]], ['bits = 8', 'rows = 72', 'bits = 6'])
    """
    numbers: dict[str, int] = {}
    short = [
        {**row, "design": [numbers.setdefault(line, len(numbers)) for line in row["design"].split("\n")]}
        for row in rows
    ]
    return short, list(numbers)


def stored_design(settings: Mapping[str, Any]) -> Design | None:
    """The design that a store has the settings of, or None where it cannot be had on this machine.

    Args:
        settings: all of them, as `Design.model_dump` gives them. A class of a user's that they name need not be here:
            it is not imported. Where it is at hand, it may be another one by now, which does not accept its settings.

    Examples:
        >>> stored_design({"adc": {"bits": 6}}).adc.bits
        6
        >>> stored_design({"cell": {"device": {"kind": "strangers_lab:Device"}}}).is_loaded
        False
        >>> stored_design({"adc": {"bits": "many"}}) is None
        True
    """
    try:
        return Design.from_dict(dict(settings))
    except Exception:  # a user's class can raise anything
        return None


def _toml(settings: Mapping[str, Any]) -> str:
    """A design with the meaning of its settings, or as it is stored where it cannot be had on this machine."""
    design = stored_design(settings)
    return tomlkit.dumps(_known(settings)) if design is None else design.to_toml()


def _known(settings: Any) -> Any:
    """Settings without those that are None, which TOML has no word for."""
    if isinstance(settings, Mapping):
        return {name: _known(value) for name, value in settings.items() if value is not None}
    return [_known(value) for value in settings if value is not None] if isinstance(settings, list) else settings


def _has_screened(result: StudyResult) -> bool:
    return any(design.screened is not None for design in result.designs)


def _costs(result: StudyResult) -> list[str]:
    return [name for name in COSTS if any(name in design.costs for design in result.designs)]


def _setting(axis: SettingAxis, design: DesignResult) -> Cell:
    if axis.setting not in design.settings:
        return Cell(None, "", None)
    place = axis.index(design)
    level = axis.levels[place]
    return Cell(str(level) if level in (math.inf, -math.inf) else level, axis.labels[place], place)


def _number(value: Any) -> Cell:
    known = finite(value)
    return Cell(known, number(value) if is_number(value) else "", known)


def _measured(value: float | None, design: DesignResult) -> Cell:
    measure = design.measure
    digits = 6 if measure.is_share else 12
    known = None if value is None or not math.isfinite(value) else round(measure.scale * value, digits)
    return Cell(known, measure.text(value), known)


def _spread(design: DesignResult) -> Cell:
    cell = _measured(design.std, design)
    return cell if design.measure.is_share else Cell(cell.value, design.measure.text_of_spread(design.std), cell.rank)
