"""The levels of a uniform ADC."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

AXES = ("input slice", "group", "partition", "reading", "slice", "column")
"""What levels can differ by, in this order."""


@dataclass(frozen=True)
class Levels:
    """Levels `step * code` for low <= code <= high; a level falls on zero, if not one inside the range.

    One entry for each weight slice, or, with a shape, for each place along `AXES`, the last fastest.

    Examples:
        >>> levels = Levels.between([(-1.0, 1.0)], bits=3)
        >>> levels.low, levels.high, round(levels.step[0], 4)
        ((-4,), (3,), 0.2857)

    Attributes:
        step: difference of two levels, in units of G_max times the read voltage.
        low, high: smallest and largest code.
        shape: extent along `AXES`, 1 where levels are shared; empty for levels that differ by weight slice only.
    """

    step: tuple[float, ...]
    low: tuple[int, ...]
    high: tuple[int, ...]
    shape: tuple[int, ...] = ()

    @classmethod
    def between(cls, limits: list[tuple[float, float]], bits: int) -> Levels:
        """2^bits levels over each (low, high), shifted by less than a step so that one of them is zero."""
        steps = [(high - low) / (2**bits - 1) for low, high in limits]
        lows = [round(low / step) for (low, _), step in zip(limits, steps, strict=True)]
        return cls(tuple(steps), tuple(lows), tuple(low + 2**bits - 1 for low in lows))

    @classmethod
    def spread(cls, places: Sequence[Levels], shape: tuple[int, ...]) -> Levels:
        """Levels by weight slice of every place, as one.

        Args:
            places: one for each (input slice, group, partition, reading, column), the last fastest.
            shape: extent along `AXES`.
        """

        def ordered(entries: list[tuple[float, ...]]) -> tuple[float, ...]:
            values = torch.tensor(entries, dtype=torch.float64).reshape(*shape[:4], shape[5], shape[4])
            return tuple(values.transpose(4, 5).flatten().tolist())

        steps = ordered([place.step for place in places])
        lows = ordered([place.low for place in places])
        highs = ordered([place.high for place in places])
        return cls(steps, tuple(map(int, lows)), tuple(map(int, highs)), shape)

    @property
    def is_shared(self) -> bool:
        """Whether levels differ by weight slice only."""
        return not self.shape

    @property
    def extent(self) -> tuple[int, ...]:
        """Extent along `AXES`."""
        return self.shape or (1, 1, 1, 1, len(self.step), 1)

    @property
    def most(self) -> int:
        """The largest number of levels that a converter has."""
        return max(high - low + 1 for low, high in zip(self.low, self.high, strict=True))

    def steps(self) -> Tensor:
        """`step` along `AXES`, float64."""
        return torch.tensor(self.step, dtype=torch.float64).reshape(self.extent)

    def limits(self) -> tuple[Tensor, Tensor]:
        """`low` and `high` along `AXES`, float64."""
        both = (torch.tensor(codes, dtype=torch.float64).reshape(self.extent) for codes in (self.low, self.high))
        return tuple(both)  # type: ignore[return-value]

    def shifted(self, centres: Tensor) -> Levels:
        """The same steps around other centres: what a column expects is subtracted before its conversion.

        Args:
            centres: signals along `AXES`; each is rounded to a whole step.
        """
        shape = np.broadcast_shapes(centres.shape, self.extent)  # PyTorch's own imports SymPy, for 0.4 s
        steps, (low, high) = self.steps(), self.limits()
        shift = (centres / steps).round()
        moved = [tuple(map(int, (codes + shift).expand(shape).flatten().tolist())) for codes in (low, high)]
        return Levels(tuple(steps.expand(shape).flatten().tolist()), moved[0], moved[1], tuple(shape))

    @property
    def finest(self) -> tuple[float, ...]:
        """Smallest step of each weight slice."""
        return tuple(self.steps().amin((0, 1, 2, 3, 5)).tolist())

    @property
    def count(self) -> int:
        """Entries."""
        return math.prod(self.extent)
