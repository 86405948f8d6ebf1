"""Convolutions as sliding-window products, a block of rows for each group."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from torch import Tensor, nn
from torch.nn import functional

from bitline.arrays import ConvolutionProduct
from bitline.arrays.product import CONVOLUTIONS
from bitline.design import Design
from bitline.nn.layer import AnalogLayer, require_shape


class _AnalogConvolution(AnalogLayer):
    """Convolution with any stride, padding, dilation and groups; inputs (batch, channels, *space)."""

    dimensions: ClassVar[int]

    def __init__(self, layer: Any, design: Design, name: str) -> None:
        super().__init__(layer.weight, layer.bias, design, name)
        self.groups: int = layer.groups
        self.stride: tuple[int, ...] = layer.stride
        self.dilation: tuple[int, ...] = layer.dilation
        self.padding_mode: str = layer.padding_mode
        self.padding: tuple[int, ...] | str = layer.padding
        self.edges: tuple[int, ...] = tuple(layer._reversed_padding_repeated_twice)

    @classmethod
    def of(cls, layer: nn.Conv1d | nn.Conv2d, design: Design, name: str) -> Self:
        return cls(layer, design, name)

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
        return batch if self.padding_mode == "zeros" else functional.pad(batch, self.edges, mode=self.padding_mode)

    def restore(self, outputs: Tensor, inputs: Tensor) -> Tensor:
        return outputs if inputs.ndim == self.dimensions + 2 else outputs[0]

    def float_forward(self, inputs: Tensor) -> Tensor:
        convolve = CONVOLUTIONS[self.dimensions]
        outputs = convolve(
            self.arrange(inputs), self.weight, self.bias, self.stride, self._zeros, self.dilation, self.groups
        )
        return self.restore(outputs, inputs)


class AnalogConv1d(_AnalogConvolution):
    """`torch.nn.Conv1d` on analog arrays."""

    dimensions: ClassVar[int] = 1


class AnalogConv2d(_AnalogConvolution):
    """`torch.nn.Conv2d` on analog arrays."""

    dimensions: ClassVar[int] = 2
