"""Cells that do not do what they are told to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor

from bitline.config.part import Part
from bitline.numerics.draws import Draws
from bitline.shapes import Cellwise, Shaped

Fraction = Annotated[float, Field(ge=0, le=1)]
SOUND, LOW, HIGH, TELEGRAPH = range(4)


class Faults(Part):
    """Fractions of faulty cells, placed at random, and the columns kept in reserve for them.

    Examples:
        A tenth of the cells of a 40 x 25 array is stuck at G_max:

        >>> faults, draws = Faults(stuck_high=0.1), Draws((0, 0, "conv1"))
        >>> target = torch.zeros(1, 1, 1, 40, 25)
        >>> states = faults.states(target, lowest=0.0, row_slices=[slice(0, 40)], width=25, draws=draws)
        >>> cells = faults.apply(states, target, lowest=0.0, draws=draws, time=0.0)
        >>> int((states == HIGH).sum()), int((cells == 1).sum())
        (82, 82)
    """

    stuck_low: Fraction = 0.0
    """Fraction of cells stuck at G_min."""
    stuck_high: Fraction = 0.0
    """Fraction of cells stuck at G_max."""
    telegraph: Fraction = 0.0
    """Fraction of cells with random-telegraph noise, slow against one inference: each is in one of two states, drawn
    independently at every time."""
    telegraph_amplitude: Annotated[float, Field(ge=0, le=2)] = 0.0
    """Difference between the two states of a telegraph cell, as a fraction of its G."""
    spare_columns: Annotated[int, Field(ge=0)] = 0
    """Spare bit lines of each array and line: after a test of all cells, they stand in for the columns whose stuck
    cells do most harm. Spares have faults too."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.stuck_low + self.stuck_high + self.telegraph > 1:
            raise ValueError(
                "cell.faults: the shares of stuck_low, stuck_high and telegraph cells add up to more than 1"
            )
        if self.telegraph > 0 and self.telegraph_amplitude == 0:
            raise ValueError(
                f"cell.faults.telegraph is {self.telegraph:g}, but telegraph_amplitude is 0: say how far apart the two "
                "states are, for example cell.faults.telegraph_amplitude = 0.1"
            )
        return self

    @property
    def is_none(self) -> bool:
        """Whether all cells work."""
        return self.stuck_low == self.stuck_high == self.telegraph == 0

    def states(self, target: Cellwise, lowest: float, row_slices: Sequence[slice], width: int, draws: Draws) -> Tensor:
        """Fault of every cell of a layer, the same at all times.

        Args:
            target: G/G_max without faults, (lines, slices, groups, rows, columns).
            lowest: G_min/G_max.
            row_slices: rows of each row partition.
            width: columns of an array.
            draws: random numbers of this chip and layer.

        Returns:
            SOUND, LOW, HIGH or TELEGRAPH, same shape, int8.
        """
        if self.is_none:
            return torch.tensor(SOUND, dtype=torch.int8).expand(target.shape)
        states = self._states(target.shape, draws, "faults")
        if self.spare_columns:
            for part, rows in enumerate(row_slices):
                for tile, start in enumerate(range(0, target.shape[-1], width)):
                    place = (..., rows, slice(start, start + width))
                    spares = self._states(
                        (*target[place].shape[:-1], self.spare_columns), draws, f"spare {part} {tile}"
                    )
                    states[place] = _with_spares(states[place], target[place], spares, lowest)
        return states

    def apply(
        self, states: Shaped[Tensor, "*cells"], cells: Cellwise, lowest: float, draws: Draws, time: float
    ) -> Cellwise:
        """Conductances of the cells of a layer with their faults.

        Args:
            states: fault of every cell.
            cells: G/G_max without faults, same shape.
            lowest: G_min/G_max.
            draws: random numbers of this chip and layer.
            time: seconds since programming.

        Returns:
            G/G_max, same shape.
        """
        if self.is_none:
            return cells
        result = _stuck(states, cells, lowest)
        if self.telegraph:
            upper = draws.uniform01(cells.shape, f"telegraph at {time!r}") < 0.5
            swing = torch.where(upper, self.telegraph_amplitude / 2, -self.telegraph_amplitude / 2)
            result = torch.where(states == TELEGRAPH, result * (1 + swing), result)
        return result

    def _states(self, shape: Sequence[int], draws: Draws, what: str) -> Tensor:
        """Fault of every cell, int8."""
        place = draws.uniform01(tuple(shape), what)
        ends = (self.stuck_low, self.stuck_low + self.stuck_high, self.stuck_low + self.stuck_high + self.telegraph)
        states = torch.full(place.shape, SOUND, dtype=torch.int8)
        for fault, end in zip((TELEGRAPH, HIGH, LOW), reversed(ends), strict=True):
            states[place < end] = fault
        return states


def _stuck(states: Tensor, cells: Tensor, lowest: float) -> Tensor:
    return cells.masked_fill(states == LOW, lowest).masked_fill(states == HIGH, 1.0)


def _with_spares(states: Tensor, target: Tensor, spares: Tensor, lowest: float) -> Tensor:
    """Faults of an array after its worst columns have moved to spare columns.

    Args:
        states: fault of every cell, (..., rows, columns).
        target: G/G_max without faults, same shape.
        spares: faults of the spare columns, (..., rows, spare columns).
        lowest: G_min/G_max.
    """
    states = states.clone()
    harm = (_stuck(states, target, lowest) - target).abs().sum(-2)
    used = torch.zeros_like(spares[..., 0, :], dtype=torch.bool)
    for _ in range(spares.shape[-1]):
        worst = harm.argmax(-1, keepdim=True)
        column = worst[..., None, :].expand(*states.shape[:-1], 1)
        wanted = target.gather(-1, column)
        harms = (_stuck(spares, wanted.expand_as(spares), lowest) - wanted).abs().sum(-2)
        best = harms.masked_fill(used, torch.inf).argmin(-1, keepdim=True)
        helps = harms.gather(-1, best) < harm.gather(-1, worst)
        chosen = spares.gather(-1, best[..., None, :].expand(*spares.shape[:-1], 1))
        states.scatter_(-1, column, torch.where(helps[..., None, :], chosen, states.gather(-1, column)))
        used.scatter_(-1, best, used.gather(-1, best) | helps)
        harm.scatter_(-1, worst, -1.0)
    return states
