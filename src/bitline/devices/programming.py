"""How cells are written: one pulse, or pulses and reads in turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import torch
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
        conductance: G/G_max of every cell.
        outside: fraction of cells whose last read was outside the tolerance.
        writes: pulses of every cell, int32, same shape; None where each got one.

    Examples:
        >>> import torch
        >>> Written(torch.tensor([0.1, 0.5]), outside=0.0, writes=torch.tensor([1, 2])).pulses
        1.5
    """

    conductance: Tensor
    outside: float = 0.0
    writes: Tensor | None = None

    @property
    def pulses(self) -> float:
        """Write pulses per cell, on average."""
        return mean_pulses(self.writes)


def mean_pulses(writes: Tensor | None) -> float:
    """Write pulses per cell, on average; one for each cell where none are counted."""
    return 1.0 if writes is None else float(writes.double().mean())


class Once(Variant):
    """One write for each cell, as the device's programming error describes it.

    Examples:
        >>> import torch
        >>> target = torch.tensor([0.1, 0.5])
        >>> def pulse(draws: Draws) -> Tensor:
        ...     return target + 0.1 * draws.normal(target.shape, "programming error")
        >>> Once().write(pulse, target, noise=lambda cells: None, draws=Draws((0, 0, "conv1"))).conductance
        tensor([0.1599, 0.5191])
    """

    kind: Literal["once"] = "once"
    is_verified: ClassVar[bool] = False
    """Whether a read follows each pulse."""

    def write(self, pulse: Pulse, target: Tensor, noise: ReadNoise, draws: Draws) -> Written:
        """Write all cells.

        Args:
            pulse: writes all cells once.
            target: G/G_max wanted, any shape.
            noise: gives the standard deviation of the reads that verify.
            draws: random numbers of this chip and layer.
        """
        return Written(pulse(draws))


class WriteVerify(Variant):
    """Write, read, and write again the cells that read too far from their target.

    Every write draws the device's programming error anew, and every read has the cell's read noise: so a small
    tolerance costs pulses, and one below the read noise does not help.

    Examples:
        >>> import torch
        >>> target = torch.full((1000,), 0.5)
        >>> def pulse(draws: Draws) -> Tensor:
        ...     return target + 0.1 * draws.normal(target.shape, "programming error")
        >>> written = WriteVerify(tolerance=0.05).write(pulse, target, lambda cells: None, Draws((0, 0, "conv1")))
        >>> once = Once().write(pulse, target, lambda cells: None, Draws((0, 0, "conv1")))
        >>> once.conductance.std(), written.conductance.std()
        (tensor(0.0998), tensor(0.0297))
        >>> round(written.pulses, 1)
        2.6
    """

    kind: Literal["write-verify"] = "write-verify"
    is_verified: ClassVar[bool] = True
    """Whether a read follows each pulse."""
    tolerance: Annotated[float, Field(gt=0)]
    """Largest accepted distance of a read from the target, as a fraction of G_max."""
    iterations: Annotated[int, Field(ge=1)] = 10
    """Largest number of writes of a cell."""

    def write(self, pulse: Pulse, target: Tensor, noise: ReadNoise, draws: Draws) -> Written:
        cells = pulse(draws)
        writes = torch.ones(cells.shape, dtype=torch.int32, device=cells.device)
        outside = self._outside(cells, target, noise, draws.of("verify", 0))
        for iteration in range(1, self.iterations):
            if not outside.any():
                break
            writes += outside
            cells = cells.where(~outside, pulse(draws.of("write", iteration)))
            outside &= self._outside(cells, target, noise, draws.of("verify", iteration))
        return Written(cells, float(outside.double().mean()), writes)

    def _outside(self, cells: Tensor, target: Tensor, noise: ReadNoise, draws: Draws) -> Tensor:
        sigma = noise(cells)
        read = cells if sigma is None else cells + sigma * draws.normal(cells.shape, "verify")
        return (read - target).abs() > self.tolerance
