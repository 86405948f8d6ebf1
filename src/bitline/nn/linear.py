"""Fully connected layers."""

from __future__ import annotations

from typing import Self

from torch import Tensor, nn
from torch.nn import functional

from bitline.arrays import MatrixProduct
from bitline.design import Design
from bitline.nn.layer import AnalogLayer, require_shape


class AnalogLinear(AnalogLayer):
    """y = W x + b on analog arrays; inputs (..., features)."""

    @classmethod
    def of(cls, layer: nn.Linear, design: Design, name: str) -> Self:
        return cls(layer.weight, layer.bias, design, name)

    @property
    def product(self) -> MatrixProduct:
        return MatrixProduct(self.weight.shape[1])

    def arrange(self, inputs: Tensor) -> Tensor:
        require_shape(inputs, 1, self.weight.shape[1], -1, self.name)
        return inputs.reshape(-1, self.weight.shape[1])

    def restore(self, outputs: Tensor, inputs: Tensor) -> Tensor:
        return outputs.reshape(*inputs.shape[:-1], -1)

    def float_forward(self, inputs: Tensor) -> Tensor:
        return functional.linear(inputs, self.weight, self.bias)
