"""Every evaluation plan gives what the literal chain gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.chain import literal_chain
from oracle.code_edges import assert_equal_up_to_code_edges
from strategies import designs, inputs_for, matrices
from torch.nn import functional

from bitline import AnalogCore, Design
from bitline.arrays import ConvolutionProduct
from bitline.layer.chip import Chip
from bitline.layer.encoded import EncodedLayer
from bitline.layer.matrix import ProgrammedLayer, calibrate_layer
from bitline.numerics.draws import Draws


@settings(max_examples=300)
@given(designs(), matrices(), st.integers(0, 1000), st.booleans(), st.integers(1, 5))
def test_every_plan_equals_the_literal_chain(design, matrix, seed, signed, batch):
    inputs = inputs_for(matrix.shape[1], batch, seed, signed)
    core = AnalogCore(matrix, design, calibration=inputs, seed=seed, chip=3, name="layer")
    expected = literal_chain(matrix, design, inputs, core.calibration, draws=Draws((seed, 3, "layer")))
    assert_equal_up_to_code_edges(core @ inputs, expected, 2e-5 * expected.largest)


@settings(max_examples=60)
@given(designs(), matrices(), st.integers(0, 1000), st.booleans())
def test_float64_cores_equal_the_literal_chain_closely(design, matrix, seed, signed):
    inputs = inputs_for(matrix.shape[1], 3, seed, signed).astype(np.float64)
    core = AnalogCore(matrix.astype(np.float64), design, calibration=inputs, seed=seed)
    expected = literal_chain(matrix, design, inputs, core.calibration, draws=Draws((seed, 0, "core")))
    assert_equal_up_to_code_edges(core @ inputs, expected, 2e-6 * expected.largest)  # cells are float32


@settings(max_examples=60)
@given(st.data(), designs(), st.integers(1, 7), st.sampled_from([1, 2, 3]), st.integers(0, 1000))
def test_convolutions_equal_the_literal_chain_on_unfolded_inputs(data, design, channels, size, seed):
    positions = size * size
    matrix = data.draw(matrices(channels=channels, positions=positions))
    rng = np.random.default_rng(seed)
    images = torch.tensor(np.maximum(rng.standard_normal((2, channels, 5, 6)), 0)).float()
    product = ConvolutionProduct(channels, (size, size), stride=(2, 1), padding=(1, 0))
    unfolded = (
        functional.unfold(images, size, padding=(1, 0), stride=(2, 1)).transpose(0, 1).reshape(len(matrix[0]), -1)
    )
    result, calibration = run(matrix, design, product, images, seed)
    expected = literal_chain(
        matrix, design, unfolded.numpy(), calibration, positions=positions, draws=Draws((seed, 0, "layer"))
    )
    assert_equal_up_to_code_edges(
        result.transpose(0, 1).reshape(len(matrix), -1).numpy(), expected, 2e-5 * expected.largest
    )


@settings(max_examples=40)
@given(designs(), st.integers(0, 1000))
def test_groups_are_independent_matrices(design, seed):
    """Without cell errors, a grouped convolution is one core for each group."""
    design = design.with_settings({"cell.device": "none"})
    rng = np.random.default_rng(seed)
    groups, channels, outputs_each = 3, 2, 4
    matrix = rng.standard_normal((groups * outputs_each, channels * 9)).astype(np.float32)
    matrix[:, 0] = np.abs(matrix).max() * 1.1  # the same largest weight, hence the same codes, in every group
    images = torch.tensor(np.maximum(rng.standard_normal((2, groups * channels, 4, 4)), 0)).float()
    together, calibration = run(matrix, design, ConvolutionProduct(channels, (3, 3), groups=groups), images, seed)
    for group in range(groups):
        own = slice(group * outputs_each, (group + 1) * outputs_each)
        part = images[:, group * channels : (group + 1) * channels]
        unfolded = functional.unfold(part, 3).transpose(0, 1).reshape(channels * 9, -1).numpy()
        draws = Draws((seed, 0, "layer"))
        expected = literal_chain(matrix[own], design, unfolded, calibration, positions=9, draws=draws)
        outputs = together[:, own].transpose(0, 1).reshape(outputs_each, -1).numpy()
        assert_equal_up_to_code_edges(outputs, expected, 2e-5 * expected.largest)


def run(matrix, design, product, images, seed):
    layer = EncodedLayer.of(torch.tensor(matrix), None, design, product, "layer")
    calibration = calibrate_layer(layer, images)
    return ProgrammedLayer(layer, calibration, Chip(seed)).multiply(images), calibration


@pytest.mark.parametrize("name", ["differential", "offset", "prime", "isaac"])
def test_presets_approximate_the_product(name):
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((10, 300)).astype(np.float32)
    inputs = np.maximum(rng.standard_normal((300, 20)), 0).astype(np.float32)
    result = AnalogCore(matrix, Design.load(name), calibration=inputs) @ inputs
    exact = matrix @ inputs
    assert np.corrcoef(result.ravel(), exact.ravel())[0, 1] > 0.97


def test_the_cells_of_a_core_are_those_that_it_computes_with():
    design = Design(cell={"device": {"kind": "state-independent", "alpha": 0.02}}).with_settings({"adc": "none"})
    matrix, inputs = np.random.default_rng(0).standard_normal((4, 6)), np.eye(6)
    core = AnalogCore(matrix, design, calibration=inputs, chip=3)
    cells = core.cells()
    pairs = (cells.conductance[0] - cells.conductance[1])[0, 0].numpy()  # rows, columns
    np.testing.assert_allclose(core @ inputs, pairs.T * np.abs(matrix).max(), atol=1e-4)
    assert np.abs((cells.conductance - cells.targets).numpy()).max() > 0.01


def test_an_input_that_is_applied_at_once_is_not_accumulated():
    """Errors of accumulators then make no difference, with more slices they do."""
    matrix, inputs = np.random.default_rng(0).standard_normal((3, 8)), inputs_for(8, 4, 1, False).astype(float)

    def outputs(bits: int, mismatch: float) -> np.ndarray:
        accumulator = {"inputs.slice_bits": 1, "inputs.accumulator.capacitor_mismatch": mismatch}
        design = Design().with_settings({"inputs.bits": bits, "adc.kind": "flash", **accumulator})
        return AnalogCore(matrix, design, calibration=inputs) @ inputs

    assert np.array_equal(outputs(1, 0.0), outputs(1, 0.1))
    assert not np.allclose(outputs(2, 0.0), outputs(2, 0.1), rtol=1e-3)


@pytest.mark.parametrize(
    "settings",
    [
        {"cell.levels": {"kind": "uniform", "count": 7}},
        {"cell.levels": {"kind": "uniform", "count": 7}, "weights.scale": "channel"},
        {"cell.read_noise": {"kind": "state-proportional", "alpha": 0.05}},
        {"weights.bits": "float"},
        {"inputs.bits": "float"},
    ],
    ids=str,
)
def test_products_without_adc_do_not_depend_on_the_size_of_the_weights(settings):
    """Of weights of 1e-30, whole numbers of 2^-100 left nothing."""
    draws = np.random.default_rng(0)
    matrix, inputs = (draws.standard_normal(shape).astype(np.float32) for shape in ((5, 8), (8, 6)))
    design = Design().with_settings({"adc": "none", **settings})
    small, large = (AnalogCore(matrix * 2.0**-power, design, calibration=inputs) @ inputs for power in (100, 0))
    np.testing.assert_allclose(small * 2.0**100, large, rtol=1e-5, atol=1e-5)
