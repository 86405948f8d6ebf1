"""Units in the headers of tables: 'G_target_uS', 'time (min)', 'I_read [nA] (mean)'."""

from __future__ import annotations

import re

from bitline.devices.duration import seconds_of_unit

PREFIXES = {"": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12}
SIZES = {f"{prefix}{unit}": (unit, factor) for unit in "SA" for prefix, factor in PREFIXES.items()}
"""Units of conductances and currents: what they measure, and how large they are."""
SYMBOLS = {"siemens": "S", "amperes": "A", "ampere": "A", "amps": "A", "amp": "A"}
PREFIX_SYMBOLS = {"milli": "m", "micro": "u", "nano": "n", "pico": "p"}
"""Of units that are written out."""
ABOUT = frozenset({
    "about", "actual", "after", "age", "aged", "aim", "and", "ave", "average", "avg", "bake", "baking", "cell",
    "cells", "conductance", "current", "data", "delay", "device", "elapsed", "final", "from", "g", "goal", "hold",
    "i", "initial", "ist", "last", "mean", "meas", "measured", "measurement", "median", "nominal", "of", "on",
    "prog", "programmed", "programming", "raw", "read", "reading", "readings", "retention", "set", "setpoint",
    "since", "soll", "start", "state", "t", "target", "targets", "the", "time", "times", "to", "value", "values",
    "wait", "write", "written", "x", "y",
})  # fmt: skip
"""Words of a header that are no unit."""
QUANTITIES = frozenset({
    "c", "gohm", "h", "hour", "hours", "hz", "k", "khz", "kohm", "kohms", "min", "mohm", "mohms", "ms", "mv",
    "mw", "ns", "ohm", "ohms", "s", "sec", "us", "uv", "v", "volt", "volts", "w",
})  # fmt: skip
"""Units of other things, and what looks like a unit with its letters in another size."""
_TIME = re.compile(r"(?<![0-9.])([0-9.]+)[\s_]*([A-Za-zµμ]+)(?![A-Za-zµμ0-9])")
_BRACKETS = re.compile(r"[\[(]([^\])]*)[\])]")
_WORDS = re.compile(r"[^A-Za-zµμΩ/%]+")


def size_of(header: str) -> tuple[str, str, float] | None:
    """The unit of conductances or currents in a header: as it is written, 'S' or 'A', and how large it is.

    Args:
        header: of a column.

    Returns:
        None where the header names no unit.

    Raises:
        ValueError: it names one that is none of a conductance or a current.

    Examples:
        >>> size_of("G_target_uS"), size_of("measured [nS] (avg)"), size_of("G_target")
        (('uS', 'S', 1e-06), ('nS', 'S', 1e-09), None)
        >>> size_of("R (kohm)")
        Traceback (most recent call last):
        ValueError: the header 'R (kohm)' has the unit 'kohm': write a conductance or a current, such as uS or nA
    """
    unknown = ""
    for word, is_bracketed in _words(header):
        plain = plain_unit(word)
        if plain in SIZES:
            return (plain, *SIZES[plain])
        is_other = plain.lower() in {size.lower() for size in SIZES if len(size) > 1} | QUANTITIES
        if (is_bracketed and plain.lower() not in ABOUT) or is_other:
            unknown = unknown or word
    if unknown:
        raise ValueError(
            f"the header {header!r} has the unit {unknown!r}: write a conductance or a current, such as uS or nA"
        )
    return None


def seconds_in(header: str) -> float:
    """Seconds in the unit of the times under a header; 1 where it names none.

    Args:
        header: of the column of times.

    Raises:
        ValueError: it says something else than a unit of time.

    Examples:
        >>> seconds_in("time (min)"), seconds_in("t_hrs"), seconds_in("time since programming")
        (60.0, 3600.0, 1.0)
        >>> seconds_in("time (fortnights)")
        Traceback (most recent call last):
        ValueError: the header 'time (fortnights)' has 'fortnights', which is no unit of time: write s, min, hours, ...
    """
    found, unknown = [], ""
    for word, _ in _words(header):
        seconds = seconds_of_unit(plain_unit(word))
        if seconds is not None and word != "t":
            found.append(seconds)
        elif word.lower() not in ABOUT:
            unknown = unknown or word
    if unknown or len(found) > 1:
        what = f"{unknown!r}, which is no unit of time" if unknown else "two units"
        raise ValueError(
            f"the header {header!r} has {what}: write s, min, hours, days or weeks, or call the column time_s"
        )
    return found[0] if found else 1.0


def reading_in(header: str) -> tuple[float, str] | None:
    """When the values under a header were read, and the header without the time.

    Args:
        header: of a column.

    Returns:
        Seconds and the rest; None where no time stands in it, or words or numbers that may mean something else.

    Examples:
        >>> reading_in("G_1day (uS)"), reading_in("I after 2 h [nA]"), reading_in("G_bottom_1h"), reading_in("G_1V")
        ((86400.0, 'G_  (uS)'), (7200.0, 'I after   [nA]'), None, None)
    """
    times = _times(header)
    if len(times) != 1:
        return None
    match, seconds = times[0]
    rest = f"{header[: match.start()]} {header[match.end() :]}"
    is_plain = all(word.lower() in ABOUT or plain_unit(word) in SIZES for word, _ in _words(rest))
    if not is_plain or re.search(r"\d", rest) or not re.fullmatch(r"\d+\.?\d*|\.\d+", match[1]):
        return None
    return float(match[1]) * seconds, rest


def has_time(header: str) -> bool:
    """Whether a number with a unit of time stands in a header.

    Examples:
        >>> has_time("G_bottom_1h"), has_time("wafer 3")
        (True, False)
    """
    return bool(_times(header))


def _times(header: str) -> list[tuple[re.Match[str], float]]:
    """Numbers with units of time in a header, and the seconds in the unit."""
    found = [(match, seconds_of_unit(plain_unit(match[2]))) for match in _TIME.finditer(header)]
    return [(match, seconds) for match, seconds in found if seconds is not None]


def _words(header: str) -> list[tuple[str, bool]]:
    """The words of a header, and whether they stand in brackets."""
    inside = [word for part in _BRACKETS.findall(header) for word in _WORDS.split(part)]
    outside = _WORDS.split(_BRACKETS.sub(" ", header))
    return [(word, True) for word in inside if word] + [(word, False) for word in reversed(outside) if word]


def plain_unit(word: str) -> str:
    """A unit with its micro as 'u' and its name as a symbol.

    Args:
        word: a unit, or any other word, which stays as it is.

    Examples:
        >>> plain_unit("µS"), plain_unit("nanoSiemens"), plain_unit("read")
        ('uS', 'nS', 'read')
    """
    plain = word.replace("µ", "u").replace("μ", "u")
    for name, symbol in SYMBOLS.items():
        if plain.lower().endswith(name):
            prefix = plain[: -len(name)].lower()
            return PREFIX_SYMBOLS.get(prefix, prefix) + symbol
    return plain
