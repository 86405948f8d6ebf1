"""Which chip a layer is on."""

from __future__ import annotations

from dataclasses import dataclass

from bitline.design import Design
from bitline.numerics.draws import Draws


@dataclass(frozen=True)
class Chip:
    """One independently programmed instance of a design.

    Seed, number and a layer's name decide its cells; time does not change which cells were programmed.

    Examples:
        >>> Chip(seed=0, number=2).draws.of("layer1.conv1").integer("read noise") == Chip(number=2).draws.of(
        ...     "layer1.conv1"
        ... ).integer("read noise")
        True

    Attributes:
        seed: of all chips of a simulation.
        number: of this one among them.
        time_s: seconds since programming; None for `cell.time` of the design.
    """

    seed: int = 0
    number: int = 0
    time_s: float | None = None

    @property
    def draws(self) -> Draws:
        """Random numbers of this chip."""
        return Draws((self.seed, self.number))

    def design(self, design: Design) -> Design:
        """A design as this chip shows it, at this time."""
        return design if self.time_s is None else design.at(self.time_s)
