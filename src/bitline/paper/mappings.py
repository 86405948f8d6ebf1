"""The weight mappings that the paper compares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Mapping:
    """How a figure of the paper maps weights to cells.

    Attributes:
        kind: differential or offset cells.
        bits_per_cell: bits of a weight slice, or 'unsliced'.
        bits: bits of a weight. Sliced differential weights have a ninth bit (section 4.1).
        subtraction: how lines are subtracted, or the offset removed.

    Examples:
        >>> MAPPINGS["offset 2b"].settings["weights.bits_per_cell"]
        2
        >>> MAPPINGS["offset 2b"].calibrated_range, MAPPINGS["differential 7b"].calibrated_range
        ('aligned', 'calibrated')
    """

    kind: Literal["differential", "offset"]
    bits_per_cell: int | Literal["unsliced"]
    bits: int
    subtraction: Literal["analog", "digital", "unit-column"]

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of a design with this mapping, by dotted name."""
        return {
            "weights.kind": self.kind,
            "weights.bits_per_cell": self.bits_per_cell,
            "weights.bits": self.bits,
            "weights.subtraction": self.subtraction,
        }

    @property
    def calibrated_range(self) -> str:
        """The policy that calibrates ADC ranges of this mapping as the paper's authors do (CrossSim 2.0).

        Ranges of sliced weights are powers of two of what an array can give; those of unsliced ones are free.
        """
        return "calibrated" if self.bits_per_cell == "unsliced" else "aligned"


MAPPINGS = {
    "differential 7b": Mapping("differential", "unsliced", 8, "analog"),
    "differential 4b": Mapping("differential", 4, 9, "analog"),
    "differential 2b": Mapping("differential", 2, 9, "analog"),
    "differential 1b": Mapping("differential", 1, 9, "analog"),
    "offset 8b": Mapping("offset", "unsliced", 8, "digital"),
    "offset 8b, unit column": Mapping("offset", "unsliced", 8, "unit-column"),
    "offset 4b": Mapping("offset", 4, 8, "digital"),
    "offset 2b": Mapping("offset", 2, 8, "digital"),
    "offset 1b": Mapping("offset", 1, 8, "digital"),
}
"""By the names of the figures: kind and bits per cell."""
DIFFERENTIAL = ("differential 7b", "differential 4b", "differential 2b", "differential 1b")
OFFSET = ("offset 8b", "offset 4b", "offset 2b", "offset 1b")
