"""Stage 1: codes of weights and inputs and their ranges."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bitline import AnalogCore, Design, convert
from bitline.cost import gather_statistics, network_cost
from bitline.errors import DataError, DesignError
from bitline.numerics.histogram import Histogram
from bitline.quantize import InputScale, LeastErrorRange, PercentileRange, RowDrivers, input_codes, weight_codes
from bitline.quantize.inputs import input_bytes, plain_input_codes


@given(st.integers(2, 12), st.sampled_from(["layer", "channel"]), st.integers(0, 1000))
def test_weights_are_half_a_step_away_from_their_codes(bits, scale, seed):
    weight = torch.randn(5, 20, generator=torch.Generator().manual_seed(seed))
    codes, step = weight_codes(weight, bits, scale)
    top = 2 ** (bits - 1) - 1
    assert codes.abs().max() == top
    assert bool((codes == codes.round()).all())
    assert bool(((codes * step[:, None] - weight).abs() <= step[:, None] * 0.5001).all())
    if scale == "channel":
        assert bool((codes.abs().amax(1) == top).all())
    else:
        assert len(step.unique()) == 1


def test_clipped_weights_leave_more_codes_to_the_others():
    weight = torch.cat([torch.linspace(-1, 1, 999), torch.tensor([100.0])]).reshape(10, 100)
    codes, step = weight_codes(weight, 8, percentile=99.9)
    assert float(step[0]) == pytest.approx(1 / 127)
    assert int(codes.max()) == 127
    assert len(codes.unique()) == 255


@pytest.mark.parametrize("smaller", range(1, 11))
def test_a_percentile_of_weights_is_the_largest_of_its_share(smaller):
    """Of ten weights, the smallest is the largest of 10 %, so that codes of all others clip."""
    weights = torch.arange(1.0, 11).repeat(2, 1) * torch.tensor([[1.0], [-3.0]])
    codes, step = weight_codes(weights, bits=5, scale="channel", percentile=10.0 * smaller)
    torch.testing.assert_close(step, torch.tensor([1.0, 3.0]) * smaller / 15)
    assert (codes.abs() == 15).sum(1).tolist() == [11 - smaller] * 2


def test_weights_that_are_mostly_zero_keep_a_range():
    """A percentile that reaches none of a column's weights gives way to the largest of them."""
    weight = torch.tensor([[0.0, 0, 0, 0, 0, 0, 0, 0, 0, -2], [1.0, 1, 1, 1, 1, 1, 1, 1, 1, 5]])
    codes, step = weight_codes(weight, 4, "channel", percentile=60.0)
    torch.testing.assert_close(step, torch.tensor([2 / 7, 1 / 7]))
    assert codes.tolist() == [[0] * 9 + [-7], [7] * 10]


def test_a_given_range_of_weights_clips_and_leaves_headroom():
    codes, step = weight_codes(torch.tensor([[0.5, -3.0], [1.0, 0.0]]), 8, largest=1.27)
    assert codes.tolist() == [[50, -127], [100, 0]]
    torch.testing.assert_close(step, torch.full((2,), 0.01))
    with pytest.raises(DesignError, match=r"weights.largest is 2.*weights.scale = 'channel'.*leave them out"):
        Design().with_settings({"weights.largest": 2.0, "weights.scale": "channel"})


@pytest.mark.parametrize("largest", [0.1, 40.0])
def test_a_given_range_of_inputs_is_what_the_design_states(largest):
    matrix, inputs = np.random.default_rng(0).random((3, 5)) + 0.5, 9 * np.random.default_rng(1).random((5, 20))
    design = Design.load("ideal").with_settings({"inputs.range": {"kind": "given", "high": largest}})
    core = AnalogCore(matrix, design, calibration=inputs)
    assert core.calibration.inputs.step == pytest.approx(largest / 255)
    codes = np.clip(np.round(inputs * 255 / largest), 0, 255)
    np.testing.assert_allclose(core @ inputs, matrix @ codes * largest / 255, rtol=0.02)


def test_a_channel_without_weights_stays_zero():
    codes, step = weight_codes(torch.tensor([[0.0, 0.0], [1.0, -2.0]]), 8, "channel")
    assert codes[0].tolist() == [0, 0]
    assert bool(step.isfinite().all())


def seen(values) -> Histogram:
    histogram = Histogram()
    for part in torch.as_tensor(values).float().split(37):
        histogram.update(part)
    return histogram


@given(st.integers(0, 1000), st.booleans(), st.integers(2, 10))
@settings(max_examples=30)
def test_percentile_range_holds_its_share(seed, signed, bits):
    values = np.random.default_rng(seed).gamma(1.0, 1.0, 5000)
    values = values - 1 if signed else values
    scale = PercentileRange(percentile=99.0).scale(seen(values), bits)
    assert scale.signed == signed
    assert scale.magnitude_bits == (max(1, bits - 1) if signed else bits)
    inside = np.mean(np.abs(values) <= scale.step * scale.high)
    assert inside == pytest.approx(0.99, abs=0.006)


def test_one_input_in_ten_thousand_clips_if_nothing_else_is_said():
    values = torch.arange(1.0, 50_001)
    assert int((values > PercentileRange().limit(seen(values), 8)).sum()) == pytest.approx(5, abs=3)


@given(st.integers(0, 1000), st.sampled_from([1, 2]), st.sampled_from([3, 8]))
@settings(max_examples=20)
def test_least_error_range_is_as_good_as_the_best_of_a_fine_search(seed, power, bits):
    values = np.random.default_rng(seed).gamma(0.5, 1.0, 3000)

    def error(limit: float) -> float:
        step = limit / (2**bits - 1)
        return float((np.abs(values - np.clip(np.rint(values / step), 0, 2**bits - 1) * step) ** power).sum())

    scale = LeastErrorRange(power=power).scale(seen(values), bits)
    best = min(error(limit) for limit in np.linspace(0.02, 1, 600) * values.max())
    assert error(scale.step * scale.high) <= 1.06 * best  # the ranges it tries lie 3 % apart: 1.058 for the worst seed


def test_errors_of_inputs_are_squared_if_nothing_else_is_said():
    values = np.random.default_rng(1).gamma(0.5, 1.0, 3000)
    ranges = [policy.limit(seen(values), 4) for policy in (LeastErrorRange(), LeastErrorRange(power=2))]
    assert ranges[0] == ranges[1] > LeastErrorRange(power=1).limit(seen(values), 4)


def test_constant_zero_inputs_have_a_usable_scale():
    scale = PercentileRange().scale(seen(torch.zeros(100)), 8)
    assert input_codes(torch.zeros(3), scale).tolist() == [0, 0, 0]


@given(st.integers(1, 8), st.booleans(), st.integers(0, 1000))
def test_inputs_are_clipped_and_rounded(magnitude_bits, signed, seed):
    scale = InputScale(0.37, magnitude_bits, signed)
    inputs = 30 * torch.randn(4, 50, generator=torch.Generator().manual_seed(seed))
    codes = input_codes(inputs, scale)
    expected = np.clip(np.rint((inputs * (1 / 0.37)).numpy()), scale.low, scale.high)
    np.testing.assert_array_equal(codes.numpy(), expected)
    assert torch.equal(codes, input_codes(inputs.double(), scale).float())


@given(st.floats(1e-3, 10), st.integers(1, 8), st.booleans(), st.integers(0, 1000))
def test_kernel_equals_the_readable_codes(step, magnitude_bits, signed, seed):
    scale = InputScale(step, magnitude_bits, signed)
    halves = torch.randint(-600, 600, (7, 30), generator=torch.Generator().manual_seed(seed)) / 2 * step
    assert torch.equal(input_codes(halves, scale), plain_input_codes(halves, scale))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_inputs_that_are_not_finite_are_refused(value, dtype):
    inputs = torch.ones(3, 7, dtype=dtype)
    inputs[1, 4] = value
    with pytest.raises(DataError, match="NaN or infinite"):
        input_codes(inputs, InputScale(1.0, 8, True))


@settings(max_examples=25)
@given(st.integers(1, 7), st.booleans(), st.integers(0, 1000))
def test_bytes_of_inputs_are_their_codes(magnitude_bits, signed, seed):
    """Of any batch that fills its memory, whatever the order of its axes there."""
    scale = InputScale(0.37, magnitude_bits, signed)
    inputs = 30 * torch.randn(4, 3, 2, 50, generator=torch.Generator().manual_seed(seed))
    for laid_out in (inputs, inputs.contiguous(memory_format=torch.channels_last)):
        codes = input_bytes(laid_out, scale)
        assert torch.equal(codes.float() - scale.zero_byte, input_codes(inputs, scale))
        assert torch.equal(codes, input_bytes(laid_out.double(), scale))


@pytest.mark.parametrize("place", [0, 41, 83])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_bytes_of_inputs_that_are_not_finite_are_refused(place, dtype):
    inputs = torch.ones(84, dtype=dtype)
    inputs[place] = torch.nan
    with pytest.raises(DataError, match="NaN or infinite"):
        input_bytes(inputs, InputScale(1.0, 7, True))


@pytest.mark.parametrize("slice_bits", [1, 2])
def test_noise_of_slices_adds_up_in_power(slice_bits):
    """Every slice is applied with the same noise, and counts 2^slice_bits as much as the slice before it."""
    parts = [0.01 * (2**slice_bits - 1) * 2 ** (slice_bits * index) for index in range(4)]
    assert RowDrivers(noise=0.01).noise_of(4, slice_bits) == pytest.approx(math.hypot(*parts))


@pytest.mark.parametrize("range", ["percentile", "least-error", "per-vector", {"kind": "given", "high": 1.0}])
def test_one_bit_is_not_enough_for_a_sign(range):
    """Signed inputs of one bit were computed with two, and costed as one."""
    design = Design().with_settings({"inputs.bits": 1, "inputs.range": range})
    signed = np.linspace(-1, 1, 12).reshape(3, 4)
    with pytest.raises(DesignError, match=r"inputs\.bits is 1, but core 'core' has inputs below 0.*2 or more"):
        AnalogCore(np.eye(3), design, calibration=signed)
    network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU(), torch.nn.Linear(2, 2))
    images = torch.from_numpy(signed.T.copy()).float()
    with pytest.raises(DesignError, match=r"inputs\.bits is 1, but layer '0' has inputs below 0.*\[\[layers\]\]"):
        convert(network, design, images)
    statistics = gather_statistics(network, "differential", images)
    with pytest.raises(DesignError, match=r"inputs\.bits is 1, but layer '0' has inputs below 0"):
        network_cost(statistics, design)
    rule = {"layers": [{"match": "0", "set": {"inputs.bits": 2}}]}
    layers = convert(network, design.with_settings(rule), images)
    assert [layers[place].calibration.inputs.magnitude_bits for place in (0, 2)] == [1, 1]
    assert AnalogCore(np.eye(3), design, calibration=abs(signed)).calibration.inputs.magnitude_bits == 1
