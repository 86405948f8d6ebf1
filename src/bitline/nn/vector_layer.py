"""Layers that multiply every vector of their inputs by itself, whatever the axes before the last one are."""

from __future__ import annotations

from torch import Tensor

from bitline.arrays import MatrixProduct
from bitline.nn.guards import require_shape
from bitline.nn.layer import AnalogLayer


class AnalogVectorLayer(AnalogLayer):
    """A layer with inputs (..., features), which reads the vectors of a sample one after another.

    It does so where inputs lie step by step, too: otherwise the number of a vector's read, and its noise, would depend
    on how many samples a step has.

    Examples:
        >>> from bitline.nn import AnalogLinear
        >>> issubclass(AnalogLinear, AnalogVectorLayer)
        True
    """

    @property
    def _features(self) -> int:
        """Elements of each vector: rows of `matrix`, which need not be made for it."""
        return int(self.weight.shape[1])

    @property
    def product(self) -> MatrixProduct:
        return MatrixProduct(self._features)

    def arrange(self, inputs: Tensor) -> Tensor:
        require_shape(inputs, 1, self._features, -1, self.name)
        return inputs.reshape(-1, self._features)

    def restore(self, outputs: Tensor, inputs: Tensor) -> Tensor:
        return outputs.reshape(*inputs.shape[:-1], self.outputs)

    def compute(self, inputs: Tensor) -> Tensor:
        current = self.numbers.current
        if current is None or not isinstance(inputs, Tensor) or not current.has_steps_first(inputs):
            return super().compute(inputs)
        return super().compute(inputs.transpose(0, 1)).transpose(0, 1)
