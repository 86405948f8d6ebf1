"""The levels of a uniform ADC."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Levels:
    """Levels `step * code` for low <= code <= high, one entry for each weight slice; a level always falls on zero.

    Attributes:
        step: (slices,) difference of two levels, in units of G_max times the read voltage.
        low, high: (slices,) smallest and largest code.
    """

    step: tuple[float, ...]
    low: tuple[int, ...]
    high: tuple[int, ...]

    @classmethod
    def between(cls, limits: list[tuple[float, float]], bits: int) -> Levels:
        """2^bits levels over each (low, high), shifted by less than a step so that one of them is zero."""
        steps = [(high - low) / (2**bits - 1) for low, high in limits]
        lows = [round(low / step) for (low, _), step in zip(limits, steps, strict=True)]
        return cls(tuple(steps), tuple(lows), tuple(low + 2**bits - 1 for low in lows))
