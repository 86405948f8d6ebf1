"""One step of recurrent layers: what becomes of the products, and cells that are called step by step."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from bitline.nn.composite import CompositeLayer, Pieces
from bitline.nn.guards import refuse_inputs, require_shape

States = tuple[Tensor, ...]
"""What a recurrent layer keeps from one step to the next, the hidden state first, (samples, features) each."""


def lstm_step(from_input: Tensor, from_hidden: Tensor, states: States) -> States:
    """The next states of an LSTM (Hochreiter and Schmidhuber, Neural Computation 9(8), 1997, with forget gates).

    Args:
        from_input, from_hidden: products of the two matrices, (samples, 4 features): input gate, forget gate,
            candidates and output gate.
        states: hidden state and cell state, (samples, features).

    Examples:
        With large gates, the cell state grows by one at every step:

        >>> import torch
        >>> gates = torch.full((1, 4), 20.0)
        >>> [round(float(state), 2) for state in lstm_step(gates, gates, (torch.zeros(1, 1), torch.ones(1, 1)))]
        [0.96, 2.0]
    """
    enter, keep, new, leave = (from_input + from_hidden).chunk(4, 1)
    cell = keep.sigmoid() * states[1] + enter.sigmoid() * new.tanh()
    return leave.sigmoid() * cell.tanh(), cell


def gru_step(from_input: Tensor, from_hidden: Tensor, states: States) -> States:
    """The next state of a GRU (Cho et al., EMNLP 2014), its reset gate applied after the product, as in PyTorch.

    Args:
        from_input, from_hidden: products of the two matrices, (samples, 3 features): reset gate, update gate,
            candidates.
        states: the hidden state, (samples, features).

    Examples:
        >>> import torch
        >>> float(gru_step(torch.zeros(1, 3), torch.zeros(1, 3), (torch.ones(1, 1),))[0])
        0.5
    """
    reset_in, update_in, new_in = from_input.chunk(3, 1)
    reset_hidden, update_hidden, new_hidden = from_hidden.chunk(3, 1)
    update = (update_in + update_hidden).sigmoid()
    new = (new_in + (reset_in + reset_hidden).sigmoid() * new_hidden).tanh()
    return (new + update * (states[0] - new),)


def tanh_step(from_input: Tensor, from_hidden: Tensor, states: States) -> States:
    """The next state of a plain recurrent layer.

    Examples:
        >>> import torch
        >>> float(tanh_step(torch.zeros(1, 1), torch.zeros(1, 1), ())[0])
        0.0
    """
    return ((from_input + from_hidden).tanh(),)


def relu_step(from_input: Tensor, from_hidden: Tensor, states: States) -> States:
    """The next state of a plain recurrent layer with ReLU.

    Examples:
        >>> import torch
        >>> float(relu_step(torch.ones(1, 1), torch.ones(1, 1), ())[0])
        2.0
    """
    return ((from_input + from_hidden).relu(),)


STEPS = {"LSTM": lstm_step, "GRU": gru_step, "RNN_TANH": tanh_step, "RNN_RELU": relu_step}
"""The step of each kind of layer, as PyTorch calls them."""


class AnalogCell(CompositeLayer):
    """A recurrent cell with two matrices on arrays: `ih` for inputs and `hh` for the hidden state.

    Examples:
        >>> import torch
        >>> cell = AnalogGRUCell.take_apart(nn.GRUCell(3, 2), "cell")
        >>> [name for name, _ in cell.named_children()], cell(torch.ones(5, 3)).shape
        (['ih', 'hh'], torch.Size([5, 2]))
    """

    input_size: int
    hidden_size: int

    def pieces(self) -> Pieces:
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        return {name: (part_of(name),) for name in names if getattr(self, name) is not None}

    @property
    def kind(self) -> str:
        """Its key in `STEPS`."""
        return self.float_type.__name__.removesuffix("Cell")

    def forward(self, input: Tensor, hx: Any = None) -> Any:
        refuse_inputs(input, self.name)
        require_shape(input, 1, self.input_size, -1, self.name)
        is_lstm = self.kind == "LSTM"
        inputs = input if input.ndim == 2 else input[None]
        if hx is None:
            given = [input.new_zeros(*input.shape[:-1], self.hidden_size)] * (2 if is_lstm else 1)
        else:
            given = list(hx) if is_lstm else [hx]
        for state in given:
            refuse_inputs(state, self.name)
            require_shape(state, 1, self.hidden_size, -1, self.name)
        current = self.current_pass()
        if current is not None:
            current.recognise_step(input.shape)
        states = tuple(state if state.ndim == 2 else state[None] for state in given)
        after = STEPS[self.kind](self.ih(inputs), self.hh(states[0]), states)
        after = after if input.ndim == 2 else tuple(state[0] for state in after)
        return after if is_lstm else after[0]


class AnalogLSTMCell(AnalogCell, nn.LSTMCell):
    """`torch.nn.LSTMCell` with matrices `ih` and `hh` on arrays.

    Examples:
        >>> import torch
        >>> cell = AnalogLSTMCell.take_apart(nn.LSTMCell(3, 2), "cell")
        >>> [state.shape for state in cell(torch.ones(5, 3))]
        [torch.Size([5, 2]), torch.Size([5, 2])]
    """

    float_type = nn.LSTMCell


class AnalogGRUCell(AnalogCell, nn.GRUCell):
    """`torch.nn.GRUCell` with matrices `ih` and `hh` on arrays.

    Examples:
        >>> import torch
        >>> AnalogGRUCell.take_apart(nn.GRUCell(3, 2), "cell")(torch.ones(5, 3)).shape
        torch.Size([5, 2])
    """

    float_type = nn.GRUCell


class AnalogRNNCell(AnalogCell, nn.RNNCell):
    """`torch.nn.RNNCell` with matrices `ih` and `hh` on arrays.

    Examples:
        >>> import torch
        >>> AnalogRNNCell.take_apart(nn.RNNCell(3, 2), "cell")(torch.ones(5, 3)).shape
        torch.Size([5, 2])
    """

    float_type = nn.RNNCell

    @property
    def kind(self) -> str:
        return f"RNN_{self.nonlinearity.upper()}"


def part_of(parameter: str) -> str:
    """Where a parameter of a recurrent layer goes.

    Examples:
        >>> part_of("weight_ih_l0_reverse")
        'ih_l0_reverse.weight'
    """
    kind, _, part = parameter.partition("_")
    return f"{part}.{kind}"
