"""Attributes that are still there under the name they had before."""

from __future__ import annotations

import warnings
from typing import Any


class FormerName:
    """An attribute under the name that it had in an earlier version: it warns, and gives the value of the new one.

    Args:
        now: the name that it has now.

    Examples:
        >>> class Result:
        ...     chip_values = (0.9,)
        ...     accuracies = FormerName("chip_values")
        >>> with warnings.catch_warnings(record=True) as told:
        ...     warnings.simplefilter("always")
        ...     Result().accuracies
        (0.9,)
        >>> print(told[0].message)
        bitline: Result.accuracies is called chip_values now
    """

    def __init__(self, now: str) -> None:
        self.now = now

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type) -> Any:
        if instance is None:
            return self
        text = f"bitline: {owner.__name__}.{self.name} is called {self.now} now"
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        return getattr(instance, self.now)
