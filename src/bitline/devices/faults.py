"""Cells that do not do what they are told to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor
from torch.nn import functional

from bitline.config.part import Part
from bitline.numerics.draws import Draws
from bitline.placement import Placement
from bitline.shapes import Cellwise, Shaped

Fraction = Annotated[float, Field(ge=0, le=1)]
SOUND, LOW, HIGH, TELEGRAPH = range(4)


class Faults(Part):
    """Fractions of faulty cells, placed at random, and the columns kept in reserve for them.

    Examples:
        A tenth of the cells of a 40 x 25 array is stuck at G_max:

        >>> faults, draws = Faults(stuck_high=0.1), Draws((0, 0, "conv1"))
        >>> target = torch.zeros(1, 1, 1, 40, 25)
        >>> placement = Placement.on_one_array(rows=40, columns=25)
        >>> states = faults.states(target, lowest=0.0, placement=placement, draws=draws)
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

    def states(self, target: Cellwise, lowest: float, placement: Placement, draws: Draws) -> Tensor:
        """Fault of every cell of a layer, the same at all times.

        Args:
            target: G/G_max without faults, (lines, slices, groups, rows, columns).
            lowest: G_min/G_max.
            placement: of the layer on its arrays.
            draws: random numbers of this chip and layer.

        Returns:
            SOUND, LOW, HIGH or TELEGRAPH, same shape, int8.
        """
        if self.is_none:
            return torch.tensor(SOUND, dtype=torch.int8).expand(target.shape)
        states = self._states(target.shape, draws, "faults")
        if self.spare_columns:
            for part, rows in enumerate(placement.row_slices):
                for tile in range(placement.tiles):
                    place = (..., rows, placement.columns_of(tile))
                    spares = self._states(
                        (*target[place].shape[:-1], self.spare_columns), draws, f"spare {part} {tile}"
                    )
                    states[place] = _with_spares(states[place], target[place], spares, lowest, placement.packed)
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


def _with_spares(states: Tensor, target: Tensor, spares: Tensor, lowest: float, packed: int) -> Tensor:
    """Faults of arrays after their worst columns have moved to spare columns.

    Args:
        states: fault of every cell, (lines, slices, groups, rows, columns).
        target: G/G_max without faults, same shape.
        spares: faults of the spare columns at the rows of each group, (lines, slices, groups, rows, spare columns).
        lowest: G_min/G_max.
        packed: groups that share an array and its spare columns.
    """
    states = states.clone()
    groups, columns = states.shape[2], states.shape[4]
    harm = (_stuck(states, target, lowest) - target).abs().sum(-2)
    harm = functional.pad(harm, (0, 0, 0, -groups % packed), value=-1.0).unflatten(2, (-1, packed)).flatten(3)
    used = torch.zeros(*harm.shape[:3], spares.shape[-1], dtype=torch.bool)
    line, index, pack = torch.meshgrid(*map(torch.arange, harm.shape[:3]), indexing="ij")
    for _ in range(spares.shape[-1]):
        worst = harm.argmax(-1, keepdim=True)
        group = (pack * packed + worst[..., 0] // columns).clamp(max=groups - 1)  # as all of an array may be spent
        place = (line, index, group, slice(None), worst[..., 0] % columns)
        wanted, own = target[place][..., None], spares[line, index, group]
        harms = (_stuck(own, wanted.expand_as(own), lowest) - wanted).abs().sum(-2)
        best = harms.masked_fill(used, torch.inf).argmin(-1, keepdim=True)
        helps = harms.gather(-1, best) < harm.gather(-1, worst)
        chosen = own.gather(-1, best[..., None, :].expand(*own.shape[:-1], 1))[..., 0]
        states[place] = torch.where(helps, chosen, states[place])
        used.scatter_(-1, best, used.gather(-1, best) | helps)
        harm.scatter_(-1, worst, -1.0)
    return states
