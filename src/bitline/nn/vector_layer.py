"""Layers that multiply every vector of their inputs by itself, whatever the axes before the last one are."""

from __future__ import annotations

from torch import Tensor

from bitline.nn.layer import AnalogLayer


class AnalogVectorLayer(AnalogLayer):
    """A layer that reads the vectors of a sample one after another, also where inputs lie step by step.

    Otherwise the number of a vector's read, and its noise, would depend on how many samples a step has.

    Examples:
        >>> from bitline.nn import AnalogLinear
        >>> issubclass(AnalogLinear, AnalogVectorLayer)
        True
    """

    def compute(self, inputs: Tensor) -> Tensor:
        current = self.numbers.current
        if current is None or not isinstance(inputs, Tensor) or not current.has_steps_first(inputs):
            return super().compute(inputs)
        return super().compute(inputs.transpose(0, 1)).transpose(0, 1)
