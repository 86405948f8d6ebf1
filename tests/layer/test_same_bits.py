"""A layer gives the same outputs to the bit for any batch and any number of threads, whatever its design."""

from __future__ import annotations

import math
from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import designs, inputs_for, matrices

from bitline import AnalogCore, Design
from bitline.arrays import ConvolutionProduct
from bitline.errors import DesignError
from bitline.layer import signal_histograms
from bitline.layer.chip import Chip
from bitline.layer.encoded import EncodedLayer
from bitline.layer.line_products import LARGEST, Reach, line_product
from bitline.layer.matrix import ProgrammedLayer, calibrate_layer, explain_plan
from bitline.layer.sample_numbers import numbers_from
from bitline.numerics.threads import limit_threads

NOISE = {"cell.read_noise": {"kind": "state-proportional", "alpha": 0.05}}
ERRORS = {"cell.device": {"kind": "state-proportional", "alpha": 0.05}}
SUMS = {"weights.accumulation": "analog", "array.accumulation": "analog"}
WIRES = {"array": {"kind": "gate-driven", "bit_line": {"segment": 1e-3}, "rows": 40}}
NONLINEAR = {
    "cell.device": {"kind": "reram-milo-2021"},
    "cell.current_voltage": {"kind": "milo-2021", "read_voltage_V": 0.5},
    "inputs.slice_bits": 2,
}
BESIDES = [
    {},
    NOISE,
    {"adc.noise_steps": 0.3},
    {"adc.ranges_per": ("column",)},
    {"adc.ranges_per": ("column", "partition", "input-slice"), "inputs.accumulation": "digital", **NOISE},
    {"adc": "none", **NOISE},
    {"weights.kind": "offset", "weights.subtraction": "unit-column", "adc": "none", **NOISE},
    {"weights.kind": "offset", "weights.flipped_columns": True, "adc.ranges_per": ("column",), "array.rows": 40},
    {"weights.kind": "polarised", "cell.on_off_ratio": 10.0, "array.rows": 40, "adc": "none", **NOISE},
    {"weights.kind": "polarised", "cell.on_off_ratio": 10.0, "array.rows": 40},
    {"weights.kind": "ones-complement", "weights.bits_per_cell": 3, "cell.on_off_ratio": 10.0, "adc": "none"},
    {"adc.skip_zero_inputs": True},
    {"weights.bits_per_cell": 2, **SUMS, **NOISE},
    {"weights.kind": "ones-complement", "weights.bits_per_cell": 3, **SUMS},
    {"adc.skip_zero_inputs": True, "weights.bits_per_cell": 2, **SUMS},
    {"adc.kind": "sar", "adc.capacitor_mismatch": 0.05},
    {"inputs.accumulator": {"leakage": 0.05, "capacitor_mismatch": 0.02}},
    {"inputs.bits": 12},
    {"inputs.bits": 16, **NOISE},
    NONLINEAR,
    {**NONLINEAR, **NOISE},
    WIRES,
    {**WIRES, **NOISE},
    {**WIRES, "weights.bits_per_cell": 3, **SUMS},
    {**WIRES, **NOISE, "weights.bits_per_cell": 3, **SUMS},
    {**WIRES, "inputs.accumulator.leakage": 0.05},
    {"array": {"kind": "row-driven", "bit_line": {"segment": 1e-3}, "rows": 40}},
    {"cell.on_off_ratio": 7.3},
    {"cell.device": {"kind": "pcm-joshi-2020"}, "cell.time": 1e4, "cell.drift_compensation": "column"},
]
"""What is set besides the designs of `strategies`."""


@pytest.fixture(autouse=True, scope="module")
def ranges_of_few_signals():
    """Every column has a range of its own, although few signals are enough for a test."""
    with mock.patch.object(signal_histograms, "ENOUGH", 1):
        yield


def by_batches(layer: ProgrammedLayer, inputs: torch.Tensor, size: int) -> torch.Tensor:
    parts = [layer.multiply(part, numbers_from(size * index, part)) for index, part in enumerate(inputs.split(size))]
    return torch.cat([part.contiguous() for part in parts])


@settings(max_examples=40)
@given(designs(), st.sampled_from(BESIDES), matrices(), st.integers(0, 1000), st.booleans())
def test_vectors_give_the_same_bits_in_any_batch(design, besides, matrix, seed, signed):
    try:
        design = design.with_settings(besides)
    except DesignError:
        return
    inputs = torch.tensor(inputs_for(matrix.shape[1], 64, seed, signed)).T.contiguous()
    core = AnalogCore(matrix, design, calibration=inputs.T, seed=seed)
    together = core.programmed.multiply(inputs)
    for size in (1, 7):
        assert torch.equal(by_batches(core.programmed, inputs, size), together), explain_plan(core.programmed.plan)


@pytest.mark.parametrize("besides", BESIDES)
def test_images_give_the_same_bits_in_any_batch_and_with_any_number_of_threads(besides):
    torch.manual_seed(0)
    design = Design().with_settings({**ERRORS, **besides})
    product = ConvolutionProduct(20, (3, 3), padding=(1, 1), stride=(2, 1))
    weight, images = torch.randn(24, product.rows), torch.randn(4, 20, 7, 5).relu()
    encoded = EncodedLayer.of(weight, torch.randn(24), design, product, "layer")
    layer = ProgrammedLayer(encoded, calibrate_layer(encoded, images[:4]), Chip())
    threads = torch.get_num_threads()
    together = layer.multiply(images)
    for size in (1, 3):
        assert torch.equal(by_batches(layer, images, size), together), explain_plan(layer.plan)
    try:
        limit_threads(3 - min(threads, 2))
        assert torch.equal(layer.multiply(images), together), explain_plan(layer.plan)
    finally:
        limit_threads(threads)


@given(st.integers(1, 40_000), st.booleans(), st.integers(0, 1000))
def test_inputs_are_the_sum_of_their_bytes(largest, signed, seed):
    values = np.random.default_rng(seed).integers(-largest if signed else 0, largest + 1, 50)
    reach = Reach(largest, signed)
    total = sum((byte.double() - reach.zero) * weight for byte, weight in reach.bytes_of(torch.tensor(values).float()))
    assert np.array_equal(total.numpy(), values)


def test_weights_of_any_size_are_resolved_to_23_bits():
    torch.manual_seed(0)
    arrays = AnalogCore(np.ones((3, 600), np.float32), Design(), calibration=np.ones(600)).programmed.plan.arrays
    weights = torch.randn(1, 600, 3).double() * torch.tensor([1e-9, 1.0, 3e5])
    codes = torch.randint(0, 256, (5, 600)).float()
    sums = line_product(arrays, arrays.product.whole(), weights, Reach(255, signed=False))(codes)
    exact = codes.double() @ weights[0]
    rounding = weights[0].abs().amax(0) / LARGEST * math.sqrt(600) * 255
    assert ((sums - exact).abs() < rounding + 2.0**-22 * (codes.double() @ weights[0].abs())).all()
