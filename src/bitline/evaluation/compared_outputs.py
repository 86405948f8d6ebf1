"""Outputs of all layers of two networks, side by side, a few inputs at a time."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils._mode_utils import no_dispatch

from bitline.data.call import Call
from bitline.evaluation.picked_samples import PickedSamples, Picks
from bitline.nn import AnalogLayer, analog_layers, computing
from bitline.nn.padding import padding_in, padding_of, real_outputs
from bitline.numerics.energies import energies
from bitline.numerics.random_state import keeping_random_state


@dataclass(frozen=True)
class _Expected:
    """What a layer of the reference gave at one of its calls.

    Attributes:
        outputs: of the layer.
        picks: which samples it was given.
    """

    outputs: Tensor
    picks: Picks

    def is_beside(self, outputs: Tensor, picks: Picks) -> bool:
        """Whether outputs of the other network, with their picks, are those of the same samples."""
        return self.outputs.shape == outputs.shape and self.picks == picks


class ComparedOutputs:
    """Energies of the outputs of all layers and of their errors, of the inputs added so far.

    Args:
        reference: the quantised reference network.
        analog: the same on a chip.

    Attributes:
        energies: by layer, (own signal, own error, signal, error), (4, rows) of each call of the analog network.
        apart: layers that the networks gave other samples, so that signal and error with everything before say nothing.

    Examples:
        >>> from bitline import Design, convert
        >>> from bitline.design import reference
        >>> network, images = nn.Linear(4, 2), torch.rand(8, 4)
        >>> exact = convert(network, reference(Design()), images)
        >>> compared = ComparedOutputs(exact, convert(network, Design(), images))
        >>> with torch.no_grad():
        ...     size = compared.add(Call((images,), {}))
        >>> size, compared.energies["linear"][0].shape, compared.apart
        (64, torch.Size([4, 8]), set())
    """

    def __init__(self, reference: nn.Module, analog: nn.Module) -> None:
        self._reference, self._analog = reference, analog
        self._exact = {layer.name: layer for layer in analog_layers(reference)}
        self.energies: dict[str, list[Tensor]] = {}
        self.apart: set[str] = set()

    def add(self, call: Call) -> int:
        """Compare on a few inputs; returns the bytes of the reference's outputs."""
        marks = padding_in(call, self._analog)
        expected: dict[str, deque[_Expected]] = defaultdict(deque)
        picked = PickedSamples(self._reference)

        def note(layer: AnalogLayer, inputs: Tensor) -> Tensor:
            with no_dispatch():
                outputs = layer.compute(inputs)
                given = outputs.clone()  # what comes next may write into it, as ReLU(inplace=True) does
            expected[layer.name].append(_Expected(outputs, picked.of(inputs)))
            picked.mark(given, picked.of(inputs))
            return given

        with keeping_random_state(), picked, computing(self._reference, note):  # both draw the same random numbers
            call.on(self._reference)
        size = sum(each.outputs.nbytes for calls in expected.values() for each in calls)
        with padding_of(marks):
            self._compare(call, expected)
        return size

    def _compare(self, call: Call, expected: dict[str, deque[_Expected]]) -> None:
        """Run the analog network beside what the reference gave."""
        picked = PickedSamples(self._analog)

        def compare(layer: AnalogLayer, inputs: Tensor) -> Tensor:
            with no_dispatch():
                outputs, own = layer.compute(inputs), self._exact[layer.name].compute(inputs)
                beside = expected[layer.name].popleft() if expected[layer.name] else None
                if beside is None or not beside.is_beside(outputs, picked.of(inputs)):
                    self.apart.add(layer.name)
                    beside = None
                parts = real_outputs(layer, outputs, own, own if beside is None else beside.outputs)
                both = torch.cat([energies(wanted, parts[0]) for wanted in parts[1:]])
            self.energies.setdefault(layer.name, []).append(both)
            picked.mark(outputs, picked.of(inputs))
            return outputs

        with picked, computing(self._analog, compare):
            call.on(self._analog)
        self.apart.update(name for name, left in expected.items() if left)
