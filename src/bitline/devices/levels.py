"""Conductances that the write circuit can aim at."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import torch
from pydantic import Field, model_validator

from bitline.config.variants import Variant
from bitline.shapes import Cellwise


class ContinuousLevels(Variant):
    """Any conductance between G_min and G_max.

    Examples:
        >>> ContinuousLevels().nearest(torch.tensor([0.3]), lowest=0.0)
        tensor([0.3000])
    """

    kind: Literal["continuous"] = "continuous"

    def nearest(self, target: Cellwise, lowest: float) -> Cellwise:
        """Targets as the write circuit aims at them.

        Args:
            target: G/G_max wanted, any shape.
            lowest: G_min/G_max.

        Returns:
            G/G_max of the nearest levels, same shape.
        """
        return target


class UniformLevels(Variant):
    """Equally spaced conductances from G_min to G_max.

    Half-way between two it is the one with the even number from G_min, if floating point has the target half-way.

    Examples:
        >>> UniformLevels(count=5).nearest(torch.tensor([0.1, 0.3, 0.9]), lowest=0.0)
        tensor([0.0000, 0.2500, 1.0000])
    """

    kind: Literal["uniform"] = "uniform"
    count: Annotated[int, Field(ge=2)]
    """Number of levels, G_min and G_max among them."""

    def nearest(self, target: Cellwise, lowest: float) -> Cellwise:
        step = (1 - lowest) / (self.count - 1)
        return ((target - lowest) / step).round().mul(step).add(lowest)


class LevelTable(Variant):
    """A table of conductances, however spaced; half-way between two it is the smaller one, as floating point has it.

    Examples:
        >>> LevelTable(values=(0.1, 0.2, 1.0)).nearest(torch.tensor([0.0, 0.3, 0.9]), lowest=0.1)
        tensor([0.1000, 0.2000, 1.0000])
    """

    kind: Literal["table"] = "table"
    values: Annotated[tuple[Annotated[float, Field(ge=0, le=1)], ...], Field(min_length=2)]
    """G/G_max of the levels, ascending."""

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if any(later <= first for first, later in zip(self.values, self.values[1:], strict=False)):
            raise ValueError(f"cell.levels.values are {list(self.values)}: give them in ascending order, each once")
        return self

    def nearest(self, target: Cellwise, lowest: float) -> Cellwise:
        values = torch.tensor(self.values, dtype=target.dtype, device=target.device)
        edges = (values[1:] + values[:-1]) / 2
        return values[torch.bucketize(target.contiguous(), edges)]
