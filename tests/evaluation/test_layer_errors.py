"""Errors of layers: in bounded memory, the same for any batch, and left out on request."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from bitline import Design, convert, evaluate
from bitline.design import reference
from bitline.errors import DataError
from bitline.evaluation import layer_errors
from bitline.evaluation.layer_errors import LayerSums, layer_sums
from bitline.evaluation.measured_samples import MeasuredSamples
from bitline.evaluation.prepared import Prepared

NOISY = {
    "cell.device": {"kind": "state-proportional", "alpha": 0.02},
    "cell.read_noise": {"kind": "state-independent", "alpha": 0.02},
}


@pytest.fixture
def network():
    torch.manual_seed(0)
    layers = nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3, groups=2), nn.Flatten(), nn.Linear(128, 4)
    return nn.Sequential(*layers).eval()


@pytest.fixture
def images():
    return torch.rand(9, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def prepared_for(network, images):
    return Prepared.of(network, Design().with_settings(NOISY), images, 0, images)


def labelled(images, batch):
    return MeasuredSamples.labelled(images, torch.zeros(len(images)).long(), batch)


def sums_of(network, images):
    return prepared_for(network, images).compare(labelled(images, batch=9))


def test_sums_do_not_depend_on_how_many_images_are_compared_at_once(network, images, monkeypatch):
    whole = sums_of(network, images)
    monkeypatch.setattr(layer_errors, "AT_ONCE", 0)
    assert sums_of(network, images) == whole


def test_no_more_images_are_compared_at_once_than_go_through_a_network(network, images):
    prepared, counts = prepared_for(network, images), []
    prepared.analog.register_forward_pre_hook(lambda _, inputs: counts.append(len(inputs[0])))
    assert prepared.compare(labelled(images, batch=2)) == sums_of(network, images)
    assert counts == [1, 2, 2, 2, 2]


def test_sums_are_those_of_recorded_outputs(network, images):
    prepared = Prepared.of(network, Design().with_settings(NOISY), images, 0, images)
    first = next(iter(prepared.compare(MeasuredSamples.labelled(images, torch.zeros(9).long(), batch=4))))
    prepared.program(0)
    with torch.no_grad():
        got, wanted = prepared.analog[0](images), prepared.reference[0](images)
    assert first.signal == pytest.approx(float(wanted.double().square().sum()), rel=1e-12)
    assert first.error == pytest.approx(float((got - wanted).double().square().sum()), rel=1e-12)
    assert (first.own_signal, first.own_error) == (first.signal, first.error)  # nothing is before it


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, images):
        return self.layer(self.layer(images))


def test_every_call_of_a_layer_counts():
    torch.manual_seed(0)
    network, images = Twice(), torch.rand(5, 4)
    exact = Design().with_settings({"cell.device": "none", "adc": "none"})
    analog = convert(network, exact, images)
    with torch.no_grad():
        (sums,) = layer_sums(convert(network, exact, images), analog, images)
        calls = [analog.layer(images)]
        calls.append(analog.layer(calls[0]))
    assert sums.own_signal == pytest.approx(sum(float(call.double().square().sum()) for call in calls), rel=1e-6)


@pytest.mark.parametrize("adc", [{}, {"adc.skip_zero_inputs": True, "array.rows": 9}])
def test_layer_errors_are_left_out_on_request(network, images, adc):
    labels = network(images).argmax(1)
    design = Design().with_settings({**NOISY, **adc})
    with_errors = evaluate(network, design, images, labels, images, chips=1)
    without = evaluate(network, design, images, labels, images, chips=1, compared_images=0)
    assert len(with_errors.layers) == 3 and without.layers == ()
    assert without == replace(with_errors, layers=())  # accuracy and cost are the same
    with pytest.raises(DataError, match="compared_images"):
        evaluate(network, design, images, labels, images, compared_images=-1)


def test_layers_are_compared_on_the_first_chips(network, images):
    labels, design = network(images).argmax(1), Design().with_settings(NOISY)
    few = evaluate(network, design, images, labels, images, chips=4, compared_chips=2)
    assert few.layers == evaluate(network, design, images, labels, images, chips=2).layers
    assert few.layers != evaluate(network, design, images, labels, images, chips=4, compared_chips=4).layers
    assert {layer.chips for layer in few.layers} == {2}
    assert len(few.chip_values) == 4
    with pytest.raises(DataError, match="compared_chips"):
        evaluate(network, design, images, labels, images, compared_chips=0)


class Sampling(nn.Module):
    """An encoder of a distribution, and a decoder of what is drawn from it."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.encoder, self.decoder = nn.Linear(4, 3), nn.Linear(3, 4)

    def forward(self, images, attention_mask=None):
        mean = self.encoder(nn.functional.dropout(images, 0.3, training=True))
        return self.decoder(mean + torch.randn_like(mean))


@pytest.mark.parametrize("is_padded", [False, True])
def test_both_networks_draw_the_same_random_numbers(is_padded):
    """An exact design was compared with other samples of the distribution, at around 0 dB."""
    images = torch.rand(12, 5, 4, generator=torch.Generator().manual_seed(0))
    mask = torch.ones(12, 5).index_fill(1, torch.tensor([4]), 0.0)
    given = {"images": images, "attention_mask": mask} if is_padded else images
    data = {**given, "labels": images} if is_padded else (images, images)
    for chips in (1, 2):
        result = evaluate(Sampling().eval(), "ideal", data, metric="mse", calibration=given, chips=chips)
        assert [layer.accumulated_db for layer in result.layers] == [math.inf, math.inf]


def test_random_numbers_of_several_comparisons_differ():
    torch.manual_seed(0)
    network, images, drawn = Sampling().eval(), torch.rand(5, 4), []
    analog = convert(network, "ideal", images)
    analog.decoder.register_forward_pre_hook(lambda _, inputs: drawn.append(inputs[0]))
    with torch.no_grad():
        layer_sums(convert(network, reference(Design.load("ideal")), images), analog, images, most=2)
    assert [len(inputs) for inputs in drawn] == [1, 2, 2]
    assert not torch.equal(drawn[1], drawn[2])


@pytest.mark.parametrize("chips", [2, 3, 10])
def test_intervals_of_ratios_hold_the_truth(chips):
    """Errors of chips are independent with mean 1, so the truth is 30 dB; 95 % of 2,000 intervals, 93 to 97 % by chance
    and by the curve of the logarithm."""
    draws = torch.Generator().manual_seed(chips)
    errors = 1 + 0.1 * torch.randn(2000, chips, generator=draws, dtype=torch.float64)
    runs = [
        [LayerSums("fc", 4, 4, 1, 1.0, 0.0, 1e3, error, 1e3, 1.0, 0, 0, 1) for error in row] for row in errors.tolist()
    ]
    (ratios,) = zip(*(layer_errors.layer_errors([chip] for chip in run) for run in runs), strict=True)
    assert 0.93 < sum(abs(ratio.own_db - 30) < ratio.own_half_db for ratio in ratios) / len(ratios) < 0.97
    assert {ratio.accumulated_half_db for ratio in ratios} == {0.0}


def test_few_or_exact_chips_have_no_interval():
    sums = LayerSums("fc", 4, 4, 1, 1.0, 0.0, 1e3, 1.0, 1e3, 0.0, 0, 0, 1)
    (alone,), (both,) = layer_errors.layer_errors([[sums]]), layer_errors.layer_errors([[sums], [sums]])
    assert math.isnan(alone.own_half_db) and math.isnan(both.accumulated_half_db)
    assert (both.own_half_db, both.accumulated_db, both.chips) == (0.0, math.inf, 2)
