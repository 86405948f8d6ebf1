"""Fully connected layers."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from bitline.arrays import MatrixProduct
from bitline.nn.guards import require_shape
from bitline.nn.vector_layer import AnalogVectorLayer


class AnalogLinear(AnalogVectorLayer, nn.Linear):
    """y = W x + b on analog arrays; inputs (..., features).

    Examples:
        >>> from bitline.design import Design
        >>> AnalogLinear.of(nn.Linear(3, 2), Design(), "fc")
        AnalogLinear('fc', rows=3, outputs=2, groups=1)
    """

    float_type = nn.Linear

    @property
    def product(self) -> MatrixProduct:
        return MatrixProduct(self.weight.shape[1])

    def arrange(self, inputs: Tensor) -> Tensor:
        require_shape(inputs, 1, self.weight.shape[1], -1, self.name)
        return inputs.reshape(-1, self.weight.shape[1])

    def restore(self, outputs: Tensor, inputs: Tensor) -> Tensor:
        return outputs.reshape(*inputs.shape[:-1], len(self.weight))

    def float_forward(self, inputs: Tensor) -> Tensor:
        return functional.linear(inputs, self.weight, self.bias)
