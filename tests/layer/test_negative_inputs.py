"""The sign of input codes: from calibration inputs, or from the design; and inputs that lose theirs."""

from __future__ import annotations

import warnings

import pytest
import torch

from bitline import AnalogCore, Design, convert
from bitline.cost import gather_statistics, network_cost
from bitline.errors import CalibrationError, DesignError, NegativeInputsWarning
from bitline.nn import conversion_of

EXACT = Design.load("ideal")
RANGES = ("percentile", "least-error", "per-vector", {"kind": "given", "high": 4.0})
torch.manual_seed(0)
MATRIX, SIGNED = torch.randn(6, 64), torch.randn(64, 20)


def relative(found, expected):
    return float((found - expected).norm() / expected.norm())


@pytest.mark.parametrize("range", RANGES, ids=str)
def test_a_design_can_say_that_inputs_are_negative_where_calibration_inputs_are_not(range):
    """`core @ x` was `matrix @ relu(x)` without a word, an error of two thirds."""
    design = EXACT.with_settings({"inputs.range": range, "inputs.signed": True})
    assert relative(AnalogCore(MATRIX, design, calibration=SIGNED.abs()) @ SIGNED, MATRIX @ SIGNED) < 0.02
    unsigned = design.with_settings({"inputs.signed": False})
    for calibration in (SIGNED.abs(), SIGNED):
        core = AnalogCore(MATRIX, unsigned, calibration=calibration)
        assert core.calibration.inputs.magnitude_bits == 8
        assert relative(core @ SIGNED, MATRIX @ SIGNED.relu()) < 0.02


def test_an_unsigned_range_is_that_of_inputs_above_zero():
    design = EXACT.with_settings({"inputs.range.percentile": 100.0, "inputs.signed": False})
    inputs = torch.tensor([[-90.0, 0.5, 1.0, 2.0]])
    assert AnalogCore([[1.0]], design, calibration=inputs).calibration.inputs.step == pytest.approx(2 / 255)


def test_the_first_negative_inputs_are_told_of_once():
    core = AnalogCore(MATRIX, EXACT, calibration=SIGNED.abs())
    with warnings.catch_warnings():
        warnings.simplefilter("error", NegativeInputsWarning)
        core @ SIGNED.abs()
        assert (core @ SIGNED[:, :0]).shape == (6, 0)
        core @ (SIGNED.abs() - 1e-4)  # less than half a step
    with pytest.warns(NegativeInputsWarning, match="'core' counts inputs below 0, down to -.*inputs.signed = true"):
        core @ SIGNED
    with warnings.catch_warnings():
        warnings.simplefilter("error", NegativeInputsWarning)
        core.matmul(SIGNED)


def test_a_vector_without_inputs_above_0_is_told_of_however_small_it_is():
    core = AnalogCore(MATRIX, EXACT.with_settings({"inputs.range": "per-vector"}), calibration=SIGNED.abs())
    with pytest.warns(NegativeInputsWarning, match="inputs below 0"):
        assert not (core @ (-1e-6 * SIGNED.abs())).any()


@pytest.mark.parametrize("range", RANGES, ids=str)
def test_a_network_tells_of_the_first_batch_of_each_layer(range):
    network = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(3, 2, 3))
    images = torch.rand(4, 2, 6, 6)
    analog = convert(network, EXACT.with_settings({"inputs.range": range}), images)
    with pytest.warns(NegativeInputsWarning) as found:
        analog(-images)
        analog(-images)
    assert [str(warning.message).split("'")[1] for warning in found] == ["0"]


@pytest.mark.parametrize("signed", [True, False])
def test_who_states_the_sign_is_told_nothing(signed):
    core = AnalogCore(MATRIX, EXACT.with_settings({"inputs.signed": signed}), calibration=SIGNED.abs())
    with warnings.catch_warnings():
        warnings.simplefilter("error", NegativeInputsWarning)
        core @ SIGNED


def test_a_rule_gives_one_layer_a_sign_and_its_cost():
    network = torch.nn.Sequential(torch.nn.Linear(16, 8), torch.nn.ReLU(), torch.nn.Linear(8, 4))
    inputs = torch.rand(32, 16)
    design = Design.load("differential").with_settings({"inputs.accumulation": "digital"})
    ruled = design.model_copy(update={"layers": Design(layers=[{"match": "2", "set": {"inputs.signed": True}}]).layers})
    scales = {
        name: layer.inputs for name, layer in conversion_of(convert(network, ruled, inputs)).calibration.layers.items()
    }
    assert [(scale.signed, scale.magnitude_bits) for scale in scales.values()] == [(False, 8), (True, 7)]
    statistics = gather_statistics(network, design, inputs)
    plain, signed = (
        {layer.name: layer.conversions for layer in network_cost(statistics, each).layers} for each in (design, ruled)
    )
    assert signed["0"] == plain["0"]
    assert signed["2"] == plain["2"] * 7 / 8


def test_a_sign_takes_a_bit():
    with pytest.raises(DesignError, match=r"inputs\.signed is true and inputs.bits is 1"):
        Design(inputs={"bits": 1, "signed": True})


def test_a_guaranteed_range_counts_the_sign_that_is_stated():
    design = Design(adc={"bits": 27, "range": "guaranteed"}, weights={"kind": "offset"}, array={"rows": 128})
    unsigned, signed = (design.with_settings({"inputs.signed": each}).bit_lines(128) for each in (False, True))
    assert (unsigned.signed, unsigned.input_bits) == (False, 8)
    assert (signed.signed, signed.input_bits) == (True, 7)


def test_a_calibration_of_the_other_sign_is_refused():
    known = AnalogCore(MATRIX, EXACT, calibration=SIGNED).calibration
    design = EXACT.with_settings({"inputs.signed": False})
    with pytest.raises(CalibrationError, match="input codes with a sign, and its design has inputs"):
        AnalogCore(MATRIX, design, calibration=known)
