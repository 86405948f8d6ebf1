"""Fully connected layers whose weights lie the other way round."""

from __future__ import annotations

from torch import Tensor, nn

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
    def _features(self) -> int:
        return len(self.weight)

    @property
    def outputs(self) -> int:
        return int(self.weight.shape[1])

    @property
    def matrix(self) -> Tensor:
        return self.weight.T  # type: ignore[no-any-return]

    def float_forward(self, inputs: Tensor) -> Tensor:
        return nn.functional.linear(inputs, self.matrix, self.bias)
