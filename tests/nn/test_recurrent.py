"""Recurrent layers on arrays compute what PyTorch's do, and read their arrays once in every step."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils import parametrizations
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils._pytree import tree_leaves

from bitline import Design, analog_layers, convert, evaluate, program
from bitline.cost import gather_statistics
from bitline.errors import ConversionError
from bitline.nn import computing
from bitline.nn import layer as layer_module

PRECISE = Design().with_settings(
    {"weights.bits": 16, "inputs.bits": 16, "adc": "none", "cell.device": "none", "inputs.range": {"percentile": 100.0}}
)
"""Rounds to about 2^-15 of the largest weight and input."""
NOISY = PRECISE.with_settings({"cell.read_noise": {"kind": "state-independent", "alpha": 0.1}})
"""Nothing but read noise."""
LAYERS = {"LSTM": nn.LSTM, "GRU": nn.GRU, "RNN": nn.RNN}
CELLS = {"LSTMCell": nn.LSTMCell, "GRUCell": nn.GRUCell, "RNNCell": nn.RNNCell}


class Recurrent(nn.Module):
    """A recurrent layer with sequences of any length, and with states if there are any.

    Args:
        rnn: the layer.
        packed: whether sequences are packed; `lengths` are ignored otherwise.
    """

    def __init__(self, rnn: Any, packed: bool = False) -> None:
        super().__init__()
        self.rnn, self.packed = rnn, packed

    def forward(self, x: Tensor, lengths: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        first = tuple(state.transpose(0, 1).contiguous() for state in states)
        hx = None if not first else first if isinstance(self.rnn, nn.LSTM) else first[0]
        steps = x if self.rnn.batch_first else x.transpose(0, 1)
        given: Any = steps
        if self.packed:
            given = pack_padded_sequence(steps, lengths, self.rnn.batch_first, enforce_sorted=False)
        outputs, last = self.rnn(given, hx)
        if self.packed:
            outputs, _ = pad_packed_sequence(outputs, self.rnn.batch_first, total_length=x.shape[1])
        outputs = outputs if self.rnn.batch_first else outputs.transpose(0, 1)
        last = last if isinstance(last, tuple) else (last,)
        return outputs, *(state.transpose(0, 1) for state in last)


@st.composite
def networks(draw: st.DrawFn) -> tuple[nn.Module, tuple[Tensor, ...]]:
    """A recurrent layer with any options, and inputs: sequences, their lengths, and states or none."""
    kind = draw(st.sampled_from(sorted(LAYERS)))
    features, hidden, batch, steps = (draw(st.integers(low, 4)) for low in (1, 2, 1, 1))
    options: dict[str, Any] = {
        "num_layers": draw(st.integers(1, 2)),
        "bidirectional": draw(st.booleans()),
        "bias": draw(st.booleans()),
        "batch_first": draw(st.booleans()),
    }
    if kind == "RNN":
        options["nonlinearity"] = draw(st.sampled_from(["tanh", "relu"]))
    projected = draw(st.integers(0, hidden - 1)) if kind == "LSTM" else 0
    if projected:
        options["proj_size"] = projected
    torch.manual_seed(draw(st.integers(0, 99)))
    network = Recurrent(LAYERS[kind](features, hidden, **options), packed=draw(st.booleans()))
    inputs = [
        torch.randn(batch, steps, features),
        torch.tensor(draw(st.lists(st.integers(1, steps), min_size=batch, max_size=batch))),
    ]
    if draw(st.booleans()):
        lines = options["num_layers"] * (1 + options["bidirectional"])
        inputs.append(torch.randn(batch, lines, projected or hidden))
        if kind == "LSTM":
            inputs.append(torch.randn(batch, lines, hidden))
    return network.eval(), tuple(inputs)


@settings(max_examples=30)
@given(case=networks())
def test_recurrent_layers_compute_what_the_float_layer_computes(case):
    network, inputs = case
    analog = convert(network, PRECISE, inputs)
    with torch.no_grad():
        for got, expected in zip(analog(*inputs), network(*inputs), strict=True):
            torch.testing.assert_close(got, expected, rtol=0, atol=3e-3)
    assert isinstance(analog.rnn, type(network.rnn))


@pytest.mark.parametrize("kind", LAYERS)
def test_one_sequence_without_a_batch(kind):
    torch.manual_seed(0)
    layer, x = LAYERS[kind](3, 4, batch_first=True), torch.randn(5, 6, 3)
    analog = convert(layer, PRECISE, x)
    with torch.no_grad():
        outputs, last = layer(x)
        alone, alone_last = analog(x[2])
        torch.testing.assert_close(alone, outputs[2], rtol=0, atol=2e-3)
        states = (last, alone_last) if kind != "LSTM" else (last[1], alone_last[1])
        torch.testing.assert_close(states[1], states[0][:, 2], rtol=0, atol=2e-3)


class Loop(nn.Module):
    """A cell that is called step by step."""

    def __init__(self, cell: nn.Module) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, x: Tensor) -> Tensor:
        state = None
        for step in x.unbind(1):
            state = self.cell(step, state)
        return state[0] if isinstance(state, tuple) else state


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("bias", [True, False])
def test_cells_in_a_loop(kind, bias):
    torch.manual_seed(0)
    network, x = Loop(CELLS[kind](3, 4, bias=bias)), torch.randn(6, 5, 3)
    analog = convert(network, PRECISE, x)
    assert [layer.name for layer in analog_layers(analog)] == ["cell.ih", "cell.hh"]
    with torch.no_grad():
        torch.testing.assert_close(analog(x), network(x), rtol=0, atol=2e-3)
        noisy = convert(network, NOISY, x)
        whole = noisy(x)
        parts = torch.cat([program(noisy, chip=0)(x[:2]), noisy(x[2:])])
        torch.testing.assert_close(parts, whole, rtol=0, atol=1e-5)
        layer = CELLS[kind](3, 4)
        one = convert(layer, PRECISE, x[:, 0])
        first, second = (cell(x[1, 0]) for cell in (one, layer))
        state = (first[0], second[0]) if kind == "LSTMCell" else (first, second)
        torch.testing.assert_close(*state, rtol=0, atol=2e-3)


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("packed", [False, True])
def test_read_noise_does_not_depend_on_the_batch_or_on_other_sequences(kind, packed):
    torch.manual_seed(0)
    network = Recurrent(LAYERS[kind](3, 4, num_layers=2, bidirectional=True, batch_first=True), packed=packed)
    x, lengths = torch.randn(6, 5, 3), torch.tensor([3, 5, 1, 5, 2, 4])
    analog = convert(network, NOISY, (x, lengths))
    with torch.no_grad():
        whole = analog(x, lengths)
        program(analog, chip=0)
        parts = [analog(x[part], lengths[part]) for part in (slice(0, 1), slice(1, 4), slice(4, 6))]
        for together, *apart in zip(whole, *parts, strict=True):
            torch.testing.assert_close(torch.cat(apart), together, rtol=0, atol=1e-5)
        quiet = convert(network, PRECISE, (x, lengths))(x, lengths)
        assert float((whole[0] - quiet[0]).abs().max()) > 0.01


def test_every_step_is_a_read_of_its_own():
    """The noise of two steps with the same input and state differs."""
    torch.manual_seed(0)
    layer = nn.RNN(3, 200, batch_first=True, bias=False)
    with torch.no_grad():
        layer.weight_hh_l0.fill_(1e-9)
    x = torch.rand(2, 1, 3).expand(2, 6, 3)
    analog = convert(layer, NOISY, x)
    with torch.no_grad():
        noise = (analog(x)[0] - layer(x)[0]).flatten(0, 1)
    assert float(torch.corrcoef(noise).sub(torch.eye(12)).abs().max()) < 0.3
    assert float(noise.std()) > 1e-3


def test_layers_that_are_called_twice_read_anew_whatever_the_batch():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(5, 5)

        def forward(self, x: Tensor) -> Tensor:
            return torch.stack([self.fc(x), self.fc(x)], 1)

    torch.manual_seed(0)
    x = torch.rand(6, 5)
    analog = convert(Twice(), NOISY, x)
    with torch.no_grad():
        whole = analog(x)
        assert float((whole[:, 0] - whole[:, 1]).abs().max()) > 1e-3
        program(analog, chip=0)
        torch.testing.assert_close(torch.cat([analog(x[:1]), analog(x[1:])]), whole, rtol=0, atol=1e-5)


def test_parts_follow_rules_and_stay_digital_alone():
    torch.manual_seed(0)
    network = nn.Sequential(nn.LSTM(3, 4, batch_first=True))
    x = torch.randn(6, 5, 3)
    rules = [{"match": "0.hh_l0", "digital": True}, {"match": "0", "set": {"weights.bits": 12}}]
    analog = convert(network, PRECISE.with_settings({"layers": rules}), x)
    assert [(layer.name, layer.design.weights.bits) for layer in analog_layers(analog)] == [("0.ih_l0", 12)]
    with torch.no_grad():
        torch.testing.assert_close(analog(x)[0], network(x)[0], rtol=0, atol=3e-3)
    whole = PRECISE.with_settings({"layers": [{"match": "0", "digital": True}]})
    with pytest.raises(ConversionError, match="no layer to put on arrays"):
        convert(network, whole, x)


def test_files_copies_and_gradients():
    torch.manual_seed(0)
    layer, other, x = (*(nn.LSTM(3, 4, batch_first=True) for _ in range(2)), torch.randn(6, 5, 3))
    analog = convert(layer, NOISY, x)
    with torch.no_grad():
        expected = analog(x)[0]
        for twin in (copy.deepcopy(analog), pickle.loads(pickle.dumps(analog)), analog.double().float()):
            torch.testing.assert_close(program(twin, chip=0)(x)[0], expected)
    precise = convert(layer, PRECISE, x)
    for module in (layer, precise):
        module(x)[0].square().sum().backward()
    torch.testing.assert_close(precise.hh_l0.weight.grad, layer.weight_hh_l0.grad, rtol=0, atol=5e-3)
    assert precise.weight_hh_l0 is precise.hh_l0.weight
    assert [len(weights) for weights in precise.all_weights] == [4]
    precise.load_state_dict(other.state_dict())
    with torch.no_grad():
        torch.testing.assert_close(precise(x)[0], other(x)[0], rtol=0, atol=0.05)  # ranges are those of the first


def test_dropout_between_layers_while_training():
    torch.manual_seed(0)
    x = torch.randn(6, 5, 3)
    analog = convert(nn.GRU(3, 8, num_layers=2, dropout=0.9, batch_first=True), PRECISE, x)
    with torch.no_grad():
        assert torch.equal(analog(x)[0], analog(x)[0])
        analog.train()
        assert not torch.equal(analog(x)[0], analog(x)[0])


@pytest.mark.parametrize(
    "given", [(torch.zeros(5, 4, 2),), (torch.zeros(5),), (torch.zeros(5, 4, 3), (torch.zeros(1, 5, 9),) * 2)]
)
def test_inputs_that_do_not_fit_are_refused_by_name(given):
    analog = convert(nn.Sequential(nn.LSTM(3, 4, batch_first=True)), PRECISE, torch.randn(6, 5, 3))
    with pytest.raises(ConversionError, match="layer '0' takes"):
        analog[0](*given)


@pytest.mark.parametrize("steps", [1, 7])
def test_an_image_costs_a_product_of_each_matrix_in_every_step(steps):
    network = nn.Sequential(nn.LSTM(3, 4, num_layers=2, proj_size=2, batch_first=True))
    statistics = gather_statistics(network, "differential", torch.randn(6, steps, 3))
    products = {layer.name: layer.products for layer in statistics.layers}
    assert products == {f"0.{kind}_l{layer}": steps for layer in (0, 1) for kind in ("ih", "hh", "hr")}
    assert statistics.digital.unknown == ()
    assert statistics.digital.activations == steps * 2 * (3 + 1 + 1) * 4


def test_costs_of_packed_sequences_are_those_of_the_first_one():
    inputs = {"x": torch.randn(6, 7, 3), "lengths": torch.tensor([4, 7, 2, 7, 1, 5])}
    statistics = gather_statistics(Recurrent(nn.GRU(3, 4, batch_first=True), packed=True), "differential", inputs)
    assert {layer.name: layer.products for layer in statistics.layers} == {"rnn.ih_l0": 4, "rnn.hh_l0": 4}


def test_recurrent_networks_are_evaluated_as_any_others():
    class Classifier(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.head = nn.GRU(3, 8, batch_first=True), nn.Linear(8, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.rnn(x)[1][0])

    torch.manual_seed(0)
    model, x = Classifier().eval(), torch.randn(40, 5, 3)
    with torch.no_grad():
        labels = model(x).argmax(1)
    result = evaluate(model, "differential", x, labels, x[:20], chips=2)
    assert [layer.name for layer in result.layers] == ["rnn.ih_l0", "rnn.hh_l0", "head"]
    assert result.reference_accuracy > 0.9
    again = evaluate(model, NOISY, x, labels, x[:20], chips=1, batch=7)
    assert again.chip_accuracies == evaluate(model, NOISY, x, labels, x[:20], chips=1, batch=40).chip_accuracies


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("layer", [nn.LSTM, nn.GRU])
def test_empty_batches_have_empty_outputs(layer, batch_first):
    network = nn.Sequential(layer(3, 4, num_layers=2, bidirectional=True, batch_first=batch_first))
    x = torch.randn(6, 5, 3)
    analog = convert(network, PRECISE, x)
    nothing = x[:0] if batch_first else x[:, :0]
    found, expected = ([values.shape for values in tree_leaves(each(nothing))] for each in (analog, network))
    assert found == expected
    with pytest.raises(ConversionError, match="at least one step"):
        analog(x[:, :0] if batch_first else x[:0])


@pytest.mark.parametrize("with_gradients", [False, True])
@pytest.mark.parametrize("how", ["weight_norm", "spectral_norm", "old weight_norm"])
def test_computed_weights_of_recurrent_layers_are_baked_in(how, with_gradients):
    torch.manual_seed(0)
    network, x = Recurrent(nn.LSTM(3, 4, batch_first=True)).eval(), torch.randn(6, 5, 3)
    computed = nn.utils.weight_norm if how.startswith("old") else getattr(parametrizations, how)
    computed(network.rnn, "weight_hh_l0")
    lengths = torch.full((6,), 5)
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(1.5)
    with torch.set_grad_enabled(with_gradients):
        expected = network(x, lengths)[0]
    analog = convert(network, PRECISE, (x, lengths))
    with torch.no_grad():
        torch.testing.assert_close(analog(x, lengths)[0], expected, rtol=0, atol=3e-3)


def test_computed_weights_of_a_digital_recurrent_layer_are_those_that_it_multiplies():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 3), nn.LSTM(3, 4)).eval()
    parametrizations.weight_norm(network[1], "weight_hh_l0")
    x = torch.randn(6, 5, 3)
    network(x)
    rules = [{"match": "1", "digital": True}]
    analog = convert(network, PRECISE.with_settings({"layers": rules}), x)
    with torch.no_grad():
        torch.testing.assert_close(analog(x)[0], network(x)[0], rtol=0, atol=3e-3)
        analog[1].weight_hh_l0.zero_()
        assert not torch.equal(analog(x)[0], network(x)[0])
    assert not any(isinstance(each, Tensor) and not each.is_leaf for each in tree_leaves(vars(analog[1])))


@pytest.mark.parametrize("kind", LAYERS)
def test_weights_are_looked_at_once_for_all_steps_and_again_in_the_next_pass(kind, monkeypatch):
    x, lengths = torch.randn(2, 9, 3), torch.full((2,), 9)
    network = Recurrent(LAYERS[kind](3, 4, num_layers=2, batch_first=True))
    analog = convert(network, NOISY, (x, lengths))
    looked: list[Any] = []
    contents_of = layer_module.contents_of
    monkeypatch.setattr(layer_module, "contents_of", lambda *tensors: looked.append(tensors) or contents_of(*tensors))
    with torch.no_grad():
        before = analog(x, lengths)[0]
        assert len(looked) == 4  # matrices
        analog.rnn.ih_l0.weight.data.mul_(-1)
        after = analog(x, lengths)[0]
    assert len(looked) == 8
    assert not torch.equal(before, after)


def test_a_promise_within_another_leaves_that_as_it_is():
    analog = convert(nn.Linear(3, 2), PRECISE, torch.randn(8, 3))
    (layer,) = analog_layers(analog)
    with layer.settled():
        with layer.settled():
            pass
        first = layer.programmed()
        layer.weight.data.mul_(2)
        assert layer.programmed() is first
    assert layer.programmed() is not first


def test_layers_that_do_something_else_are_not_programmed_for_a_pass(monkeypatch):
    x, lengths = torch.randn(2, 5, 3), torch.full((2,), 5)
    analog = convert(Recurrent(nn.GRU(3, 4, batch_first=True)), PRECISE, (x, lengths))
    monkeypatch.setattr(layer_module.AnalogLayer, "programmed", lambda layer: pytest.fail("programmed"))
    with computing(analog, lambda layer, inputs: layer.float_forward(inputs)):
        analog(x, lengths)


def test_layers_of_earlier_versions_that_count_no_promises_run():
    analog = convert(nn.Linear(3, 2), PRECISE, torch.randn(8, 3))
    (layer,) = analog_layers(analog)
    del vars(layer)["_settled"]
    expected = analog(torch.ones(1, 3))
    with layer.settled():
        assert torch.equal(analog(torch.ones(1, 3)), expected)
