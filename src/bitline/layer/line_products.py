"""Sums over the rows of every line, for plans whose weights are no whole numbers, or whose converters are not alike.

Inputs are always whole numbers: codes, digits, or what a table makes of them. Weights are resolved to 23 bits with
their sign relative to the largest of their line, which is what float32 resolves sums to. Then a product is one of whole
numbers, see `bitline.arrays.integer`, and no sum depends on the order of its terms: a signal has the same bits for any
batch and any number of threads.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bitline.arrays import Partition, Product
from bitline.arrays.integer import IntegerProduct, multiply, why_not
from bitline.arrays.integer.windows import as_images
from bitline.layer.arrays import LayerArrays, per_channel
from bitline.layer.excitation import Drive
from bitline.shapes import Currents, Float, Int, LayerInputs, Outputs, Shaped

LARGEST = 127 * (1 + 256 + 65536)
"""Largest whole number of three pieces."""
SMALLEST = -149
"""Exponent of the smallest number above 0 in float32."""
MANY_ROWS = 512
"""Rows from which on variances of cells take one byte."""
ONE_BYTE, TWO_BYTES = 127, 127 * (1 + 256)
"""Largest whole number of one and of two pieces."""


class LineProduct(ABC):
    """Multiplies inputs by what rows contribute to lines, and adds up the rows."""

    @abstractmethod
    def __call__(self, inputs: LayerInputs) -> Currents:
        """Sums (batch, groups * parts * lines, *space) of whole numbers (batch, groups * channels, *space)."""


DrivenProduct = tuple[Drive, LineProduct]
"""What input codes count as in one evaluation of the arrays, and the product that it is."""


def driven_sum(products: Sequence[DrivenProduct], codes: LayerInputs) -> Currents:
    """Sums of all evaluations, (batch, groups * parts * lines, *space).

    Args:
        products: one or more.
        codes: input codes or digits, (batch, groups * channels, *space).
    """
    (drive, product), *others = products
    total = product(drive.inputs(codes))
    for drive, product in others:
        total += product(drive.inputs(codes))
    return total


class FloatLineProduct(LineProduct):
    """In floating point: float64, and products that are no two-dimensional convolutions with even padding.

    Args:
        product: shape of the layer.
        partition: how its rows are split over arrays.
        weights: what rows contribute, (groups, rows, lines), in the precision of the products.
        bias: what is added to each line.
    """

    def __init__(
        self,
        product: Product,
        partition: Partition,
        weights: Float[Tensor, "groups rows lines"],
        bias: Outputs | None = None,
    ) -> None:
        self._product, self._partition, self._bias = product, partition, bias
        self._weights = product.lay_out(weights, partition)

    def __call__(self, inputs: LayerInputs) -> Currents:
        return self._product.apply(inputs, self._weights, self._partition, self._bias)


def driven_variance(products: Sequence[DrivenProduct], codes: LayerInputs) -> Currents:
    """`driven_sum` of what adds up to variances: terms below 0, of bits that add opposite voltages, never win.

    Args:
        products: one or more.
        codes: input codes or digits, (batch, groups * channels, *space).
    """
    return driven_sum(products, codes).clamp_(min=0)  # roundings of the terms apart


@dataclass(frozen=True)
class Reach:
    """Which whole numbers inputs can be.

    Attributes:
        largest: magnitude.
        signed: whether they can be negative.
    """

    largest: int
    signed: bool

    @classmethod
    def of(cls, drive: Drive, largest: int, signed: bool) -> Reach:
        """What a drive makes of codes or digits up to `largest`."""
        own = drive.is_signed
        return cls(drive.largest(largest), signed if own is None else own)

    @property
    def zero(self) -> int:
        """Byte that stands for 0."""
        return 128 if self.signed else 0

    def bytes_of(self, inputs: Tensor) -> Iterator[tuple[Shaped[Tensor, "*codes"], float]]:
        """Inputs as bytes, the least significant first, and what 1 counts in each.

        Examples:
            >>> [(byte.tolist(), weight) for byte, weight in Reach(1000, signed=False).bytes_of(torch.tensor([700.0]))]
            [([188], 1.0), ([2], 256.0)]
        """
        rest, top, weight, one_byte = inputs, self.largest, 1.0, 255 - self.zero
        if top > one_byte:
            rest = inputs.to(torch.int32 if top < 1 << 30 else torch.int64)
        while top > one_byte:
            byte = (rest + self.zero) & 255
            yield byte.to(torch.uint8), weight
            rest, top, weight = (rest - byte + self.zero) >> 8, (top + self.zero) >> 8, weight * 256
        yield (rest + self.zero).to(torch.uint8), weight


class WholeLineProduct(LineProduct):
    """Of whole numbers.

    Args:
        product: shape of the layer.
        partition: how its rows are split over arrays.
        counts: what rows contribute, int64 (groups, rows, lines).
        scale: what 1 counts in the sums of a line, (groups, lines).
        reach: of the inputs.
        bias: what is added to each line.
    """

    def __init__(
        self,
        product: Product,
        partition: Partition,
        counts: Int[Tensor, "groups rows lines"],
        scale: Float[Tensor, "groups lines"],
        reach: Reach,
        bias: Outputs | None = None,
    ) -> None:
        self._shape, self._reach, self._bias = product, reach, bias
        self._product = IntegerProduct(product, counts, partition, reach.zero, multiply)
        self._scale = scale[:, None].expand(-1, partition.parts, -1).flatten().float()

    def __call__(self, inputs: LayerInputs) -> Currents:
        total: Tensor | None = None
        for byte, weight in self._reach.bytes_of(as_images(inputs)):
            sums = self._product.by_position(byte)
            total = sums if total is None else total.add_(sums.mul_(weight))
        assert total is not None
        by_image = total.mul_(self._scale).view(len(inputs), -1, len(self._scale))
        currents = by_image.transpose(1, 2).reshape(len(inputs), -1, *self._shape.space(inputs))
        return currents if self._bias is None else currents.add_(per_channel(self._bias, currents))


def is_whole(arrays: LayerArrays) -> bool:
    """Whether the products of a layer can be those of whole numbers."""
    return arrays.product_step.dtype == torch.float32 and not why_not(arrays.product)


def line_product(
    arrays: LayerArrays,
    partition: Partition,
    weights: Float[Tensor, "groups rows lines"],
    reach: Reach,
    bias: Outputs | None = None,
) -> LineProduct:
    """The product of weights of any size, of whole numbers if it can be.

    Args:
        arrays: the layer.
        partition: how its rows are split over arrays.
        weights: what rows contribute, float64.
        reach: of the inputs.
        bias: what is added to each line.
    """
    if not is_whole(arrays):
        return FloatLineProduct(arrays.product, partition, weights.to(arrays.product_step), bias)
    _, exponent = torch.frexp(weights.abs().amax(dim=1) / LARGEST)
    scale = 2.0 ** exponent.double().clamp(min=SMALLEST)  # a power of two: whole numbers stay what they are
    counts = (weights / scale[:, None]).round().long()
    return WholeLineProduct(arrays.product, partition, counts, scale, reach, bias)


def variance_product(
    arrays: LayerArrays, partition: Partition, variances: Float[Tensor, "groups rows lines"], reach: Reach
) -> LineProduct:
    """The product that gives the variances of signals, which need few correct digits.

    Args:
        arrays: the layer.
        partition: how its rows are split over arrays.
        variances: of rows, float64.
        reach: of what input codes count in a variance.
    """
    if not is_whole(arrays):
        return FloatLineProduct(arrays.product, partition, variances.to(arrays.product_step))
    counts, scale = whole_variances(variances.cpu(), partition.rows)  # other processors add in another order
    device = variances.device
    return WholeLineProduct(arrays.product, partition, counts.to(device), scale.to(device), reach)


def whole_variances(
    variances: Float[Tensor, "groups rows lines"], rows: int
) -> tuple[Int[Tensor, "groups rows lines"], Float[Tensor, "groups lines"]]:
    """Variances as whole numbers of 15 bits relative to the largest of their line, and what 1 counts.

    Of 7 bits where a line has so many rows that the rounding averages out. Their sum over the rows of a line is kept:
    what one cell loses by rounding, the next one gets.

    Args:
        variances: of rows, or terms of theirs, which can be negative.
        rows: of an array.

    Examples:
        >>> counts, scale = whole_variances(torch.tensor([[[4.0], [1.0], [1.0]]]).double(), rows=600)
        >>> counts.flatten().tolist(), round(float(scale), 4)
        ([127, 32, 31], 0.0315)
    """
    largest = variances.abs().amax(dim=1, keepdim=True)
    scale = largest / (ONE_BYTE if rows >= MANY_ROWS else TWO_BYTES)
    sums = torch.where(scale > 0, variances / scale, 0.0).cumsum(dim=1).round_().long()
    counts = sums.diff(dim=1, prepend=torch.zeros_like(sums[:, :1]))
    return counts, scale[:, 0]
