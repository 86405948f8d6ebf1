"""Energies and areas by component."""

from __future__ import annotations

from collections import Counter


def largest_first(values: Counter[str]) -> dict[str, float]:
    """Components from the largest on, without those that have nothing.

    Examples:
        >>> largest_first(Counter({"cells": 1.0, "adders": 0.0, "ADCs": 3.0}))
        {'ADCs': 3.0, 'cells': 1.0}
    """
    return {name: value for name, value in values.most_common() if value}
