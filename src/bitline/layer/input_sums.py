"""Multiples of the sums of inputs, which G_min and offsets add to digital sums, and which are removed from them."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from bitline.arrays import Partition
from bitline.layer.arrays import LayerArrays, per_channel
from bitline.shapes import Float, LayerOutputs

Summed = Callable[[Tensor], Tensor]
"""Adds up the inputs of every array: (batch, groups * parts, *space) of codes."""


class InputSums:
    """What belongs to the sums of the inputs in outputs.

    Args:
        arrays: the layer.
        sums: of its inputs, over the rows of each array where lines have signs of their own, and otherwise over all.
    """

    def __init__(self, arrays: LayerArrays, sums: Summed) -> None:
        self._sums, self._lines = sums, arrays.line_signs
        self._groups, self._factor, self._step = arrays.product.groups, arrays.input_sum_factor, arrays.product_step

    @classmethod
    def of(
        cls, arrays: LayerArrays, summed: Callable[[Partition, Float[Tensor, "groups rows 1"]], Summed]
    ) -> InputSums | None:
        """Those of a layer; None where the mapping needs none.

        Args:
            arrays: the layer.
            summed: makes the product of codes with weights (groups, rows, lines) whose rows are split over arrays.
        """
        if arrays.line_signs is not None:
            return cls(arrays, summed(arrays.partition, row_ones(arrays)))
        if arrays.input_sum_factor == 0:
            return None
        return cls(arrays, summed(arrays.product.whole(), row_ones(arrays)))

    def remove(self, codes: Tensor, outputs: LayerOutputs) -> None:
        """Take what belongs to the sums of input codes away from outputs, in place.

        Args:
            codes: as the product takes them.
            outputs: (batch, groups * columns, *space).
        """
        sums = self._sums(codes).unflatten(1, (self._groups, -1))
        if self._lines is None:
            removed = (self._step * self._factor).reshape(self._groups, -1, *[1] * (outputs.ndim - 2))
            outputs.unflatten(1, (self._groups, -1)).sub_(sums * removed)  # two steps, so that nothing is fused
            return
        total = self._lines.removed_sums(sums).flatten(1, 2)
        outputs.sub_((total * per_channel(self._step.double(), outputs)).to(outputs))


def row_ones(arrays: LayerArrays) -> Float[Tensor, "groups rows 1"]:
    """Weights of the sum of the inputs of all rows."""
    return arrays.product_step.new_ones(arrays.product.groups, arrays.product.rows, 1)
