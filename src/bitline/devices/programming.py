"""How cells are written: one pulse, or pulses and reads in turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor

from bitline.config.variants import Variant
from bitline.numerics.draws import Draws

Pulse = Callable[[Draws], Tensor]
"""Writes all cells once: draws to G/G_max."""
ReadNoise = Callable[[Tensor], Tensor | None]
"""Standard deviation of a read of cells with these G/G_max."""


@dataclass(frozen=True)
class Written:
    """Cells after programming.

    Attributes:
        conductance: G/G_max.
        pulses: write pulses per cell, on average.
        outside: share of cells whose last read was outside the tolerance.
    """

    conductance: Tensor
    pulses: float
    outside: float


class Once(Variant):
    """One write for each cell, as the device's programming error describes it."""

    kind: Literal["once"] = "once"

    def write(self, pulse: Pulse, target: Tensor, noise: ReadNoise, draws: Draws) -> Written:
        """Write all cells.

        Args:
            pulse: one write.
            target: G/G_max asked for.
            noise: noise of the reads that verify.
            draws: random numbers of this chip and layer.
        """
        return Written(pulse(draws), pulses=1.0, outside=0.0)


class WriteVerify(Variant):
    """Write, read, and write again the cells that read too far from their target.

    Every write draws the device's programming error anew, and every read has the cell's read noise: so a small
    tolerance costs pulses, and one below the read noise does not help.
    """

    kind: Literal["write-verify"] = "write-verify"
    tolerance: Annotated[float, Field(gt=0)]
    """Largest accepted distance of a read from the target, as a fraction of G_max."""
    iterations: Annotated[int, Field(ge=1)] = 10
    """Largest number of writes of a cell."""

    def write(self, pulse: Pulse, target: Tensor, noise: ReadNoise, draws: Draws) -> Written:
        cells = pulse(draws)
        pulses = 1.0
        outside = self._outside(cells, target, noise, draws.of("verify", 0))
        for iteration in range(1, self.iterations):
            share = float(outside.double().mean())
            if share == 0:
                break
            pulses += share
            cells = cells.where(~outside, pulse(draws.of("write", iteration)))
            outside &= self._outside(cells, target, noise, draws.of("verify", iteration))
        return Written(cells, pulses, float(outside.double().mean()))

    def _outside(self, cells: Tensor, target: Tensor, noise: ReadNoise, draws: Draws) -> Tensor:
        sigma = noise(cells)
        read = cells if sigma is None else cells + sigma * draws.normal(cells.shape, "verify")
        return (read - target).abs() > self.tolerance
