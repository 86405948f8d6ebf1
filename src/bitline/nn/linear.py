"""Fully connected layers."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from bitline.nn.vector_layer import AnalogVectorLayer


class AnalogLinear(AnalogVectorLayer, nn.Linear):
    """y = W x + b on analog arrays; inputs (..., features).

    Examples:
        >>> from bitline.design import Design
        >>> AnalogLinear.of(nn.Linear(3, 2), Design(), "fc")
        AnalogLinear('fc', rows=3, outputs=2, groups=1)
    """

    float_type = nn.Linear

    def float_forward(self, inputs: Tensor) -> Tensor:
        return functional.linear(inputs, self.weight, self.bias)
