"""Convolutions as sliding-window products, a block of rows for each group."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from bitline.arrays import ConvolutionProduct
from bitline.arrays.product import CONVOLUTIONS
from bitline.nn.guards import require_shape
from bitline.nn.layer import AnalogLayer


def channels_come_last(tensor: Tensor) -> bool:
    """Whether PyTorch's convolutions of this tensor give outputs with channels last in memory."""
    last = tensor.ndim == 4 and tensor.is_contiguous(memory_format=torch.channels_last)
    return last and not tensor.is_contiguous()


class AnalogConvolution(AnalogLayer):
    """A convolution with any stride, padding, dilation and groups; inputs (batch, channels, *space).

    Examples:
        `AnalogConv2d` is the one for images:

        >>> from bitline.design import Design
        >>> isinstance(AnalogConv2d.of(nn.Conv2d(4, 8, 3), Design(), "conv"), AnalogConvolution)
        True
    """

    dimensions: ClassVar[int]
    groups: int
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: tuple[int, ...] | str
    padding_mode: str
    _reversed_padding_repeated_twice: list[int]

    @property
    def product(self) -> ConvolutionProduct:
        return ConvolutionProduct(
            channels=self.weight.shape[1],
            kernel=tuple(self.weight.shape[2:]),
            groups=self.groups,
            stride=self.stride,
            padding=self._zeros,
            dilation=self.dilation,
        )

    @property
    def _zeros(self) -> tuple[int, ...] | str:
        """Padding with zeros, left to the product; other padding is done before it."""
        return self.padding if self.padding_mode == "zeros" else (0,) * self.dimensions

    def arrange(self, inputs: Tensor) -> Tensor:
        batch = inputs if inputs.ndim == self.dimensions + 2 else inputs[None]
        require_shape(batch, self.dimensions + 2, self.weight.shape[1] * self.groups, 1, self.name)
        if self.padding_mode == "zeros":
            return batch
        return functional.pad(batch, self._reversed_padding_repeated_twice, mode=self.padding_mode)

    def restore(self, outputs: Tensor, inputs: Tensor) -> Tensor:
        laid_out = outputs if channels_come_last(self.weight) or channels_come_last(inputs) else outputs.contiguous()
        return laid_out if inputs.ndim == self.dimensions + 2 else laid_out[0]

    def float_forward(self, inputs: Tensor) -> Tensor:
        convolve = CONVOLUTIONS[self.dimensions]
        outputs = convolve(
            self.arrange(inputs), self.weight, self.bias, self.stride, self._zeros, self.dilation, self.groups
        )
        return self.restore(outputs, inputs)


class AnalogConv1d(AnalogConvolution, nn.Conv1d):  # type: ignore[misc]
    """`torch.nn.Conv1d` on analog arrays.

    Examples:
        >>> from bitline.design import Design
        >>> AnalogConv1d.of(nn.Conv1d(4, 8, 3), Design(), "conv")
        AnalogConv1d('conv', rows=12, outputs=8, groups=1)
    """

    float_type = nn.Conv1d
    dimensions: ClassVar[int] = 1


class AnalogConv2d(AnalogConvolution, nn.Conv2d):  # type: ignore[misc]
    """`torch.nn.Conv2d` on analog arrays.

    Examples:
        >>> from bitline.design import Design
        >>> AnalogConv2d.of(nn.Conv2d(4, 8, 3, groups=2), Design(), "conv")
        AnalogConv2d('conv', rows=18, outputs=8, groups=2)
    """

    float_type = nn.Conv2d
    dimensions: ClassVar[int] = 2


class AnalogConv3d(AnalogConvolution, nn.Conv3d):  # type: ignore[misc]
    """`torch.nn.Conv3d` on analog arrays.

    Examples:
        >>> from bitline.design import Design
        >>> AnalogConv3d.of(nn.Conv3d(4, 8, 2), Design(), "conv")
        AnalogConv3d('conv', rows=32, outputs=8, groups=1)
    """

    float_type = nn.Conv3d
    dimensions: ClassVar[int] = 3
