"""Whole numbers that callers give."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from bitline.errors import BitlineError


def whole_number(name: str, value: Any, least: int | None = None, error: type[BitlineError] = BitlineError) -> int:
    """A whole number.

    Args:
        name: what messages call it.
        value: what a caller gave.
        least: the smallest number that will do; any if None.
        error: class of what is raised.

    Raises:
        BitlineError: it is no whole number, or too small.

    Examples:
        >>> whole_number("chips", 3, least=1)
        3
        >>> whole_number("chips", 0.5, least=1)
        Traceback (most recent call last):
        bitline.errors.BitlineError: chips is 0.5: give a whole number, 1 or more
    """
    if isinstance(value, Integral) and not isinstance(value, bool) and (least is None or int(value) >= least):
        return int(value)
    raise error(f"{name} is {value!r}: give a whole number{'' if least is None else f', {least} or more'}")
