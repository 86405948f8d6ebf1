"""Files of measured cells as people keep them: own headers and units, semicolons, decimal commas, spreadsheets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bitline.config.part import Part
from bitline.config.table_files import read_frame
from bitline.devices.duration import format_duration
from bitline.devices.header_units import reading_in, seconds_in, size_of
from bitline.numerics.text import listed

if TYPE_CHECKING:
    import pandas as pd

WORDS = {
    "target": re.compile(r"target|goal|nominal|setpoint|aim|soll", re.IGNORECASE),
    "measured": re.compile(r"meas|read|actual|(^|_)ist(_|$)", re.IGNORECASE),
    "time_s": re.compile(r"^(time|t|delay|age)($|[\s_\[(])", re.IGNORECASE),
}
"""What a header says that stands for a column."""


SHOWN, MANY = 12, 40
"""Headers that a message names, and so many that they are hardly those of columns."""
RESISTANCE = re.compile(r"(?<![a-z])(r|resistances?)(?![a-z0-9])", re.IGNORECASE)
NUMBER = re.compile(r"[-+]?[0-9]*[.,]?[0-9]+(e[-+]?[0-9]+)?", re.IGNORECASE)
COUNTED = re.compile(r"^(cell|device|index|id|no|nr|number|#|unnamed: \d+)$", re.IGNORECASE)
"""Headers of columns that number the cells."""


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
    """A table with the columns target and time_s, where there is one, and those of the readings.

    Attributes:
        frame: its rows, as they were written.
        unit: that of the targets; empty where their header names none.
        scales: what to multiply each column with, by name: readings in the unit of the targets, times in seconds.
        readings: seconds after programming by the name of the column with what was read then; 0 where `time_s` says it.
        unused: headers of the columns that are none of these.
        decimal: what stands before decimals.
    """

    frame: pd.DataFrame
    unit: str
    scales: dict[str, float]
    readings: dict[str, float]
    unused: tuple[str, ...] = ()
    decimal: str = "."


def read_file(path: Path, columns: Columns) -> ReadFile:
    """Read a table of measurements.

    Args:
        path: a file with one of `TABLE_SUFFIXES`.
        columns: headers of the user's own.

    Raises:
        ValueError: it cannot be read, or has no such columns; the message says what to do.
    """
    frame, decimal = read_frame(path)
    return _named(frame, decimal, path, columns)


def _named(frame: pd.DataFrame, decimal: str, path: Path, columns: Columns) -> ReadFile:
    """The columns under the names that bitline has for them."""
    headers = list(frame)
    _check_headers(headers, path)
    found = _chosen(headers, path, columns)
    later = {} if "time_s" in found else _later_readings(headers, found)
    first = reading_in(found["measured"]) if "measured" in found and "time_s" not in found else None
    readings = {"measured": first[0] if first else 0.0, **later}
    if "measured" not in found:
        earliest = min(later, key=later.__getitem__)
        found["measured"], readings["measured"] = earliest, readings.pop(earliest)
    _check_times({found.get(name, name): seconds for name, seconds in readings.items()}, path)
    found |= {header: header for header in readings if header != "measured"}
    unit, scales = _units(found, path)
    unused = tuple(header for header in headers if header not in found.values() and not header.startswith("Unnamed:"))
    named = frame[list(found.values())].set_axis(list(found), axis=1)
    return ReadFile(named, unit, scales, readings, unused, decimal)


def _check_headers(headers: list[str], path: Path) -> None:
    """Refuse a first line of measurements, and columns that cannot be told apart."""
    if all(NUMBER.fullmatch(header) for header in headers):
        raise ValueError(f"{path} begins with numbers: write a header above them, such as 'target,measured'")
    twice = next((header for header in headers if headers.count(header) > 1), None)
    if twice is not None:
        raise ValueError(f"{path} has two columns called {twice!r}: give each a header of its own")


def _chosen(headers: list[str], path: Path, columns: Columns) -> dict[str, str]:
    """The headers of target, measured and time_s, as far as there are any; one that holds a time is a reading's."""
    found = {name: _header(name, getattr(columns, name), headers, path) for name in ("target", "time_s")}
    timed = [] if found["time_s"] else [header for header in headers if reading_in(header)]
    others = [header for header in headers if header not in timed]
    found["measured"] = _header("measured", columns.measured, headers if columns.measured else others, path)
    if found["target"] and found["target"] == found["measured"]:
        raise ValueError(
            f"{path} has one column for target and measured, {found['target']!r}: give each its own, separated by "
            "commas, semicolons or tabs"
        )
    missing = [name for name in ("target", "measured") if not found[name] and not (name == "measured" and timed)]
    if missing:
        guessed = found.values() if len(headers) - len(missing) >= sum(map(bool, found.values())) else ()
        free = [header for header in headers if header not in guessed and not COUNTED.search(header)]
        say = _say(dict(zip(missing, free, strict=False)))
        remedy = say if len(headers) <= MANY else "; does the table lie on its side?"
        raise ValueError(
            f"{path} has the columns {listed(headers, SHOWN)}: it needs 'target' and 'measured' (one unit), and may "
            f"have 'time_s'{remedy}"
        )
    resistances = [header for name, header in found.items() if name != "time_s" and RESISTANCE.search(header)]
    if resistances:
        raise ValueError(
            f"{path} has resistances in {resistances[0]!r}: give conductances (1 / R), or another header for those"
        )
    return {name: header for name, header in found.items() if header}


def _say(columns: dict[str, str]) -> str:
    """The end of a message: how to say what is in which column."""
    if not columns:
        return ""
    pairs = ",".join(f"{name}={header}" for name, header in columns.items())
    name, header = next(iter(columns.items()))
    return f"; say which is which, such as --columns '{pairs}', or cell.device.columns.{name} = {header!r} in a design"


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
        raise ValueError(f"{path} has {' and '.join(alike)}, any of which may be {name!r}{_say({name: alike[0]})}")
    return alike[0] if alike else ""


def _later_readings(headers: list[str], found: dict[str, str]) -> dict[str, float]:
    """Seconds by header, of the columns with what the same cells read at a time that the header says."""
    timed = {header: reading_in(header) for header in headers if header not in found.values()}
    return {header: reading[0] for header, reading in timed.items() if reading}


def _check_times(readings: dict[str, float], path: Path) -> None:
    """Refuse two columns of one time: no cell was read twice at once."""
    seen: dict[float, str] = {}
    for header, seconds in readings.items():
        if seconds in seen:
            when = f"after {format_duration(seconds)}" if seconds else "at programming"
            raise ValueError(f"{path} has {seen[seconds]} and {header}, both read {when}: leave one of them out")
        seen[seconds] = header


def _units(found: dict[str, str], path: Path) -> tuple[str, dict[str, float]]:
    """The unit of the targets, and what makes one unit of all columns."""
    try:
        sizes = {name: size_of(_plain(header)) for name, header in found.items() if name != "time_s"}
        seconds = seconds_in(found["time_s"]) if "time_s" in found else 1.0
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    target, scales = sizes.pop("target"), {"time_s": seconds}
    for name, measured in sizes.items():
        if target is not None and measured is not None:
            if target[1] != measured[1]:
                raise ValueError(
                    f"{path} has targets in {target[0]} and measured values in {measured[0]}: give both as "
                    "conductances, or both as currents at one voltage"
                )
            scales[name] = measured[2] / target[2]
        elif target is not None or measured is not None:
            with_unit, without = ("target", name) if target else (name, "target")
            raise ValueError(
                f"{path} has a unit in the header {found[with_unit]!r} and none in {found[without]!r}: name it in all, "
                "or in none"
            )
    return target[0] if target else "", scales


def _plain(header: str) -> str:
    """A header without the time at which its values were read."""
    reading = reading_in(header)
    return reading[1] if reading else header
