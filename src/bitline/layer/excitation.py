"""What the arrays of a layer are evaluated at, one evaluation after the other."""

from __future__ import annotations

from dataclasses import dataclass

from bitline.shapes import CellTensor, LayerInputs, Table


@dataclass(frozen=True)
class Drive:
    """What rows are driven with in one evaluation of the arrays.

    Attributes:
        table: what each input code from -top to top counts as; None where it counts as itself.
    """

    table: Table | None = None

    def inputs(self, codes: LayerInputs) -> LayerInputs:
        """Input codes or digits as this evaluation sees them."""
        return codes if self.table is None else self.table[codes.long() + len(self.table) // 2]

    def largest(self, code: int) -> int:
        """Magnitude of the largest number that codes up to one become."""
        return code if self.table is None else int(self.table.max())

    @property
    def is_signed(self) -> bool | None:
        """Whether numbers can be negative; None where they are what the codes are."""
        return None if self.table is None else bool((self.table < 0).any())


@dataclass(frozen=True)
class SquaredDrive(Drive):
    """Squares of input codes of many bits, which need few correct digits.

    Attributes:
        coarser: what codes are multiplied by before they are squared and rounded.
    """

    coarser: float = 1.0

    def inputs(self, codes: LayerInputs) -> LayerInputs:
        return (codes * self.coarser).square().round()

    def largest(self, code: int) -> int:
        return round((code * self.coarser) ** 2)

    @property
    def is_signed(self) -> bool:
        return False


@dataclass(frozen=True)
class Excitation:
    """One evaluation of the arrays.

    Attributes:
        drive: what the rows are driven with.
        cells: (lines, slices, groups, rows, columns + unit columns), what it multiplies.
    """

    drive: Drive
    cells: CellTensor
