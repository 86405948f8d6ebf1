"""Weights and inputs of many bits, or of none: an analog continuum to compare with."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from oracle.chain import literal_chain
from strategies import inputs_for
from torch import nn

from bitline import AnalogCore, Design, convert
from bitline.cost import unit_costs
from bitline.errors import DesignError
from bitline.numerics.draws import Draws

FLOAT = {"weights.bits": "float", "inputs.bits": "float", "inputs.range.percentile": 100, "adc": "none"}
ERROR = {"cell.device": {"kind": "state-independent", "alpha": 0.05, "distribution": "uniform"}}


@pytest.mark.parametrize("kind", ["differential", "two-sided", "offset"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cells_without_bits_give_the_product(kind, dtype):
    """Weights and inputs had 16 bits at most (bitline: 2e-5 of the largest output)."""
    matrix = np.random.default_rng(0).standard_normal((5, 300)).astype(dtype)
    inputs = inputs_for(300, 7, 1, signed=True).astype(dtype)
    core = AnalogCore(matrix, Design().with_settings({**FLOAT, "weights.kind": kind}), calibration=inputs)
    exact = matrix.astype(np.float64) @ inputs
    assert np.abs(core @ inputs - exact).max() <= 2e-6 * np.abs(exact).max()


@pytest.mark.parametrize("bits", [17, 20, 24])
@pytest.mark.parametrize("settings", [{}, {"weights.bits_per_cell": 8, "inputs.slice_bits": 3}])
def test_many_bits_are_those_of_the_literal_chain(bits, settings):
    matrix, inputs = np.random.default_rng(2).standard_normal((3, 20)), inputs_for(20, 3, 1, signed=True)
    many = {"weights.bits": bits, "inputs.bits": bits, "adc": "none", **settings}
    core = AnalogCore(matrix, Design().with_settings(many), calibration=inputs)
    expected = literal_chain(
        matrix, core.layer.design, inputs.astype(np.float64), core.calibration, draws=Draws((0, 0, "core"))
    )
    assert np.abs(core @ inputs - expected.outputs).max() <= 5e-7 * np.abs(expected.outputs).max()


def test_errors_and_converters_act_on_a_continuum():
    """What 8 bits change is the quantisation and no more: errors of cells are drawn for the same targets."""
    matrix, inputs = np.random.default_rng(3).standard_normal((4, 200)), inputs_for(200, 5, 1, signed=False)
    plain = Design().with_settings({**FLOAT, **ERROR, "adc": {"kind": "uniform", "bits": 10}})
    coarse = plain.with_settings({"weights.bits": 14, "inputs.bits": 14})
    outputs = [AnalogCore(matrix, design, calibration=inputs) @ inputs for design in (plain, coarse)]
    assert np.abs(outputs[0] - outputs[1]).max() <= 0.01 * np.abs(outputs[1]).max()
    assert np.abs(outputs[0] - matrix @ inputs).max() >= 0.02 * np.abs(outputs[1]).max()


def test_noise_of_reads_has_the_variance_of_the_continuum():
    matrix, inputs = np.ones((1, 50), np.float32), np.linspace(0, 1, 50, dtype=np.float32)[:, None]
    design = Design().with_settings({**FLOAT, "cell.read_noise": {"kind": "state-proportional", "alpha": 0.1}})
    core = AnalogCore(matrix, design, calibration=inputs)
    found = (core @ inputs.repeat(4000, axis=1)).std()
    assert found == pytest.approx(0.1 * np.sqrt((inputs**2).sum()), rel=0.06)


def test_networks_without_bits_are_the_float_network():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(2, 5, 3), nn.ReLU(), nn.Flatten(), nn.Linear(80, 4)).eval()
    images = torch.randn(6, 2, 6, 6)
    analog = convert(network, Design().with_settings(FLOAT), images)
    torch.testing.assert_close(analog(images), network(images), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"weights": {"bits": "float", "bits_per_cell": 2}}, r"weights\.bits is 'float'.*cannot be sliced"),
        ({"inputs.bits": "float", "inputs.slice_bits": 2}, r"inputs\.bits is 'float'.*cannot be sliced"),
        ({"inputs.bits": "float", "inputs.accumulation": "digital"}, r"inputs\.bits is 'float'.*cannot be sliced"),
        ({"weights.bits": "float", "adc.range": "guaranteed"}, r"weights\.bits is 'float'.*'guaranteed'"),
        ({"inputs.bits": "float", "cell.current_voltage": "milo-2021"}, r"inputs\.bits is 'float'.*'milo-2021'"),
        ({"inputs.bits": "float", "array.kind": "gate-driven"}, r"'gate-driven' and 24 input bits"),
        ({"weights.bits": 25}, r"weights\.bits is 25.*24.*'float'"),
    ],
)
def test_what_cannot_be_is_refused(settings, words):
    with pytest.raises(DesignError, match=words):
        Design().with_settings(settings)


def test_what_has_no_bits_has_no_cost():
    with pytest.raises(DesignError, match=r"inputs\.bits is 'float'.*use a number of bits"):
        unit_costs(Design().with_settings({"inputs.bits": "float"}))
