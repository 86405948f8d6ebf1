"""Times written as people write them."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from bitline.numerics.text import exact

UNITS_S = {
    "ns": 1e-9,
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "min": 60.0,
    "minute": 60.0,
    "h": 3600.0,
    "hr": 3600.0,
    "hour": 3600.0,
    "day": 86400.0,
    "d": 86400.0,
    "week": 604800.0,
    "month": 2629800.0,
    "year": 31557600.0,
}
_WRITTEN = re.compile(r"\s*((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\s*([A-Za-z]*)\s*")


def parse_duration(value: Any) -> Any:
    """A time as seconds; what is not a text stays as it is.

    Args:
        value: a number of seconds, or a number and a unit as text. A year is 365.25 days, a month a twelfth of it.

    Raises:
        ValueError: the text is not a number with a unit.

    Examples:
        >>> parse_duration("1 day"), parse_duration("20 ms"), parse_duration(20)
        (86400.0, 0.02, 20)
        >>> parse_duration("1 fortnight")
        Traceback (most recent call last):
        ValueError: '1 fortnight' is not a time: write for example '1 day' or '20 s' (units: ms, s, min, hours, ...
    """
    if isinstance(value, bool):
        raise ValueError(f"{value!r} is not a time: write for example '1 day' or '20 s'")
    if not isinstance(value, str):
        return value
    found = _WRITTEN.fullmatch(value)
    seconds = seconds_of_unit((found[2] if found else "") or "s")
    if found is None or seconds is None:
        units = ", ".join(("ms", "s", "min", "hours", "days", "weeks", "months", "years"))
        raise ValueError(f"{value!r} is not a time: write for example '1 day' or '20 s' (units: {units})")
    return float(found[1]) * seconds


def seconds_of_unit(unit: str) -> float | None:
    """Seconds in a unit of time; None for what is none.

    Args:
        unit: its symbol or its name, in the singular or the plural.

    Examples:
        >>> seconds_of_unit("ms"), seconds_of_unit("Days"), seconds_of_unit("fortnight")
        (0.001, 86400.0, None)
    """
    return UNITS_S.get(unit, UNITS_S.get(unit.lower().removesuffix("s")))


def format_duration(value: float) -> str:
    """A number of seconds in the largest unit in which it has at most one decimal.

    Examples:
        >>> format_duration(86400.0), format_duration(5400.0), format_duration(2.5e-7)
        ('1 day', '1.5 hours', '250 ns')
    """
    for name in ("year", "month", "week", "day", "hour", "minute", "s", "ms", "us", "ns"):
        count = value / UNITS_S[name]
        if count >= 1 and (name in ("s", "ms", "us", "ns") or math.isclose(count, round(count, 1), rel_tol=1e-9)):
            plural = "s" if len(name) > 2 and count != 1 else ""
            return f"{exact(count)} {name}{plural}"
    return f"{exact(value)} s"


Duration = Annotated[float, BeforeValidator(parse_duration), Field(ge=0, allow_inf_nan=False)]
"""A time in seconds, also written as `"1 day"`."""
