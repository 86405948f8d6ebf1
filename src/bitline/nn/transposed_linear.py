"""Fully connected layers whose weights lie the other way round."""

from __future__ import annotations

from torch import Tensor, nn

from bitline.arrays import MatrixProduct
from bitline.nn.guards import require_shape
from bitline.nn.vector_layer import AnalogVectorLayer


class AnalogTransposedLinear(AnalogVectorLayer):
    """y = W^T x + b on analog arrays, of weights (features, outputs); inputs (..., features).

    Examples:
        >>> import torch
        >>> from bitline.design import Design
        >>> class Conv1D(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.weight, self.bias = nn.Parameter(torch.ones(3, 2)), nn.Parameter(torch.zeros(2))
        >>> AnalogTransposedLinear.of(Conv1D(), Design(), "c_fc")
        AnalogTransposedLinear('c_fc', rows=3, outputs=2, groups=1)
    """

    @property
    def outputs(self) -> int:
        return int(self.weight.shape[1])

    @property
    def matrix(self) -> Tensor:
        return self.weight.T  # type: ignore[no-any-return]

    @property
    def product(self) -> MatrixProduct:
        return MatrixProduct(len(self.weight))

    def arrange(self, inputs: Tensor) -> Tensor:
        require_shape(inputs, 1, len(self.weight), -1, self.name)
        return inputs.reshape(-1, len(self.weight))

    def restore(self, outputs: Tensor, inputs: Tensor) -> Tensor:
        return outputs.reshape(*inputs.shape[:-1], self.outputs)

    def float_forward(self, inputs: Tensor) -> Tensor:
        return nn.functional.linear(inputs, self.matrix, self.bias)
