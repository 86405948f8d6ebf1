"""Per-channel correction after programming, as batch-norm recalibration does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bitline.errors import CalibrationError
from bitline.nn import AnalogLayer, Correction, analog_layers, computing


@dataclass(frozen=True)
class Recalibrate:
    """Give every output channel of every layer the mean and variance that it has in the quantised reference.

    Done on each chip after it is programmed (as Joshi et al., Nature Communications 11, 2473, 2020, update the
    statistics of batch norms): y' = gain y + offset, in the order in which the layers run, so that each layer is
    corrected for the inputs that the corrected layers before it give. Costs two digital constants for each output
    channel.

    Attributes:
        images: normalised calibration images, one batch of them, at least two.

    Examples:
        >>> from bitline import Design, convert, evaluate
        >>> images, labels = torch.rand(16, 4), torch.arange(16) % 3
        >>> result = evaluate(nn.Linear(4, 3), Design(), images, labels, images, after_programming=Recalibrate(images))
        >>> len(result.chip_accuracies)
        3
    """

    images: Tensor

    @torch.no_grad()
    def __call__(self, analog: nn.Module, reference: nn.Module) -> None:
        """Correct the chip that `analog` is on; `reference` is the same network without analog errors."""
        if len(self.images) < 2:
            raise CalibrationError(f"recalibration needs two or more images, not {len(self.images)}")
        wanted: dict[str, tuple[Tensor, Tensor]] = {}
        for layer in analog_layers(analog):
            layer.correct(None)

        def note(layer: AnalogLayer, outputs: Tensor) -> None:
            wanted[layer.name] = _statistics(layer, outputs)

        def correct(layer: AnalogLayer, outputs: Tensor) -> Tensor:
            mean, deviation = _statistics(layer, outputs)
            goal_mean, goal_deviation = wanted[layer.name]
            gain = torch.where(deviation > 1e-6 * goal_deviation, goal_deviation / deviation, 1.0)
            offset = goal_mean - gain * mean
            layer.correct(Correction(gain, offset))
            channels = outputs.movedim(_channel_axis(layer, outputs), -1)
            return (channels * gain + offset).movedim(-1, _channel_axis(layer, outputs))

        _run(reference, self.images, note)
        _run(analog, self.images, correct)


def _run(network: nn.Module, images: Tensor, visit: Callable[[AnalogLayer, Tensor], Tensor | None]) -> None:
    """Run a network and visit the outputs of its analog layers, which the visit may replace."""

    def look(layer: AnalogLayer, inputs: Tensor) -> Tensor:
        outputs = layer.compute(inputs)
        changed = visit(layer, outputs)
        return outputs if changed is None else changed

    with computing(network, look):
        network(images)


def _channel_axis(layer: AnalogLayer, outputs: Tensor) -> int:
    """Axis of the output channels: last for matrices, second for convolutions of a batch."""
    return outputs.ndim - 1 - len(layer.product.kernel)


def _statistics(layer: AnalogLayer, outputs: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of every output channel."""
    flat = outputs.movedim(_channel_axis(layer, outputs), 0).flatten(1)
    return flat.mean(1), flat.std(1)
