"""Results of a study as labelled arrays: a dimension for each setting that differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bitline.errors import StudyError
from bitline.study.results import DesignResult, StudyResult
from bitline.study.words import in_words

if TYPE_CHECKING:
    import xarray

WORDS = ("design", "key", "error")
"""Columns of the table of designs that are no numbers."""


def labelled(result: StudyResult) -> xarray.Dataset:
    """What `StudyResult.to_frame` and `StudyResult.chips_frame` say, as arrays.

    Args:
        result: of a study.

    Raises:
        StudyError: xarray is not installed, or there are no designs.

    Examples:
        >>> from bitline.study import DesignResult, Study
        >>> labelled(StudyResult(Study(), facts={}, sessions=(), designs=(), float_value=None))
        Traceback (most recent call last):
        bitline.errors.StudyError: the store has no designs yet: run the study first
    """
    if not result.designs:
        raise StudyError("the store has no designs yet: run the study first")
    try:
        import xarray
    except ImportError:
        raise StudyError("labelled arrays need xarray: pip install 'bitline[xarray]'") from None
    names = list(result.settings)
    places = [tuple(_value(design, name) for name in names) for design in result.designs]
    is_grid = bool(names) and len(set(places)) == len(places)
    index = places if is_grid else [(number,) for number in range(len(places))]
    dimensions = names if is_grid else ["design"]
    frame = result.to_frame().drop(columns=[*WORDS, *names], errors="ignore")
    dataset: xarray.Dataset = _with_index(frame, index, dimensions).to_xarray()
    if not is_grid:
        own = {name: ("design", [_value(design, name) for design in result.designs]) for name in names}
        dataset = dataset.assign_coords(own)
    key = result.measure.key
    by_chip = [
        ((*place, chip), value)
        for place, design in zip(index, result.designs, strict=True)
        for chip, value in enumerate(design.chip_values)
    ]
    if by_chip:
        import pandas as pd

        chips = pd.DataFrame({f"chip_{key}": [value for _, value in by_chip]})
        rows = _with_index(chips, [place for place, _ in by_chip], [*dimensions, "chip"])
        dataset = xarray.merge([dataset, rows.to_xarray()])
    dataset.attrs["study"] = result.study.name
    return dataset


def _value(design: DesignResult, setting: str) -> Any:
    """A setting of a design as a place on an axis; empty where its axis left it out."""
    return in_words(design.value(setting)) if setting in design.settings else ""


def _with_index(frame: Any, places: list[tuple[Any, ...]], names: list[str]) -> Any:
    """A table whose rows are named by places."""
    import pandas as pd

    if len(names) == 1:
        return frame.set_index(pd.Index([place[0] for place in places], name=names[0]))
    return frame.set_index(pd.MultiIndex.from_tuples(places, names=names))
