"""Read noise of signals that are whole numbers, with its variance from products of bytes.

A variance needs no more than a few correct digits: `whole_variances` makes those of cells whole numbers. The squares of
input codes are exact, in two bytes. So a variance is right to a few in a thousand, and the same to the bit on every
processor.
"""

from __future__ import annotations

import torch
from torch import Tensor

from bitline.arrays.integer import IntegerProduct, multiply
from bitline.layer.counted_cells import CountedArrays, ReadArrays
from bitline.layer.line_products import whole_variances
from bitline.layer.readings import conversion_readings, line_by_line
from bitline.numerics.look_up import look_up
from bitline.numerics.read_noise import add_read_noise
from bitline.readout import scale_sums
from bitline.shapes import Float, SampleNumbers, Shaped


class IntegerReadNoise:
    """Noise of a layer's signals, drawn once for each from its variance.

    Args:
        arrays: the layer.
        step: G/G_max that a count stands for.
        added: variance of the converters' noise in counts, (lines,).
    """

    def __init__(self, arrays: ReadArrays, step: float, added: Float[Tensor, "lines"]) -> None:
        self._key = arrays.noise_key
        self._added = added.to(arrays.product_step)
        self._tables: list[Tensor] = []
        if isinstance(arrays, CountedArrays) or arrays.cells.noise is None:
            return
        (squares,) = arrays.squares(arrays.slicing.accumulated)  # of ohmic cells
        device, table = squares.cells.device, squares.drive.table
        assert table is not None
        cells = squares.cells.cpu()  # sums of other processors add in another order
        readings = conversion_readings(cells, arrays.design.weights, power=2).double() / step**2
        whole, scale = whole_variances(line_by_line(readings), arrays.partition.rows)
        by_part = scale[:, None].expand(-1, arrays.partition.parts, -1)
        self._scale = by_part.flatten().to(arrays.product_step)
        self._product = IntegerProduct(arrays.product, whole.to(device), arrays.partition, 0, multiply)
        self._tables = _byte_tables(table, arrays.inputs.zero_byte)

    def add(
        self,
        signals: Float[Tensor, "rows lines"],
        codes: Shaped[Tensor, "images channels height width"],
        samples: SampleNumbers,
    ) -> None:
        """Add noise to signals in counts, in place.

        Args:
            signals: position by position.
            codes: what the arrays were driven with, uint8.
            samples: their numbers.
        """
        variance = self.variance(codes, len(signals))
        by_sample = (len(samples), -1)
        add_read_noise(signals.view(by_sample), variance.view(by_sample), self._key, samples)

    def variance(self, codes: Shaped[Tensor, "images channels height width"], rows: int) -> Float[Tensor, "rows lines"]:
        """Variance of every signal in squares of counts.

        Args:
            codes: as for `add`.
            rows: positions of all images.
        """
        if not self._tables:
            return self._added.repeat(rows, 1)
        variance = self._added
        for weight, table in zip((1.0, 256.0), self._tables, strict=False):
            parts = self._product.parts_by_position(look_up(codes, table))
            total = torch.empty_like(parts[0]) if variance is self._added else variance
            scale_sums(parts, self._scale * weight, variance, total)
            variance = total
        return variance


def _byte_tables(table: Tensor, zero: int) -> list[Tensor]:
    """What each byte counts as, low and high byte; codes that do not occur count nothing."""
    top = len(table) // 2
    codes = torch.arange(256, device=table.device) - zero
    known = table[codes.clamp(-top, top) + top].round().long()
    counts = torch.where(codes.abs() <= top, known, 0)
    both = [(counts & 255).to(torch.uint8), (counts >> 8).to(torch.uint8)]
    return both if bool(both[1].any()) else both[:1]
