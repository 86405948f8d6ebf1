"""A range for each input vector: the largest magnitude scales what drives the rows, and outputs back."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.chain import literal_chain
from oracle.code_edges import assert_equal_up_to_code_edges
from strategies import designs, inputs_for, matrices
from torch import nn
from torch.nn import functional

from bitline import AnalogCore, Design, convert
from bitline.arrays import ConvolutionProduct
from bitline.errors import DataError, DesignError
from bitline.layer.chip import Chip
from bitline.layer.encoded import EncodedLayer
from bitline.layer.matrix import ProgrammedLayer, calibrate_layer
from bitline.layer.sample_numbers import numbers_from
from bitline.numerics.draws import Draws

OWN = {"inputs.range": "per-vector"}
NOISE = {"cell.read_noise": {"kind": "state-proportional", "alpha": 0.05}}
BESIDES = [
    {},
    NOISE,
    {"adc": "none", **NOISE},
    {"inputs.bits": 12},
    {"weights.kind": "offset", "inputs.accumulation": "digital", "adc.ranges_per": ("input-slice",)},
    {"weights.kind": "offset", "weights.subtraction": "unit-column"},
    {"adc.kind": "sar", "adc.capacitor_mismatch": 0.05},
    {"array": {"kind": "gate-driven", "bit_line": {"segment": 1e-3}, "rows": 9}, "inputs.bits": 3},
]


@settings(max_examples=12)
@given(designs(), matrices(), st.integers(0, 1000), st.booleans(), st.integers(1, 5))
def test_every_plan_equals_the_literal_chain(design, matrix, seed, signed, batch):
    inputs = inputs_for(matrix.shape[1], batch, seed, signed) * np.float32(10.0) ** np.arange(batch, dtype=np.float32)
    core = AnalogCore(matrix, design.with_settings(OWN), calibration=inputs, seed=seed, chip=3, name="layer")
    expected = literal_chain(matrix, core.layer.design, inputs, core.calibration, draws=Draws((seed, 3, "layer")))
    assert_equal_up_to_code_edges(core @ inputs, expected, 2e-5 * expected.magnitude.max(axis=0))


@settings(max_examples=8)
@given(designs(), matrices(), st.integers(0, 1000), st.integers(1, 5))
def test_every_plan_equals_the_literal_chain_where_negative_inputs_count_as_0(design, matrix, seed, batch):
    inputs = inputs_for(matrix.shape[1], batch, seed, True) * np.float32(10.0) ** np.arange(batch, dtype=np.float32)
    unsigned = design.with_settings({**OWN, "inputs.signed": False})
    core = AnalogCore(matrix, unsigned, calibration=inputs, seed=seed, chip=3, name="layer")
    expected = literal_chain(matrix, core.layer.design, inputs, core.calibration, draws=Draws((seed, 3, "layer")))
    assert_equal_up_to_code_edges(core @ inputs, expected, 2e-5 * expected.magnitude.max(axis=0))


@pytest.mark.parametrize("design", ["ideal", "differential"])
def test_negative_inputs_that_count_as_0_do_not_set_a_range(design):
    """One of -1000 left no code to the others, and outputs of 0."""
    unsigned = Design.load(design).with_settings({**OWN, "inputs.signed": False, "cell.device": "none", "adc": "none"})
    core = AnalogCore(np.eye(3, dtype=np.float32), unsigned)
    for lowest in (-1000.0, -3e38, 0.0):
        vectors = np.array([[0.5, 0.9, lowest], [1e-10, 0.0, lowest], [-0.5, -0.9, lowest]], np.float32).T
        wanted = np.array([[142 * 0.9 / 255, 0.9, 0], [1e-10, 0, 0], [0, 0, 0]]).T
        np.testing.assert_allclose(core @ vectors, wanted, rtol=0.01 if design == "differential" else 1e-5)
    with pytest.raises(DataError, match="NaN or infinite"):
        core @ np.array([0.5, 0.9, -np.inf], np.float32)


def test_windows_leave_negative_inputs_out_of_their_ranges():
    images = torch.rand(2, 3, 5, 5)
    design = Design.load("ideal").with_settings({**OWN, "inputs.signed": False})
    layer = convert(nn.Conv2d(3, 4, 3, padding=1), design, images)
    below = torch.where(torch.rand(2, 3, 5, 5) < 0.3, -100.0, images)
    assert torch.equal(layer(below), layer(below.clamp(min=0)))


@settings(max_examples=8)
@given(st.data(), designs(), st.integers(1, 5), st.sampled_from([1, 2, 3]), st.integers(0, 1000))
def test_windows_of_a_convolution_are_vectors(data, design, channels, size, seed):
    matrix = data.draw(matrices(channels=channels, positions=size * size))
    images = torch.tensor(np.random.default_rng(seed).standard_normal((2, channels, 5, 6))).float()
    product = ConvolutionProduct(channels, (size, size), stride=(2, 1), padding=(1, 0))
    layer = EncodedLayer.of(torch.tensor(matrix), None, design.with_settings(OWN), product, "layer")
    calibration = calibrate_layer(layer, images)
    result = ProgrammedLayer(layer, calibration, Chip(seed)).multiply(images)
    windows = functional.unfold(images, size, padding=(1, 0), stride=(2, 1)).transpose(0, 1).reshape(len(matrix[0]), -1)
    expected = literal_chain(
        matrix, layer.design, windows.numpy(), calibration, positions=size * size, draws=Draws((seed, 0, "layer"))
    )
    assert_equal_up_to_code_edges(
        result.transpose(0, 1).reshape(len(matrix), -1).numpy(), expected, 2e-5 * expected.magnitude.max(axis=0)
    )


def programmed(besides: dict, groups: int = 1) -> tuple[ProgrammedLayer, torch.Tensor]:
    torch.manual_seed(0)
    errors = {"cell.device": {"kind": "state-proportional", "alpha": 0.05}}
    product = ConvolutionProduct(2, (3, 3), groups=groups, padding=(1, 1), stride=(2, 1))
    weight, images = torch.randn(4, product.rows), torch.randn(4, 2 * groups, 5, 4)
    encoded = EncodedLayer.of(
        weight, torch.randn(4), Design().with_settings({**errors, **OWN, **besides}), product, "x"
    )
    return ProgrammedLayer(encoded, calibrate_layer(encoded, images), Chip()), images


@pytest.mark.parametrize("besides", BESIDES)
def test_outputs_are_the_same_bits_in_any_batch(besides):
    layer, images = programmed(besides)
    together = layer.multiply(images)
    parts = [layer.multiply(part, numbers_from(3 * index, part)) for index, part in enumerate(images.split(3))]
    assert torch.equal(torch.cat(parts), together)


def test_outputs_grow_with_their_inputs():
    """Powers of two are exact, so that codes and bits stay the same."""
    layer, images = programmed({}, groups=2)
    bias = layer.layer.bias[:, None, None]
    exact = ProgrammedLayer(EncodedLayer(**{**vars(layer.layer), "bias": None}), layer.calibration, Chip())
    assert torch.equal(exact.multiply(images * 2.0**20), exact.multiply(images) * 2.0**20)
    assert torch.equal(layer.multiply(images), exact.multiply(images) + bias)


def test_an_outlier_costs_its_own_vector_only():
    core = AnalogCore(np.eye(4, dtype=np.float32), Design.load("ideal").with_settings(OWN), calibration=np.ones(4))
    vectors = np.array([[0.01, 0.02, 0.03, 0.04], [1000, 2, 3, 4]], np.float32).T
    assert np.allclose((core @ vectors)[:, 0], vectors[:, 0], atol=0.04 / 255)
    assert np.allclose((core @ vectors)[:, 1], [1000, 1000 / 255, 1000 / 255, 1000 / 255], rtol=1e-5)


def test_a_vector_of_zeros_gives_the_bias_without_noise():
    layer, images = programmed({"adc.noise_steps": 2.0, **NOISE})
    outputs = layer.multiply(torch.zeros_like(images))
    assert torch.equal(outputs, layer.layer.bias[:, None, None].expand_as(outputs))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_inputs_that_are_not_finite_are_refused(value):
    layer, images = programmed({})
    images[0, 0, 3, 3] = value
    with pytest.raises(DataError, match="NaN or infinite"):
        layer.multiply(images)


def test_small_images_are_refused_as_always():
    layer, _ = programmed({})
    with pytest.raises(DataError, match="smaller than its kernel"):
        layer.multiply(torch.zeros(1, 2, 3, 0))


def test_it_is_refused_where_a_relu_decides_the_levels():
    with pytest.raises(DesignError, match="relu_aware"):
        Design().with_settings({**OWN, "adc.range": {"kind": "calibrated", "relu_aware": True}})


class Reader(nn.Module):
    """Layers of every kind that vectors pass through."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm = nn.LayerNorm(8)
        self.lstm = nn.LSTM(8, 6, batch_first=True)
        self.conv = nn.Conv1d(6, 4, 3, padding="same")
        self.up = nn.ConvTranspose1d(4, 4, 3, stride=2)
        self.fc = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.norm(x + self.attention(x, x, x, need_weights=False)[0])
        y = self.up(self.conv(self.lstm(y)[0].transpose(1, 2)))
        return self.fc(y.transpose(1, 2))


def test_networks_with_tokens_and_steps_compute_alike_in_any_batch():
    torch.manual_seed(0)
    network, tokens = Reader().eval(), torch.randn(3, 4, 8)
    tokens[:, 0] *= 100
    plain = network(tokens).detach()
    fine = convert(network, Design.load("ideal").with_settings({**OWN, "inputs.bits": 14, "weights.bits": 14}), tokens)
    assert (fine(tokens) - plain).abs().max() < 2e-3 * plain.abs().max()
    design = Design.load("differential").with_settings(OWN)
    with torch.no_grad():
        together = convert(network, design, tokens)(tokens)
        apart = convert(network, design, tokens)
        assert torch.equal(torch.cat([apart(tokens[:1]), apart(tokens[1:])]), together)


def test_gradients_are_those_of_the_float_layer_for_inputs_of_any_size():
    torch.manual_seed(0)
    layer = nn.Linear(5, 3)
    analog = convert(nn.Sequential(layer), Design.load("differential").with_settings(OWN), torch.randn(8, 5))
    x = (100 * torch.randn(4, 5)).requires_grad_()
    analog(x).sum().backward()
    assert torch.allclose(x.grad, layer.weight.sum(0).expand(4, 5))
