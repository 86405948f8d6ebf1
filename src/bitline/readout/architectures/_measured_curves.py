"""Measured transfer curves in a table: INL, DNL or transition levels of one converter or several."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bitline.config.file_state import FileState
from bitline.config.table_files import numbers_in, read_frame
from bitline.numerics.digest import content_digest

if TYPE_CHECKING:
    import pandas as pd

FEWEST_BITS, MOST_BITS = 2, 14
KINDS = {
    "transitions": re.compile(r"transition|threshold|edge", re.IGNORECASE),
    "INL": re.compile(r"(?<![a-z])inl(?![a-z])", re.IGNORECASE),
    "DNL": re.compile(r"(?<![a-z])dnl(?![a-z])", re.IGNORECASE),
}
"""What headers say that stands for a quantity, the one first that is used where there are several."""
CODE = re.compile(r"(?<![a-z])codes?(?![a-z])", re.IGNORECASE)
CONVERTER = re.compile(r"^(converter|adc|channel|column|chip|die)s?(?![a-z])", re.IGNORECASE)
UNIT = re.compile(r"[\[(]([^\])]*)[\])]|%")
STEPS = ("lsb", "lsbs", "step", "steps")
"""Units of INL and DNL."""

Values = NDArray[np.float64]


@dataclass(frozen=True)
class MeasuredCurves:
    """The transfer curves of a file.

    Attributes:
        edges: signal at which each code begins, in steps of the ideal converter, (converters, codes - 1).
        content: hash of the file.
    """

    edges: Values
    content: str

    @property
    def bits(self) -> int:
        """Resolution of the converters."""
        return int(self.edges.shape[1]).bit_length()


def read_curves(file: str) -> MeasuredCurves:
    """Read measured curves; they are read again only if the file has changed.

    Args:
        file: its path.

    Raises:
        ValueError: there is no such file, or something in it is wrong; the message says what.
    """
    path = Path(file)
    if not path.is_file():
        raise ValueError(
            f"adc.file is {file!r}, and there is no such file in {path.absolute().parent}: give a .csv, .xlsx or "
            ".parquet file, relative to the design file or the current folder"
        )
    return _read(path, FileState.at(path))


@lru_cache(maxsize=16)
def _read(path: Path, _state: FileState) -> MeasuredCurves:
    frame, decimal = read_frame(path)
    code, kind, columns = _columns(list(frame), path)
    converter = next((header for header in frame if header not in (code, *columns) and CONVERTER.search(header)), None)
    parts = [frame] if converter is None else [part for _, part in frame.groupby(converter, sort=False)]
    curves = []
    for part in parts:
        codes = _whole(numbers_in(part[code], decimal), path, code)
        for column in columns:
            values = numbers_in(part[column], decimal).to_numpy(float)
            curves.append(EDGES[kind](_by_code(codes, values, path, column), path))
    if len({len(edges) for edges in curves}) > 1:
        raise ValueError(f"{path} has converters of several resolutions: give those of one")
    return MeasuredCurves(np.stack(curves), content_digest(path.read_bytes()))


def _columns(headers: list[str], path: Path) -> tuple[str, str, list[str]]:
    """The header of the codes, what was measured, and its headers."""
    codes = [header for header in headers if CODE.search(header)]
    found = {
        kind: [header for header in headers if words.search(header) and header not in codes]
        for kind, words in KINDS.items()
    }
    kind = next((kind for kind, columns in found.items() if columns), "")
    if len(codes) != 1 or not kind:
        raise ValueError(
            f"{path} has the columns {', '.join(headers)}: it needs 'code' and 'INL' or 'DNL' in steps, or "
            "'transition', one column for each converter; or a column 'converter'"
        )
    for header in found[kind] if kind != "transitions" else ():
        unit = UNIT.search(header)
        if unit and (unit[1] or unit[0]).strip().lower() not in STEPS:
            raise ValueError(f"{path} has {kind} in {(unit[1] or unit[0])!r}: give it in steps of the converter (LSB)")
    return codes[0], kind, found[kind]


def _whole(codes: pd.Series, path: Path, header: str) -> NDArray[np.int64]:
    values: Values = codes.to_numpy(float)
    if not len(values) or not np.isfinite(values).all() or (values != np.round(values)).any() or values.min() < 0:
        raise ValueError(f"{path}: {header!r} must be whole numbers, 0 or more")
    whole: NDArray[np.int64] = values.astype(np.int64)
    return whole


def _by_code(codes: NDArray[np.int64], values: Values, path: Path, column: str) -> Values:
    """Values by code, from 0 to the largest; NaN where there is none."""
    if len(np.unique(codes)) < len(codes):
        raise ValueError(
            f"{path} has {column!r} twice for a code: give each converter a column, or all a column 'converter'"
        )
    if codes.max() >= 2**MOST_BITS:
        raise ValueError(f"{path} has codes up to {codes.max():,}: converters of up to {MOST_BITS} bits are simulated")
    placed = np.full(int(codes.max()) + 1, np.nan)
    placed[codes] = values
    return placed


def _edges_of_inl(inl: Values, path: Path) -> Values:
    inner = _complete(inl[1:], len(inl), path, "INL")
    return np.arange(len(inner)) + 0.5 + inner


def _edges_of_dnl(dnl: Values, path: Path) -> Values:
    codes = len(dnl) + (len(dnl) % 2)  # nothing need be said of the last code
    widths = 1 + _complete(dnl[1 : codes - 1], codes, path, "DNL")
    return _through_ends(np.concatenate([[0.0], widths.cumsum()]), path)


def _edges_of_transitions(levels: Values, path: Path) -> Values:
    return _through_ends(_complete(levels[1:], len(levels), path, "transition"), path)


EDGES = {"INL": _edges_of_inl, "DNL": _edges_of_dnl, "transitions": _edges_of_transitions}


def _complete(values: Values, codes: int, path: Path, what: str) -> Values:
    """Values of all codes in question."""
    bits = codes.bit_length() - 1
    if codes != 2**bits or bits < FEWEST_BITS:
        raise ValueError(
            f"{path} has a largest code of {codes - 1:,}: give all codes of a converter, up to 2^bits - 1, with the "
            "level where each begins"
        )
    if not np.isfinite(values).all():
        missing = int(np.flatnonzero(~np.isfinite(values))[0]) + 1
        raise ValueError(f"{path} has no {what} for code {missing}: give a number for every code")
    return values


def _through_ends(levels: Values, path: Path) -> Values:
    """Levels in steps of a converter whose first and last one are where they should be."""
    span = levels[-1] - levels[0]
    if not span > 0:
        raise ValueError(f"{path}: the last code begins no later than code 1: check the signs")
    scaled: Values = (levels - levels[0]) * ((len(levels) - 1) / span)
    return 0.5 + scaled
