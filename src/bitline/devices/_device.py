"""The interface of a memory device: what becomes of the conductance one asks for, and when it is read."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

from torch import Size, Tensor

from bitline.config.variants import Variant
from bitline.numerics.draws import Draws

Distribution = Literal["normal", "uniform"]


class Device(Variant):
    """A memory device. Conductances are normalised to G_max (0..1), times are seconds after programming.

    A subclass says what differs from an exact device. It draws the random numbers that belong to a cell from `draws`,
    which gives the same numbers for the same purpose: so the cells that age are the cells that were programmed.
    """

    @property
    def is_exact(self) -> bool:
        """Whether cells hold exactly what they are told to, for ever."""
        return False

    @property
    def default_on_off_ratio(self) -> float:
        """G_max / G_min of a cell where the design does not say otherwise."""
        return math.inf

    def program(self, target: Tensor, draws: Draws) -> Tensor:
        """Draw programmed conductances.

        Args:
            target: G/G_max, any shape, float32 on the CPU.
            draws: random numbers of this chip and layer.

        Returns:
            Programmed G/G_max, not yet clipped, same shape.
        """
        raise NotImplementedError

    def aged(self, programmed: Tensor, target: Tensor, seconds: float, draws: Draws) -> Tensor:
        """What the cells hold some time after programming.

        Args:
            programmed: G/G_max just after programming.
            target: G/G_max that was asked for, same shape.
            seconds: time since programming.
            draws: as for `program`.

        Returns:
            G/G_max at that time, not yet clipped, same shape.
        """
        return programmed

    def read_noise(self, conductance: Tensor, programmed: Tensor, seconds: float) -> Tensor | None:
        """Standard deviation of G/G_max from one read to the next; none for a device that reads without noise.

        Args:
            conductance: G/G_max at the time of reading.
            programmed: G/G_max of the same cells just after programming, same shape.
            seconds: time since programming.
        """
        return None

    def check(self, lowest: float, seconds: float) -> None:
        """Refuse conductances or times for which the device's numbers mean nothing.

        Args:
            lowest: G_min/G_max of the design.
            seconds: time since programming.

        Raises:
            ValueError: what is outside of the range, and how to allow it.
        """


def standard_noise(distribution: Distribution, draws: Draws) -> Callable[[Size, str], Tensor]:
    """The function that draws numbers of mean 0 and standard deviation 1 with this distribution."""
    return {"normal": draws.normal, "uniform": draws.standard_uniform}[distribution]
