"""A product with whole numbers, from products of bytes.

An input code takes a byte. A conductance on its grid takes more, so it is cut into pieces of 8 bits with a sign,

    k = sum over i of 256^i k_i,    -128 <= k_i <= 127,

and the codes are multiplied by each piece. The sum of such a product over all rows is exact: processors add products
of bytes in 32 bits, which 65,000 rows cannot fill. Each sum is then rounded once to float32, and the sums of the pieces
are added from the least significant on:

    y = fl(... fl(fl(y_0) + 256 fl(y_1)) ...),

where fl(256 y) = 256 fl(y). Sums below 2^24 are not rounded at all. Nothing of this depends on the order of a sum, so
every way to compute it gives the same bits, whatever the batch, the threads and the processor.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from bitline.arrays.integer.windows import Windows, with_more_channels
from bitline.arrays.partition import Partition
from bitline.arrays.product import Product
from bitline.numerics.parts import added
from bitline.shapes import Float, Int, Shaped

MAX_ROWS = 65_000
"""Rows whose products of bytes always fit into 32 bits: 2^31 / (255 * 128)."""


class Multiply(ABC):
    """One way to multiply codes in bytes by pieces of weights.

    Args:
        pieces: what is multiplied, int8 (products, channels, height, width) each, and what its sums count.
        windows: how the kernels walk over images.
        matrices: groups of channels, each with its own share of the products.
        zero: byte of code 0.

    Attributes:
        name: what it is called.
    """

    name: str

    @abstractmethod
    def __init__(self, pieces: list[tuple[Tensor, float]], windows: Windows, matrices: int, zero: int) -> None: ...

    @abstractmethod
    def parts(
        self, codes: Shaped[Tensor, "images channels height width"]
    ) -> list[Float[Tensor, "images products h w"]]:
        """What the sums are made of, to be added one after another: one for each piece, or for all of them.

        Args:
            codes: uint8, channels last in memory, as the sums are.
        """

    def __call__(self, codes: Shaped[Tensor, "images channels height width"]) -> Float[Tensor, "images products h w"]:
        """Sums over the rows, of the arguments of `parts`."""
        return added(self.parts(codes))

    @classmethod
    def rounds_twice(cls, zero: int) -> bool:
        """Whether sums are rounded before code 0 is taken away, too, so that they are exact only below 2^24.

        Args:
            zero: byte of code 0.
        """
        return False

    def for_space(self, space: tuple[int, ...]) -> Multiply:
        """This way, or a slower one where this one is not exact for images of this height and width."""
        return self

    @classmethod
    @abstractmethod
    def why_not(cls, device: str) -> str:
        """Why it cannot be used on 'cpu' or 'cuda'; empty where it can."""


class IntegerProduct:
    """A product of codes in bytes with whole numbers.

    Args:
        product: shape of the layer.
        weights: whole numbers row by row, int64 or int32 (groups, rows, lines).
        partition: how the rows are split over arrays.
        zero: byte of code 0.
        multiply: makes the way to multiply from the arguments of a `Multiply`.

    Examples:
        >>> from bitline.arrays import MatrixProduct
        >>> from bitline.arrays.integer.floating import FloatingMultiply
        >>> weights = torch.tensor([[[1000], [-3]]])  # one group, two rows, one line
        >>> shape = MatrixProduct(channels=2)
        >>> product = IntegerProduct(shape, weights, shape.whole(), zero=0, multiply=FloatingMultiply)
        >>> product.sums(torch.tensor([[7, 9]], dtype=torch.uint8).reshape(1, 2, 1, 1)).flatten()
        tensor([6973.])
    """

    def __init__(
        self,
        product: Product,
        weights: Int[Tensor, "groups rows lines"],
        partition: Partition,
        zero: int,
        multiply: Callable[..., Multiply],
    ) -> None:
        windows = Windows.of(product)
        assert windows is not None, "only products that are such convolutions get here"
        self.product, self.partition, self.zero = product, partition, zero
        laid_out = laid_out_pieces(weights, product, partition)
        self._pieces = [scale for _, scale in laid_out]
        self._multiply = multiply(laid_out, windows, product.groups * partition.parts, zero)

    @property
    def description(self) -> str:
        """How it is multiplied, and in how many pieces."""
        count = len(self._pieces)
        return f"{self._multiply.name}, {count} piece{'s' if count > 1 else ''}"

    def sums(self, codes: Shaped[Tensor, "images channels height width"]) -> Float[Tensor, "images products h w"]:
        """Sums over the rows, float32, channels last in memory.

        Args:
            codes: uint8, channels last in memory.
        """
        return added(self._parts(codes))

    def _parts(
        self, codes: Shaped[Tensor, "images channels height width"]
    ) -> list[Float[Tensor, "images products h w"]]:
        """`Multiply.parts` of codes as the arrays want them."""
        partition = self.partition
        if partition.pieces > 1:
            codes = codes.repeat_interleave(partition.pieces, dim=1)
        missing = partition.parts * partition.channels - self.product.channels * partition.pieces
        if missing:
            codes = with_more_channels(codes, self.product.groups, missing, self.zero)
        return self._multiply.for_space(tuple(codes.shape[2:])).parts(codes)

    def by_position(
        self, codes: Shaped[Tensor, "images channels height width"]
    ) -> Float[Tensor, "image_positions products"]:
        """`sums` of all positions of all images one after another, contiguous."""
        return added(self.parts_by_position(codes))

    def parts_by_position(
        self, codes: Shaped[Tensor, "images channels height width"]
    ) -> list[Float[Tensor, "image_positions products"]]:
        """What `by_position` is made of, to be added one after another by whoever reads it next."""
        found = (part.permute(0, 2, 3, 1) for part in self._parts(codes))
        return [part.reshape(-1, part.shape[-1]) for part in found]


def pieces(weights: Int[Tensor, "*any"]) -> list[tuple[Int[Tensor, "*any"], float]]:
    """Whole numbers as pieces of 8 bits, the least significant first, without those that are all 0.

    Args:
        weights: int64, or int32 with 128 to spare.

    Returns:
        int8 pieces and what 1 counts in each.

    Examples:
        >>> pieces(torch.tensor([1000, -3]))
        [(tensor([-24,  -3], dtype=torch.int8), 1.0), (tensor([4, 0], dtype=torch.int8), 256.0)]
    """
    found: list[tuple[Tensor, float]] = []
    scale, low, high = 1.0, *map(int, torch.aminmax(weights))
    if max(-low, high) < 1 << 30:
        weights = weights.int()  # half of the memory to go through
    while not found or low < 0 or high > 0:
        found.append((weights.to(torch.int8), scale))  # the lowest 8 bits, with the upper one of them as sign
        weights, low, high = (weights + 128) >> 8, (low + 128) >> 8, (high + 128) >> 8
        scale *= 256
    return [piece for piece in found if piece[0].any()] or found[:1]


def laid_out_pieces(
    weights: Int[Tensor, "groups rows lines"], product: Product, partition: Partition
) -> list[tuple[Int[Tensor, "products channels height width"], float]]:
    """`pieces`, arranged as the kernels of `product`: in one pass over numbers of 32 bits where rows are split evenly.

    Args:
        weights: int64, or int32 with 128 to spare.
        product: shape of the layer.
        partition: how the rows are split over arrays.
    """
    is_split_evenly = partition.pieces == 1 and partition.parts * partition.channels == product.channels
    if weights.device.type != "cpu" or weights.dtype != torch.int32 or not is_split_evenly:
        return [(_as_kernels(product.lay_out(piece, partition)), scale) for piece, scale in pieces(weights)]
    from bitline.arrays.integer._pieces_numba import cut_and_lay_out

    groups, _rows, lines = weights.shape
    matrices = weights.contiguous().view(groups * partition.parts, -1, lines).numpy()
    low, high = map(int, torch.aminmax(weights))
    found, index = [], 0
    while not index or low < 0 or high > 0:
        room = weights.new_empty(len(matrices), lines, matrices.shape[1], dtype=torch.int8)
        carried = 128 * (256**index - 1) // 255  # by the pieces before, of which each is rounded
        if cut_and_lay_out(matrices, np.int32(8 * index), np.int32(carried), room.numpy()):
            found.append((_as_kernels(room.view(-1, partition.channels, *product.kernel)), 256.0**index))
        low, high, index = (low + 128) >> 8, (high + 128) >> 8, index + 1
    return found or [(_as_kernels(room.view(-1, partition.channels, *product.kernel)), 1.0)]


def _as_kernels(weights: Tensor) -> Tensor:
    """(products, channels, *kernel) with two axes of the kernel."""
    return weights.reshape(*weights.shape[:2], *[1] * (4 - weights.ndim), *weights.shape[2:])
