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
    "second": 1.0,
    "min": 60.0,
    "minute": 60.0,
    "h": 3600.0,
    "hour": 3600.0,
    "day": 86400.0,
    "d": 86400.0,
    "week": 604800.0,
    "month": 2629800.0,
    "year": 31557600.0,
}
_WRITTEN = re.compile(r"\s*([0-9.]+(?:[eE][+-]?[0-9]+)?)\s*([A-Za-z]*)\s*")


def seconds(value: Any) -> Any:
    """`"1 day"` as 86400.0; numbers are seconds, a year is 365.25 days and a month a twelfth of it.

    Raises:
        ValueError: not a number with a unit.
    """
    if not isinstance(value, str):
        return value
    found = _WRITTEN.fullmatch(value)
    unit = (found[2] if found else "") or "s"
    unit = unit if unit in UNITS_S else unit.lower().removesuffix("s")
    if found is None or unit not in UNITS_S:
        units = ", ".join(("ms", "s", "min", "hours", "days", "weeks", "months", "years"))
        raise ValueError(f"{value!r} is not a time: write for example '1 day' or '20 s' (units: {units})")
    return float(found[1]) * UNITS_S[unit]


def format_duration(value: float) -> str:
    """86400.0 as `1 day`; to six digits."""
    for name in ("year", "month", "week", "day", "hour", "minute", "s", "ms", "us", "ns"):
        count = value / UNITS_S[name]
        if count >= 1 and (name in ("s", "ms", "us", "ns") or math.isclose(count, round(count, 1), rel_tol=1e-9)):
            plural = "s" if len(name) > 2 and count != 1 else ""
            return f"{exact(count)} {name}{plural}"
    return f"{exact(value)} s"


Duration = Annotated[float, BeforeValidator(seconds), Field(ge=0, allow_inf_nan=False)]
"""A time in seconds, also written as `"1 day"`."""
