"""The table of designs in the report of a study: numbers of very many designs, packed for the page.

Each column is an array of numbers; a setting has the place of its value among its levels. The bytes of all columns
follow each other, of each column first the first byte of all numbers, then the second, which packs better.
"""

from __future__ import annotations

import base64
import gzip
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitline.measures import Measure
from bitline.numerics.labels import COMPARED, COSTS
from bitline.report.figures.setting_axis import SettingAxis
from bitline.report.labels import label_of_setting
from bitline.report.shown_designs import MANY
from bitline.report.study_rows import columns_of, head_of
from bitline.study.results import DesignResult, StudyResult
from bitline.study.words import is_number

EXACT = MANY
"""Designs whose numbers are written with all their digits; of more, numbers have seven."""
LARGEST_LEVELS = 1000
"""Values of a setting that are listed; more of them, if they are numbers, are a column of numbers."""


def packed_rows(result: StudyResult) -> dict[str, Any]:
    """All designs of a study as the page reads them.

    Returns:
        `size`, the number of designs; `columns`, what the numbers of each column mean; `values`, the numbers.
        The `kind` of a column says how numbers are shown: as 'levels' of a setting, as a 'share' in per cent, as a
        'number' with so many `digits`, 'whole', or 'plain' as they are. `better` is 1 or -1 in columns by which designs
        are chosen: whether higher or lower numbers are better.

    Examples:
        >>> from bitline.study import Study
        >>> designs = tuple(
        ...     DesignResult(key, "", {"adc.bits": bits}, {}, chip_values=(share,), cost={"energy_uJ": energy})
        ...     for key, bits, share, energy in (("a", 5, 0.82, 1.5), ("b", 8, 0.91, 2.5))
        ... )
        >>> study = Study(axes=[{"setting": "adc.bits", "values": [5, 8]}])
        >>> packed = packed_rows(StudyResult(study, facts={}, sessions=(), designs=designs, float_value=0.92))
        >>> [column["name"] for column in packed["columns"]]
        ['adc.bits', 'accuracy (%)', 'std (%)', 'chips', 'energy_uJ']
        >>> packed["columns"][0]["labels"], [column.get("better") for column in packed["columns"]]
        (['5', '8'], [None, 1, None, None, -1])
    """
    columns, arrays = [], []
    for name in columns_of(result):
        means, numbers = _column(result, name)
        if numbers.dtype == np.float64 and len(numbers) > EXACT:
            with np.errstate(over="ignore"):
                numbers = numbers.astype(np.float32)
        kind = f"{numbers.dtype.kind}{numbers.itemsize}"
        columns.append({"name": name, "head": head_of(name, result.measure.sample), **means, "type": kind})
        arrays.append(numbers)
    return {"size": len(result.designs), "columns": columns, "values": _packed(arrays)}


def _packed(arrays: Sequence[NDArray[Any]]) -> str:
    """Arrays of one length as text."""
    planes = [
        np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<")))
        .view(np.uint8)
        .reshape(len(array), array.itemsize)
        .T
        for array in arrays
    ]
    return base64.b64encode(gzip.compress(b"".join(plane.tobytes() for plane in planes), mtime=0)).decode()


Column = tuple[dict[str, Any], NDArray[Any]]
"""What the numbers of a column mean, and the numbers."""


def _column(result: StudyResult, name: str) -> Column:
    """A column, by its name in `columns_of`."""
    measure = result.measure
    if name in result.settings:
        return _setting(result, name)
    if name == "design":
        names = list(dict.fromkeys(design.name for design in result.designs))
        places = {own: place for place, own in enumerate(names)}
        means, numbers = _levels([places[design.name] for design in result.designs], names, names)
        return {**means, "setting": True, "word": ""}, numbers
    if name == "chips":
        return {"kind": "whole"}, _floats([len(design.chip_values) for design in result.designs])
    if name in COSTS:
        return _cost(result.designs, name)
    if name == measure.head:
        return {**_kind(measure), "better": measure.sign, "unit": measure.unit}, _shown(
            measure, [design.mean for design in result.designs]
        )
    if name.startswith("screened"):
        return _kind(measure), _shown(measure, [design.screened for design in result.designs])
    return _kind(measure, digits=2), _shown(measure, [design.std for design in result.designs])


def _kind(measure: Measure, digits: int = 4) -> dict[str, Any]:
    return {"kind": "share"} if measure.is_share else {"kind": "number", "digits": digits}


def _shown(measure: Measure, values: Sequence[float | None]) -> NDArray[np.float64]:
    """Values in the unit of the measure, without the noise of floating point at their end."""
    return np.round(measure.scale * _floats(values), 6 if measure.is_share else 12)


def _floats(values: Sequence[Any]) -> NDArray[np.float64]:
    """Numbers, NaN where they are unknown."""
    return np.array([value if is_number(value) else math.nan for value in values], dtype=np.float64)


def _cost(designs: Sequence[DesignResult], name: str) -> Column:
    values = [design.costs.get(name) for design in designs]
    is_whole = all(value is None or isinstance(value, int) for value in values)
    kind = {"kind": "whole"} if is_whole else {"kind": "number", "digits": 4}
    return {**kind, **({"better": -1} if name in COMPARED else {})}, _floats(values)


def _setting(result: StudyResult, name: str) -> Column:
    axis = SettingAxis.of(result, name)
    word = {"setting": True, "word": label_of_setting(name).word}
    places = [axis.index(design) if name in design.settings else None for design in result.designs]
    if len(axis.levels) > LARGEST_LEVELS and axis.is_numeric and not axis.has_own_words:
        values = [None if place is None else axis.levels[place] for place in places]
        return {"kind": "plain", **word}, _floats(values)
    levels = [str(level) if level in (math.inf, -math.inf) else level for level in axis.levels]
    means, numbers = _levels(places, levels, axis.labels)
    return {**means, **word}, numbers


def _levels(places: Sequence[int | None], values: Sequence[Any], labels: Sequence[str]) -> Column:
    """Places of levels, from 1 on; 0 is unknown."""
    kind = np.min_scalar_type(len(labels))
    numbers = np.array([0 if place is None else place + 1 for place in places], dtype=kind)
    return {"kind": "levels", "values": list(values), "labels": list(labels)}, numbers
