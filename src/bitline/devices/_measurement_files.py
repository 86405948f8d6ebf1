"""Files of measured cells as people keep them: own headers and units, semicolons, decimal commas, spreadsheets."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bitline.config.part import Part
from bitline.devices.header_units import seconds_in, size_of

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".xlsx")
"""Files that can hold a table of measurements."""
SEPARATORS = ("\t", ";", "|", ",")
"""Between the columns of a text file, the ones first that are never inside a number."""
WORDS = {
    "target": re.compile(r"target|goal|nominal|setpoint|aim|soll", re.IGNORECASE),
    "measured": re.compile(r"meas|read|actual|(^|_)ist(_|$)", re.IGNORECASE),
    "time_s": re.compile(r"^(time|t|delay|age)($|[\s_\[(])", re.IGNORECASE),
}
"""What a header says that stands for a column."""


class Columns(Part):
    """Headers of a user's own table; found by their words where they are empty.

    Examples:
        >>> Columns(target="G_set_uS").time_s
        ''
    """

    target: str = ""
    """Header of the targets, such as 'G_target_uS': the unit at its end is that of the table."""
    measured: str = ""
    """Header of the measured values; another unit of the same kind is converted."""
    time_s: str = ""
    """Header of the times since programming, such as 't_s' or 'time (min)'; seconds where it names no unit."""


@dataclass(frozen=True)
class ReadFile:
    """A table with the columns target, measured and, where there is one, time_s.

    Attributes:
        frame: its rows, as they were written.
        unit: that of the targets; empty where their header names none.
        scales: what to multiply each column with, by name: measured in the unit of the targets, times in seconds.
        decimal: what stands before decimals.
    """

    frame: pd.DataFrame
    unit: str
    scales: dict[str, float]
    decimal: str = "."


def read_file(path: Path, columns: Columns) -> ReadFile:
    """Read a table of measurements.

    Args:
        path: a file with one of `SUFFIXES`.
        columns: headers of the user's own.

    Raises:
        ValueError: it cannot be read, or has no such columns; the message says what to do.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise ValueError(f"cannot read measurements from {path}: use a .csv, .xlsx or .parquet file")
    try:
        frame, decimal = reader(path)
    except ImportError as error:
        extra = "openpyxl" if path.suffix.lower() == ".xlsx" else "pyarrow"
        raise ValueError(f"reading {path} needs {extra}: pip install {extra}, or use a .csv file") from error
    except (OSError, ValueError, KeyError) as error:
        reason = (str(error).splitlines() or [""])[0]
        raise ValueError(f"cannot read measurements from {path}: {reason}") from None
    return _named(frame, decimal, path, columns)


def _text(path: Path) -> tuple[pd.DataFrame, str]:
    """A text file: whatever separates its columns, with decimal points or commas."""
    import pandas as pd  # here, for the start-up of what does not need it

    content = path.read_text(encoding="utf-8-sig")
    head, _, body = content.lstrip().partition("\n")
    separator = next((mark for mark in SEPARATORS if mark in head), ",")
    decimal = "," if separator != "," and re.search(r"\d,\d", body) else "."
    return pd.read_csv(io.StringIO(content.lstrip()), sep=separator, skipinitialspace=True), decimal


def _parquet(path: Path) -> tuple[pd.DataFrame, str]:
    import pandas as pd  # here, for the start-up of what does not need it

    return pd.read_parquet(path), "."


def _sheet(path: Path) -> tuple[pd.DataFrame, str]:
    """The first sheet of a workbook."""
    import zipfile

    import pandas as pd  # here, for the start-up of what does not need it

    try:
        return pd.read_excel(path), "."
    except zipfile.BadZipFile:
        raise ValueError("it is no Excel workbook") from None


READERS: dict[str, Callable[[Path], tuple[pd.DataFrame, str]]] = {
    ".csv": _text, ".tsv": _text, ".txt": _text, ".parquet": _parquet, ".xlsx": _sheet,
}  # fmt: skip


def _named(frame: pd.DataFrame, decimal: str, path: Path, columns: Columns) -> ReadFile:
    """The columns under the names that bitline has for them."""
    headers = [str(header).strip() for header in frame]
    frame = frame.set_axis(headers, axis=1)
    chosen = {name: _header(name, getattr(columns, name), headers, path) for name in WORDS}
    missing = [name for name in ("target", "measured") if not chosen[name]]
    if missing:
        raise ValueError(
            f"{path} has the columns {', '.join(headers)}: it needs 'target' and 'measured' (one unit), and may have "
            f"'time_s'; say which is which with columns = {{ {missing[0]} = '{headers[0]}', ... }}"
        )
    found = {name: header for name, header in chosen.items() if header}
    unit, scales = _units(found, path)
    named = frame[list(found.values())].set_axis(list(found), axis=1)
    return ReadFile(named, unit, scales, decimal)


def _header(name: str, wanted: str, headers: list[str], path: Path) -> str:
    """The header of a column: the one that is asked for, its own name, or the only one that sounds like it."""
    if wanted:
        if wanted not in headers:
            raise ValueError(f"{path} has no column {wanted!r}: it has {', '.join(headers)}")
        return wanted
    if name in headers:
        return name
    alike = [header for header in headers if WORDS[name].search(header)]
    if len(alike) > 1:
        raise ValueError(
            f"{path} has {' and '.join(alike)}, any of which may be {name!r}: say columns = {{ {name} = '{alike[0]}' }}"
        )
    return alike[0] if alike else ""


def _units(found: dict[str, str], path: Path) -> tuple[str, dict[str, float]]:
    """The unit of the targets, and what makes one unit of all columns."""
    try:
        sizes = {name: size_of(header) for name, header in found.items() if name != "time_s"}
        seconds = seconds_in(found["time_s"]) if "time_s" in found else 1.0
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    target, measured = sizes["target"], sizes["measured"]
    scales = {"time_s": seconds}
    if target is None and measured is None:
        return "", scales
    if target is None or measured is None:
        with_unit, without = ("target", "measured") if target else ("measured", "target")
        raise ValueError(
            f"{path} has a unit in the header {found[with_unit]!r} and none in {found[without]!r}: name it in both, or "
            "in neither"
        )
    if target[1] != measured[1]:
        raise ValueError(f"{path} has targets in {target[0]} and measured values in {measured[0]}")
    return target[0], {**scales, "measured": measured[2] / target[2]}
