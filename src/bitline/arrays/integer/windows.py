"""Any product as a two-dimensional convolution of images whose channels lie side by side in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor
from torch.nn import functional

from bitline.arrays.product import ConvolutionProduct, MatrixProduct, Product
from bitline.shapes import Shaped

Each = TypeVar("Each")


@dataclass(frozen=True)
class Windows:
    """How a two-dimensional convolution walks over images.

    Attributes:
        stride, padding, dilation: along both axes.
        lattice: along both axes, places from one input that can be other than 0 to the next, and the first of them.
    """

    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    lattice: tuple[tuple[int, int], tuple[int, int]] = ((1, 0), (1, 0))

    @property
    def share_of_zeros(self) -> float:
        """Share of places at which inputs are always 0."""
        return 1 - 1 / (self.lattice[0][0] * self.lattice[1][0])

    def reach(self, kernel: Sequence[int]) -> tuple[int, ...]:
        """Places from the first to the last input of a window along both axes, for kernels of this height and width."""
        return tuple(apart * (size - 1) for apart, size in zip(self.dilation, kernel, strict=True))

    def convolve(self, codes: Tensor, weights: Tensor, matrices: int) -> Tensor:
        """Sums of a convolution in the precision of its factors, channels last in memory.

        NNPACK is left out: its algorithms are Winograd's and Fourier transforms, which round.

        Args:
            codes: (images, channels, height, width).
            weights: (products, channels, height, width).
            matrices: groups of channels.

        Examples:
            >>> import torch
            >>> Windows(padding=(1, 1)).convolve(torch.ones(5, 2, 7, 7), torch.ones(4, 1, 3, 3), matrices=2).shape
            torch.Size([5, 4, 7, 7])
        """
        with torch.backends.nnpack.flags(enabled=False):
            sums = functional.conv2d(codes, weights, None, self.stride, self.padding, self.dilation, matrices)
        return sums.contiguous(memory_format=torch.channels_last)

    @classmethod
    def of(cls, product: Product) -> Windows | None:
        """The windows of a product; None where it is no such convolution, or some windows see nothing but padding.

        Examples:
            >>> Windows.of(ConvolutionProduct(4, kernel=(3,), stride=(2,), padding=(1,), dilation=(1,)))
            Windows(stride=(1, 2), padding=(0, 1), dilation=(1, 1), lattice=((1, 0), (1, 0)))
        """
        if isinstance(product, MatrixProduct):
            return cls()
        if not isinstance(product, ConvolutionProduct) or len(product.kernel) > 2:
            return None
        if any(before != after for before, after in product.edges) or has_windows_of_padding(product):
            return None
        padding = tuple(zeros for zeros, _ in product.edges)
        lattice = _pair(product.lattice or ((1, 0),) * len(product.kernel), (1, 0))
        return cls(_pair(product.stride, 1), _pair(padding, 0), _pair(product.dilation, 1), lattice)


def has_windows_of_padding(product: ConvolutionProduct) -> bool:
    """Whether some windows see nothing but padding, which kernels of libraries are not always prepared for.

    Examples:
        >>> has_windows_of_padding(ConvolutionProduct(4, (3, 1), padding=(2, 1)))
        True
    """
    return any(max(zeros) > places for zeros, places in zip(product.edges, product.reach, strict=True))


def as_images(inputs: Shaped[Tensor, "batch channels *space"]) -> Shaped[Tensor, "images channels height width"]:
    """Inputs of a product as images, channels last in memory; vectors become the pixels of one image.

    Examples:
        >>> import torch
        >>> as_images(torch.zeros(5, 3)).shape, as_images(torch.zeros(5, 3, 7)).shape
        (torch.Size([1, 3, 5, 1]), torch.Size([5, 3, 1, 7]))
    """
    if inputs.ndim == 2:
        return inputs.contiguous()[None, None].permute(0, 3, 2, 1)
    if inputs.ndim == 3:
        return inputs.transpose(1, 2).contiguous()[:, None].permute(0, 3, 1, 2)
    batch, channels, height, width = inputs.shape
    return inputs.permute(0, 2, 3, 1).contiguous().reshape(batch, height, width, channels).permute(0, 3, 1, 2)


def with_more_channels(
    codes: Shaped[Tensor, "images channels height width"], groups: int, count: int, zero: int
) -> Shaped[Tensor, "images more_channels height width"]:
    """Codes with so many channels of code 0 behind those of each group.

    Examples:
        >>> import torch
        >>> with_more_channels(torch.ones(1, 4, 1, 1), groups=2, count=1, zero=7).flatten()
        tensor([1., 1., 7., 1., 1., 7.])
    """
    images, _, height, width = codes.shape
    grouped = codes.reshape(images, groups, -1, height, width)
    padded = functional.pad(grouped, (0, 0, 0, 0, 0, count), value=zero)
    return padded.reshape(images, -1, height, width)


def _pair(values: tuple[Each, ...], other: Each) -> tuple[Each, Each]:
    """Along both axes, for a product of one or two."""
    first, last = values if len(values) == 2 else (other, values[0])
    return first, last
