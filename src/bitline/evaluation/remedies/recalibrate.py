"""Per-channel correction after programming, as batch-norm recalibration does it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from bitline.data.call import Call
from bitline.data.samples import samples_of
from bitline.errors import CalibrationError
from bitline.nn import AnalogLayer, Correction, computing
from bitline.nn.padding import channel_axis, padding_in, padding_of, real_outputs
from bitline.numerics.random_state import keeping_random_state


@dataclass(frozen=True)
class Recalibrate:
    """Give every output channel of every layer the mean and variance that it has in the quantised reference.

    Done on each chip after it is programmed (as Joshi et al., Nature Communications 11, 2473, 2020, update the
    statistics of batch norms): y' = gain y + offset, in the order in which the layers run, so that each layer is
    corrected for the inputs that the corrected layers before it give. Padding does not count. Costs two digital
    constants for each output channel.

    Attributes:
        images: normalised calibration images, (images, ...), or other data as `samples_of` takes it, at least two
            samples; of a loader the first batch. An argument such as `attention_mask` says what is padding.

    Examples:
        >>> from bitline import Design, convert, evaluate
        >>> images, labels = torch.rand(16, 4), torch.arange(16) % 3
        >>> result = evaluate(nn.Linear(4, 3), Design(), images, labels, images, after_programming=Recalibrate(images))
        >>> len(result.chip_accuracies)
        3
    """

    images: Any

    @torch.no_grad()
    def __call__(self, analog: nn.Module, reference: nn.Module) -> None:
        """Correct the chip that `analog` is on; `reference` is the same network without analog errors."""
        samples = samples_of(self.images, None, reference)
        call = samples.first(len(samples)).call
        if call.samples < 2:
            raise CalibrationError(f"recalibration needs two or more images, not {call.samples}")
        wanted: dict[str, list[_Statistics]] = {}
        found: dict[str, list[_Statistics]] = {}

        def note(layer: AnalogLayer, outputs: Tensor) -> None:
            wanted.setdefault(layer.name, []).append(_Statistics.of(layer, outputs))

        def correct(layer: AnalogLayer, outputs: Tensor) -> Tensor:
            if layer.name not in wanted:  # an expert, say, that the reference gave no sample
                return outputs
            calls = found.setdefault(layer.name, [])
            calls.append(_Statistics.of(layer, outputs))
            seen, goal = _together(calls), _together(wanted[layer.name][: len(calls)])
            gain = torch.where(seen.deviation > 1e-6 * goal.deviation, goal.deviation / seen.deviation, 1.0)
            offset = goal.mean - gain * seen.mean
            correction = Correction(gain, offset)
            layer.correct(correction)
            return correction(outputs, channel_axis(layer))

        marks = padding_in(call, reference)
        for network, visit in ((reference, note), (analog, correct)):
            with padding_of(marks), keeping_random_state():  # both networks draw the same random numbers
                _run(network, call, visit)


def _run(network: nn.Module, call: Call, visit: Callable[[AnalogLayer, Tensor], Tensor | None]) -> None:
    """Run a network and visit the outputs of its analog layers without corrections, which the visit may replace."""

    def look(layer: AnalogLayer, inputs: Tensor) -> Tensor:
        layer.correct(None)
        outputs = layer.compute(inputs)
        changed = visit(layer, outputs)
        return outputs if changed is None else changed

    with computing(network, look):
        call.on(network)


@dataclass(frozen=True)
class _Statistics:
    """Of every output channel of a layer.

    Attributes:
        count: values of a channel.
        mean, deviation: (outputs,).
    """

    count: int
    mean: Tensor
    deviation: Tensor

    @classmethod
    def of(cls, layer: AnalogLayer, outputs: Tensor) -> _Statistics:
        """Of the outputs of one call, without those of padding."""
        (real,) = real_outputs(layer, outputs)
        axis = channel_axis(layer) if real is outputs else -1
        flat = real.movedim(axis, 0).flatten(1)
        count, none = flat.shape[1], flat.new_zeros(len(flat))
        if not count:
            return cls(0, none, none)
        mean = flat.mean(1)
        squares = (flat - mean[:, None]).square_().sum(1)  # ten times as fast as `std`
        return cls(count, mean, (squares / (count - 1)).sqrt() if count > 1 else torch.full_like(none, math.nan))


def _together(given: Sequence[_Statistics]) -> _Statistics:
    """Statistics of all calls of a layer: one pass reads some layers several times."""
    calls = [call for call in given if call.count] or given[:1]
    if len(calls) == 1:
        return calls[0]
    count = sum(call.count for call in calls)
    mean = sum((call.count / count * call.mean for call in calls), torch.zeros_like(calls[0].mean))
    squares = torch.zeros_like(mean)
    for call in calls:
        inside = (call.count - 1) * call.deviation.square() if call.count > 1 else 0.0
        squares = squares + inside + call.count * (call.mean - mean).square()
    return _Statistics(count, mean, (squares / (count - 1)).sqrt())
