"""What padding holds changes no calibration, error or measure, wherever its positions are inside a network."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch import nn

from bitline import Design, analog_layers, conversion_of, convert, evaluate
from bitline.data.call import Call
from bitline.errors import LeftOutWarning
from bitline.nn.padding import padding_in

SAMPLES, POSITIONS, FEATURES = 12, 7, 6
MASK = torch.arange(POSITIONS) < torch.tensor([7, 4, 5, 2] * 3)[:, None]
ADC = Design.of("differential").with_settings({"adc.range.percentile": 100.0})


class Network(nn.Module):
    """A network that takes samples and a mask, and does something of its own with positions inside."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = self.layer(), nn.Linear(FEATURES, 3)

    def layer(self):
        return nn.Linear(FEATURES, FEATURES)

    def inside(self, x, mask):
        return self.first(x)

    def forward(self, x, attention_mask=None):
        mask = attention_mask.bool()
        return self.second(torch.relu(self.inside(x, mask)))


class Transposed(Network):
    def inside(self, x, mask):
        return self.first(x.transpose(0, 1)).transpose(0, 1)


class Flat(Network):
    def inside(self, x, mask):
        return self.first(x.transpose(0, 1).flatten(0, 1)).unflatten(0, x.shape[1::-1]).transpose(0, 1)


class Heads(Network):
    def layer(self):
        return nn.Linear(2, 2)

    def inside(self, x, mask):
        return self.first(x.unflatten(2, (3, 2))).flatten(2)


class Convolution(Network):
    def layer(self):
        return nn.Conv1d(FEATURES, FEATURES, 3, padding=1)

    def inside(self, x, mask):
        return self.first(x.transpose(1, 2)).transpose(1, 2)


class Recurrent(Network):
    def layer(self):
        return nn.GRU(FEATURES, FEATURES)

    def inside(self, x, mask):
        return self.first(x.transpose(0, 1))[0].transpose(0, 1)


class Attention(Network):
    def layer(self):
        return nn.TransformerEncoderLayer(FEATURES, 2, 8, batch_first=True)

    def inside(self, x, mask):
        return self.first(x, src_key_padding_mask=~mask)


NETWORKS = [Network, Transposed, Flat, Heads, Convolution, Recurrent, Attention]


def inputs(content, samples=SAMPLES):
    x = torch.randn(SAMPLES, POSITIONS, FEATURES, generator=torch.Generator().manual_seed(1))
    x[~MASK] = content
    return {"x": x[:samples], "attention_mask": MASK[:samples].long()}


def decibels(evaluation):
    return [(layer.own_db, layer.accumulated_db) for layer in evaluation.layers]


@pytest.mark.parametrize("samples", [SAMPLES, POSITIONS])
@pytest.mark.parametrize("network", NETWORKS)
def test_calibration_does_not_depend_on_what_padding_holds(network, samples):
    """Also where there are as many samples as positions: shapes do not tell them apart."""
    network = network().eval()
    zero, large = (conversion_of(convert(network, ADC, inputs(content, samples))).calibration for content in (0.0, 9.0))
    assert zero.layers == large.layers


@pytest.mark.parametrize("network", [each for each in NETWORKS if each is not Convolution])
def test_results_do_not_depend_on_what_padding_holds(network):
    network, targets = network().eval(), torch.randn(SAMPLES, POSITIONS, 3)

    def result(content):
        given = inputs(content)
        return evaluate(network, ADC, {**given, "labels": targets}, metric="mse", calibration=given, chips=1)

    zero, large = result(0.0), result(9.0)
    assert zero.float_value == large.float_value and decibels(zero) == decibels(large)
    wanted = (network(**inputs(0.0)) - targets)[MASK].square().mean()
    assert zero.float_value == pytest.approx(wanted.item(), rel=1e-5)


def test_looking_for_padding_is_no_read():
    """Steps of recurrent layers were numbered on the way, and later samples had the read noise of others."""
    given = inputs(0.0)
    analog = convert(Recurrent().eval(), ADC, given)
    with torch.no_grad():
        analog(**given)
    before = [layer.numbers.seen for layer in analog_layers(analog)]
    assert padding_in(Call((), given), analog)
    assert [layer.numbers.seen for layer in analog_layers(analog)] == before


def test_a_mask_by_place_is_a_mask_by_name():
    network, given, targets = Network().eval(), inputs(9.0), torch.randn(SAMPLES, POSITIONS, 3)
    by_name = evaluate(network, ADC, {**given, "labels": targets}, metric="mse", calibration=given, chips=1)
    places = tuple(given.values())
    by_place = evaluate(network, ADC, (*places, targets), metric="mse", calibration=places, chips=1)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*places, targets), batch_size=5)
    loaded = evaluate(network, ADC, loader, metric="mse", calibration=loader, chips=1)
    assert by_name.mean == by_place.mean == loaded.mean
    assert decibels(by_name) == decibels(by_place)


def test_signals_that_all_depend_on_padding_count():
    """A mean over positions that forgets the mask: what it gives is what the network works with."""

    class Mean(Network):
        def forward(self, x, attention_mask=None):
            return self.second(torch.relu(self.first(x)).mean(1))

    given = inputs(9.0)
    marks = padding_in(Call((), given), convert(Mean().eval(), ADC, given))
    assert list(marks) == ["first"] and torch.equal(marks["first"][0].inputs, ~MASK)


@pytest.mark.parametrize("network", [Network, Transposed, Flat])
def test_padding_is_found_where_it_reaches_nothing(network):
    """Behind a ReLU all may be zero, whatever padding holds; with other contents it is not."""
    network = network().eval()
    with torch.no_grad():
        network.first.weight.copy_(torch.eye(FEATURES))
        network.first.bias.fill_(-3.0)
    given = inputs(0.0)
    given["x"][0, 0] = 1.0  # takes the place of padding, and is below the threshold, too
    given["x"][0, 1] = 5.0
    marks = padding_in(Call((), given), convert(network, ADC, given))
    assert torch.equal(marks["first"][0].inputs.flatten().sort().values, (~MASK).flatten().sort().values)
    assert torch.equal(marks["second"][0].inputs, ~MASK)


def test_padding_is_found_where_forward_draws_random_numbers():
    """Two passes drew other numbers, and padding was taken to reach everything."""

    class Dropped(Flat):
        def inside(self, x, mask):
            return super().inside(nn.functional.dropout(x, 0.3, training=True), mask)

    given = inputs(9.0)
    analog, before = convert(Dropped().eval(), ADC, given), torch.random.get_rng_state()
    marks = padding_in(Call((), given), analog)
    assert torch.equal(marks["first"][0].inputs, ~MASK.T.flatten())
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_mask_of_another_name_is_told():
    class Other(Network):
        def forward(self, x, mask=None):
            return super().forward(x, mask)

    given = inputs(9.0)
    with pytest.warns(LeftOutWarning, match="'mask' may be a mask of padding"):
        convert(Other().eval(), ADC, {"x": given["x"], "mask": given["attention_mask"]})


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("padding", lambda mask: ~mask.bool(), "may be a mask of padding"),
        ("is_valid", lambda mask: mask.int(), "may be a mask of padding"),
        ("lengths", lambda mask: mask.sum(1), "may say how long samples are"),
        ("padding", lambda mask: mask * 0.5, ""),  # no truths
        ("keep", lambda mask: mask.bool(), ""),  # a name that says nothing of padding
    ],
)
def test_a_mask_is_recognised_by_what_it_is(name, change, told):
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 2)

        def forward(self, x, **others):
            return self.fc(x)

    mask = torch.tensor([[1, 1, 1], [1, 0, 0], [1, 1, 0]])
    given = {"x": torch.rand(3, 3, 4), name: change(mask)}
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        convert(Named().eval(), ADC, given)
    found = [str(each.message) for each in seen if issubclass(each.category, LeftOutWarning)]
    assert len(found) == bool(told) and all(f"'{name}' {told}" in message for message in found), found
