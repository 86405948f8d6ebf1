"""The wires of lines of cells, as every solver takes them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bitline.arrays.wires import Wire

OPEN = math.inf
"""Resistance between a wire and what is not connected to it."""


@dataclass(frozen=True)
class LineWires:
    """A wire along a line of cells and what its ends are connected to; resistances times G_max (dimensionless).

    Attributes:
        segment: between neighbouring cells, and between the cell at an end and that end of the wire.
        foot: from the end behind the last cell to a virtual ground, driver or supply; infinite if it is open.
        head: the same of the end before the first cell.

    Examples:
        >>> LineWires(segment=1e-5, foot=1e-4).is_ideal, LineWires(segment=0.0).is_ideal
        (False, True)
        >>> LineWires(segment=0.1, foot=0.4).reversed()
        LineWires(segment=0.1, foot=inf, head=0.4)
    """

    segment: float
    foot: float = 0.0
    head: float = OPEN

    @classmethod
    def of(cls, wire: Wire, foot: bool = True, head: bool = False) -> LineWires:
        """A wire that is connected at some of its ends."""
        terminal = wire.normalised_terminal
        return cls(wire.normalised_segment, terminal if foot else OPEN, terminal if head else OPEN)

    @property
    def is_ideal(self) -> bool:
        """Whether cells are connected directly to what is at the ends."""
        return self.segment == 0 and self.foot in (0, OPEN) and self.head in (0, OPEN)

    @property
    def at_foot(self) -> float:
        """Conductance between the last cell and what is at the foot."""
        return 1 / (self.segment + self.foot)

    @property
    def at_head(self) -> float:
        """Conductance between the first cell and what is at the head."""
        return 1 / (self.segment + self.head)

    def reversed(self) -> LineWires:
        """The same line with its ends exchanged."""
        return LineWires(self.segment, self.head, self.foot)
