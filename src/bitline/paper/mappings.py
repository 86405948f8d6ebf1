"""The weight mappings that the paper compares, as axes of a study."""

from __future__ import annotations

from typing import Any

NAMES = ("weights.kind", "weights.bits_per_cell", "weights.bits", "weights.subtraction")
UNSLICED_DIFFERENTIAL = ("differential", "unsliced", 8, "analog")
"""7 bits per cell."""
MAPPINGS: dict[str, tuple[Any, ...]] = {
    "differential 7b": UNSLICED_DIFFERENTIAL,
    "differential 4b": ("differential", 4, 9, "analog"),
    "differential 2b": ("differential", 2, 9, "analog"),
    "differential 1b": ("differential", 1, 9, "analog"),
    "offset 8b": ("offset", "unsliced", 8, "digital"),
    "offset 8b, unit column": ("offset", "unsliced", 8, "unit-column"),
    "offset 4b": ("offset", 4, 8, "digital"),
    "offset 2b": ("offset", 2, 8, "digital"),
    "offset 1b": ("offset", 1, 8, "digital"),
}
"""Mapping, bits per cell, weight bits, subtraction. Sliced differential weights have a ninth bit (section 4.1)."""


def axis(*names: str) -> dict[str, Any]:
    """An axis over mappings by name."""
    columns = zip(*(MAPPINGS[name] for name in names), strict=True)
    return {"zip": {name: list(values) for name, values in zip(NAMES, columns, strict=True)}}


def settings(name: str) -> dict[str, Any]:
    """The settings of one mapping, with two underscores for a dot."""
    return {key.replace(".", "__"): value for key, value in zip(NAMES, MAPPINGS[name], strict=True)}


def calibrated_range(name: str) -> str:
    """The policy that calibrates the ADC ranges of a mapping as the paper's authors do (CrossSim 2.0).

    Ranges of sliced weights are powers of two of what an array can give; those of unsliced ones are free.
    """
    return "calibrated" if MAPPINGS[name][1] == "unsliced" else "aligned"
