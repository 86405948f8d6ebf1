"""Energies and areas by component."""

from __future__ import annotations

from collections import Counter

COMPONENTS = frozenset(
    (
        *("cells", "row drivers", "row converters", "integrators", "accumulators", "subtractors", "ADCs"),
        *("shift-and-add", "adders", "input registers", "output registers"),
        *("buffers", "network", "scaling", "vector ranges", "activations", "pooling", "digital layers"),
    )
)
"""Names under which energies and areas are counted; parts of a library with a known power have others."""


def largest_first(values: Counter[str]) -> dict[str, float]:
    """Components from the largest on, without those that have nothing.

    Examples:
        >>> largest_first(Counter({"cells": 1.0, "adders": 0.0, "ADCs": 3.0}))
        {'ADCs': 3.0, 'cells': 1.0}
    """
    return {name: value for name, value in values.most_common() if value}
