"""Recurrent layers: products on arrays, step by step, gates and states digital.

Every layer and direction has two matrices, one for its inputs and one for the hidden state, and a third one where
hidden states are projected. Each product of a step is a read of its own. The number of a read follows from the sample
and its step, so that noise depends neither on the batch nor on how long the other sequences are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import PackedSequence

from bitline.errors import ConversionError
from bitline.nn.composite import CompositeLayer, Pieces, SteppedReads
from bitline.nn.guards import refuse_inputs
from bitline.nn.recurrent_cells import STEPS, States, part_of
from bitline.nn.uncompiled import uncompiled

READS_AT_ONCE = 1 << 12
"""Products with inputs of several steps that are made together."""


@dataclass(frozen=True)
class Sequences:
    """A batch of sequences, the longest ones first.

    Attributes:
        steps: inputs of every step, (sequences that go on, features).
        order: place in the batch of each row.
    """

    steps: tuple[Tensor, ...]
    order: tuple[int, ...]

    @classmethod
    def of(cls, inputs: Tensor | PackedSequence, batch_first: bool) -> Sequences:
        """The sequences in a tensor (steps, batch, features), or (batch, steps, features), or packed."""
        if isinstance(inputs, PackedSequence):
            sizes = inputs.batch_sizes.tolist()
            order = range(sizes[0]) if inputs.sorted_indices is None else inputs.sorted_indices.tolist()
            return cls(inputs.data.split(sizes), tuple(order))
        steps = inputs.unbind(1 if batch_first else 0)
        return cls(steps, tuple(range(len(steps[0]))))

    def outputs(self, steps: Sequence[Tensor], inputs: Tensor | PackedSequence, batch_first: bool) -> Any:
        """Outputs of every step in the form of the inputs."""
        if isinstance(inputs, PackedSequence):
            return PackedSequence(
                torch.cat(list(steps)), inputs.batch_sizes, inputs.sorted_indices, inputs.unsorted_indices
            )
        return torch.stack(list(steps), 1 if batch_first else 0)


class AnalogRecurrent(CompositeLayer):
    """A recurrent layer with matrices `ih_l0`, `hh_l0`, `ih_l0_reverse`, ... on arrays.

    Examples:
        >>> gru = AnalogGRU.take_apart(nn.GRU(3, 2, num_layers=2), "gru")
        >>> [name for name, _ in gru.named_children()]
        ['ih_l0', 'hh_l0', 'ih_l1', 'hh_l1']
        >>> outputs, last = gru(torch.ones(7, 5, 3))
        >>> outputs.shape, last.shape
        (torch.Size([7, 5, 2]), torch.Size([2, 5, 2]))
    """

    mode: str
    num_layers: int
    input_size: int
    hidden_size: int
    proj_size: int
    bidirectional: bool
    batch_first: bool
    dropout: float
    _all_weights: list[list[str]]

    def pieces(self) -> Pieces:
        vars(self).update(_flat_weights_names=[], _flat_weights=[], _flat_weight_refs=[])
        return {name: (part_of(name),) for names in self._all_weights for name in names}

    def flatten_parameters(self) -> None:
        """Nothing: weights do not lie side by side for a library of recurrent layers."""

    @uncompiled
    def forward(self, input: Tensor | PackedSequence, hx: Any = None) -> Any:
        packed = isinstance(input, PackedSequence)
        refuse_inputs(input.data if isinstance(input, PackedSequence) else input, self.name)
        alone = not isinstance(input, PackedSequence) and input.ndim == 2
        inputs = input.unsqueeze(0 if self.batch_first else 1) if alone else input  # type: ignore[union-attr]
        self._check(inputs.data if isinstance(inputs, PackedSequence) else inputs, 2 if packed else 3)
        current = self.current_pass()
        if current is not None and isinstance(inputs, Tensor):
            current.recognise(inputs.shape, 0 if self.batch_first else 1)
        sequences = Sequences.of(inputs, self.batch_first)
        states = self._first_states(hx, sequences, inputs, alone)
        with self.settled_parts():
            steps, last = self._walk_all(sequences, states)
        outputs = sequences.outputs(steps, inputs, self.batch_first)
        final = tuple(torch.stack(parts) for parts in zip(*last, strict=True))
        if isinstance(inputs, PackedSequence) and inputs.unsorted_indices is not None:
            final = tuple(state[:, inputs.unsorted_indices] for state in final)
        if alone:
            outputs, final = outputs.squeeze(0 if self.batch_first else 1), tuple(state[:, 0] for state in final)
        return outputs, final if self.mode == "LSTM" else final[0]

    def _walk_all(self, sequences: Sequences, states: States) -> tuple[tuple[Tensor, ...], list[States]]:
        """All layers, one after another, in their directions.

        Args:
            sequences: the batch.
            states: before the first step, (layers and directions, batch, features).

        Returns:
            Hidden states of every step of the last layer, and the states after the last steps of all of them.
        """
        steps, last = sequences.steps, list[States]()
        directions = ("", "_reverse") if self.bidirectional else ("",)
        for layer in range(self.num_layers):
            walked = []
            for index, direction in enumerate(directions):
                own = tuple(state[layer * len(directions) + index] for state in states)
                outputs, own = self._walk(f"l{layer}{direction}", steps, sequences.order, own)
                walked.append(outputs)
                last.append(own)
            steps = tuple(torch.cat(parts, 1) for parts in zip(*walked, strict=True))
            if self.training and self.dropout and layer < self.num_layers - 1:
                steps = tuple(functional.dropout(step, self.dropout) for step in steps)
        return steps, last

    def _walk(
        self, place: str, steps: Sequence[Tensor], order: tuple[int, ...], states: States
    ) -> tuple[list[Tensor], States]:
        """One layer in one direction.

        Args:
            place: what its matrices are called, 'l0' or 'l0_reverse'.
            steps: inputs of every step.
            order: place in the batch of each row.
            states: before the first step, those of all sequences.

        Returns:
            Hidden states of every step, and the states after the last step of each sequence.
        """
        of_inputs, of_hidden = (SteppedReads(getattr(self, f"{kind}_{place}"), len(order)) for kind in ("ih", "hh"))
        project = SteppedReads(getattr(self, f"hr_{place}"), len(order)) if self.proj_size else None
        outputs: list[Tensor] = [steps[0]] * len(steps)
        times = range(len(steps))
        times = times[::-1] if place.endswith("_reverse") else times
        rows = torch.tensor(order, dtype=torch.int64, device=steps[0].device)
        for time, from_inputs in zip(times, _of_known_inputs(of_inputs, steps, times, rows), strict=True):
            count = len(from_inputs)
            going_on = tuple(state[:count] for state in states)
            after = STEPS[self.mode](from_inputs, of_hidden.outputs(going_on[0], rows[:count], time), going_on)
            if project is not None:
                after = (project.outputs(after[0], rows[:count], time), *after[1:])
            outputs[time] = after[0]
            ended = (state[count:] for state in states)
            states = tuple(torch.cat([new, old]) if len(old) else new for new, old in zip(after, ended, strict=True))
        return outputs, states

    def _first_states(self, given: Any, sequences: Sequences, inputs: Any, alone: bool) -> States:
        """States before the first step, (layers and directions, batch, features), rows in the order of `sequences`."""
        lines, batch = self.num_layers * (2 if self.bidirectional else 1), len(sequences.order)
        shapes = [(lines, batch, self.proj_size or self.hidden_size)]
        if self.mode == "LSTM":
            shapes.append((lines, batch, self.hidden_size))
        if given is None:
            return tuple(sequences.steps[0].new_zeros(shape) for shape in shapes)
        states = tuple(given) if self.mode == "LSTM" else (given,)
        for state in states:
            refuse_inputs(state, self.name)
        states = tuple(state.unsqueeze(1) for state in states) if alone else states
        found = [tuple(state.shape) for state in states]
        if found != shapes:
            raise ConversionError(f"layer {self.name!r} takes states of shape {shapes}, not {found}")
        if isinstance(inputs, PackedSequence) and inputs.sorted_indices is not None:
            states = tuple(state[:, inputs.sorted_indices] for state in states)
        return states

    def _check(self, inputs: Tensor, dimensions: int) -> None:
        steps = inputs.shape[:1] if dimensions == 2 or not self.batch_first else inputs.shape[1:2]
        if inputs.ndim != dimensions or inputs.shape[-1] != self.input_size or 0 in steps:
            raise ConversionError(
                f"layer {self.name!r} takes sequences of {self.input_size} features, batched or not, with at least one "
                f"step, padded or packed, but its inputs are {tuple(inputs.shape)}"
            )


class AnalogLSTM(AnalogRecurrent, nn.LSTM):
    """`torch.nn.LSTM` with matrices `ih_l0`, `hh_l0`, ... on arrays, and `hr_l0`, ... where it projects.

    Examples:
        >>> lstm = AnalogLSTM.take_apart(nn.LSTM(3, 4, proj_size=2, batch_first=True), "lstm")
        >>> outputs, (hidden, cell) = lstm(torch.ones(5, 7, 3))
        >>> outputs.shape, hidden.shape, cell.shape
        (torch.Size([5, 7, 2]), torch.Size([1, 5, 2]), torch.Size([1, 5, 4]))
    """

    float_type = nn.LSTM


class AnalogGRU(AnalogRecurrent, nn.GRU):
    """`torch.nn.GRU` with matrices `ih_l0`, `hh_l0`, ... on arrays.

    Examples:
        >>> AnalogGRU.take_apart(nn.GRU(3, 2), "gru")(torch.ones(7, 5, 3))[0].shape
        torch.Size([7, 5, 2])
    """

    float_type = nn.GRU


class AnalogRNN(AnalogRecurrent, nn.RNN):
    """`torch.nn.RNN` with matrices `ih_l0`, `hh_l0`, ... on arrays.

    Examples:
        >>> AnalogRNN.take_apart(nn.RNN(3, 2, bidirectional=True), "rnn")(torch.ones(7, 5, 3))[0].shape
        torch.Size([7, 5, 4])
    """

    float_type = nn.RNN


def _of_known_inputs(
    reads: SteppedReads, steps: Sequence[Tensor], times: Sequence[int], rows: Tensor
) -> Iterator[Tensor]:
    """Products with the inputs of every step, which wait for no state: many steps together.

    Args:
        reads: of the layer that takes the inputs.
        steps: inputs of every step.
        times: steps in the order of the walk.
        rows: place in the batch of each row.
    """
    together = max(1, READS_AT_ONCE // max(1, len(rows))) if reads.take_many else 1
    for start in range(0, len(times), together):
        some = times[start : start + together]
        inputs, counts = [steps[time] for time in some], [len(steps[time]) for time in some]
        samples = torch.cat([rows[:count] for count in counts])
        own = torch.tensor(some, device=rows.device).repeat_interleave(torch.tensor(counts, device=rows.device))
        yield from reads.outputs(torch.cat(inputs), samples, own).split(counts)
