"""The interface of a memory device: what becomes of the conductance one asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from torch import Size, Tensor

from bitline._model import Part
from bitline.draws import Draws

Distribution = Literal["normal", "uniform"]


class Device(Part):
    """A memory device. Conductances are normalised to G_max (0..1)."""

    @property
    def is_exact(self) -> bool:
        """Whether cells hold exactly what they are told to."""
        return False

    def program(self, target: Tensor, draws: Draws) -> Tensor:
        """Draw programmed conductances.

        Args:
            target: G/G_max, any shape, float32 on the CPU.
            draws: random numbers of this chip and layer.

        Returns:
            Programmed G/G_max, not yet clipped, same shape.
        """
        raise NotImplementedError


def standard_noise(distribution: Distribution, draws: Draws) -> Callable[[Size, str], Tensor]:
    """The function that draws numbers of mean 0 and standard deviation 1 with this distribution."""
    return {"normal": draws.normal, "uniform": draws.uniform}[distribution]
