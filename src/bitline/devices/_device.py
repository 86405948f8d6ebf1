"""The interface of a memory device: what becomes of the conductance one asks for, and when it is read."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field
from torch import Size, Tensor

from bitline.config.variants import Variant
from bitline.devices.full_scale import FullScale
from bitline.numerics.draws import Draws
from bitline.shapes import Cellwise

Distribution = Literal["normal", "uniform"]
RelativeSigma = Annotated[float, Field(ge=0, le=100)]
"""A spread or noise as a fraction of a conductance: more is a mistake of the unit, and would end in infinities."""


@dataclass(frozen=True)
class NormalError:
    """A programming error of one normal number n a cell: G = target + spread n, or G = target (1 + spread n).

    Attributes:
        spread: of every cell, the shape of the targets; or one number if it is relative.
        is_relative: whether it is a share of the target.

    Examples:
        >>> NormalError(0.02, is_relative=True).spread
        0.02
    """

    spread: Cellwise | float
    is_relative: bool


class Device(Variant):
    """A memory device. Conductances are normalised to G_max (0..1), times are seconds after programming.

    A subclass says what differs from an exact device. It draws the random numbers that belong to a cell from `draws`,
    which gives the same numbers for the same purpose: so the cells that age are the cells that were programmed.

    Examples:
        >>> import torch
        >>> class MyDevice(Device):
        ...     sigma: float = 0.01
        ...
        ...     def program(self, target: Tensor, draws: Draws) -> Tensor:
        ...         return target + self.sigma * draws.normal(target.shape, "programming error")
        >>> MyDevice(sigma=0.05).program(torch.tensor([0.1, 0.5, 1.0]), Draws((0, 0, "conv1")))
        tensor([0.1300, 0.5096, 1.0510])
    """

    @property
    def is_exact(self) -> bool:
        """Whether cells have exactly their target conductances, for ever."""
        return False

    @property
    def default_on_off_ratio(self) -> float:
        """G_max / G_min of a cell unless the design says otherwise."""
        return math.inf

    @property
    def full_scale(self) -> FullScale | None:
        """What a cell conducts at G_max in physical units, which its energy follows from; None where it is not known.

        The component library says it then.
        """
        return None

    def program(self, target: Cellwise, draws: Draws) -> Cellwise:
        """Draw programmed conductances.

        Args:
            target: G/G_max wanted, any shape, float32 on the CPU.
            draws: random numbers of this chip and layer.

        Returns:
            Programmed G/G_max, not yet clipped, same shape.
        """
        raise NotImplementedError

    def normal_error(self, target: Cellwise) -> NormalError | None:
        """What `program` does where it takes one normal number a cell, for "programming error"; None where it does not.

        Whole chips are programmed faster with it. Who overrides `program` need not know it: it then counts no longer.

        Args:
            target: G/G_max wanted, any shape.
        """
        return None

    def aged(self, programmed: Cellwise, target: Cellwise, seconds: float, draws: Draws) -> Cellwise:
        """Conductances some time after programming.

        Args:
            programmed: G/G_max just after programming.
            target: G/G_max that was wanted, same shape.
            seconds: time since programming.
            draws: the random numbers that `program` was given.

        Returns:
            G/G_max at that time, not yet clipped, same shape.
        """
        return programmed

    def read_noise(self, conductance: Cellwise, programmed: Cellwise, seconds: float) -> Cellwise | None:
        """Standard deviation of G/G_max from one read to the next.

        Args:
            conductance: G/G_max at the time of reading.
            programmed: G/G_max of the same cells just after programming, same shape.
            seconds: time since programming.

        Returns:
            Same shape; None for a device that reads without noise.
        """
        return None

    @property
    def noise_lasts(self) -> bool:
        """Whether all reads of a chip at one time have the same noise: one that is slower than an inference, as 1/f
        noise is, and that no average over reads removes."""
        return False

    def check(self, lowest: float, seconds: float) -> None:
        """Refuse conductances or times for which the device's numbers mean nothing.

        Args:
            lowest: G_min/G_max of the design.
            seconds: time since programming.

        Raises:
            ValueError: a conductance or the time is out of range; the message says how to allow it.
        """

    def notes(self, lowest: float, seconds: float) -> tuple[str, ...]:
        """What a reader of results should know, such as what is extrapolated; one sentence each.

        Args:
            lowest, seconds: as for `check`, which has allowed them.
        """
        return ()


def standard_noise(distribution: Distribution, draws: Draws) -> Callable[[Size, str], Tensor]:
    """The function that draws numbers of mean 0 and standard deviation 1 with this distribution.

    Examples:
        >>> standard_noise("uniform", Draws((0,)))((1000,), "programming error").abs().max() < 3**0.5
        tensor(True)
    """
    return {"normal": draws.normal, "uniform": draws.standard_uniform}[distribution]
