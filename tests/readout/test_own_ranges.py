"""Ranges of columns, partitions and input slices, centring, skipped conversions, accumulators with errors."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.chain import literal_chain
from strategies import designs, inputs_for, matrices
from torch import nn

from bitline import AnalogCore, Design, convert
from bitline.errors import CalibrationError, DesignError
from bitline.nn import analog_layers
from bitline.nn._relu import followed_by_relu
from bitline.numerics.draws import Draws
from bitline.numerics.histogram import Histogram, HistogramSeries
from bitline.readout import convert_columns_and_add
from bitline.readout.accumulator import Accumulator
from bitline.readout.convert import plain_convert_columns_and_add


@st.composite
def own_ranges(draw: st.DrawFn) -> Design:
    design = draw(designs(adc=False))
    accumulation = design.inputs.accumulation
    axes = ["partition", "column"] + ([] if accumulation == "analog" else ["input-slice"])
    chosen = draw(st.lists(st.sampled_from(axes), unique=True))
    settings = {
        "adc": {
            "kind": "uniform",
            "bits": draw(st.integers(3, 9)),
            "range": draw(st.sampled_from(["calibrated", "aligned", "least-error"])),
            "ranges_per": chosen,
            "centred": "column" not in chosen and draw(st.booleans()),
            "skip_zero_inputs": draw(st.booleans()),
        }
    }
    if accumulation != "digital" and draw(st.booleans()):
        settings["inputs.accumulator"] = {
            "capacitor_mismatch": draw(st.sampled_from([0.0, 0.01, 0.05])),
            "leakage": draw(st.sampled_from([0.0, 0.01])),
        }
    return design.with_settings(settings)


@settings(max_examples=150, deadline=None)
@given(own_ranges(), matrices(), st.integers(0, 1000), st.booleans())
def test_the_chain_equals_the_literal_chain(design, matrix, seed, signed):
    inputs = inputs_for(matrix.shape[1], 3, seed, signed)
    core = AnalogCore(matrix, design, calibration=inputs, seed=seed)
    expected = literal_chain(matrix, design, inputs, core.calibration, draws=Draws((seed, 0, "core")))
    allowed = expected.slack + 2e-5 * expected.magnitude.max(initial=1e-6) + 1e-6
    assert (np.abs(core @ inputs - expected.outputs) <= allowed).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 4), st.integers(1, 5), st.integers(0, 99))
def test_kernel_equals_the_readable_conversion(groups, conversions, columns, positions, seed):
    generator = torch.Generator().manual_seed(seed)
    signals = 20 * torch.randn(2 * groups, conversions, columns, positions, generator=generator)
    signals[torch.rand(signals.shape, generator=generator) < 0.1] = torch.nan
    shape = (groups, conversions, columns)
    scale, factor = (torch.rand(shape, generator=generator) + 0.5 for _ in range(2))
    low = (10 * torch.randn(shape, generator=generator)).round()
    arguments = (signals, scale, low, low + 15, factor)
    torch.testing.assert_close(convert_columns_and_add(*arguments), plain_convert_columns_and_add(*arguments))


@given(st.integers(0, 99), st.integers(1, 5))
def test_series_are_histograms(seed, count):
    generator = torch.Generator().manual_seed(seed)
    sizes = 10.0 ** torch.randint(-3, 3, (count, 1), generator=generator)
    values = torch.randn(count, 500, generator=generator) * sizes
    series = HistogramSeries(count)
    for part in values.split(120, dim=1):
        series.update(part)
    for index in range(count):
        one, alone = series.histogram(index), Histogram()
        alone.update(values[index])
        assert one.total == 500 and (one.low, one.high) == (alone.low, alone.high)
        for percent in (1, 50, 99):
            assert abs(one.percentile(percent) - alone.percentile(percent)) <= 2 * one.width + 2 * alone.width


def error_of(design: Design, matrix: np.ndarray, inputs: np.ndarray) -> float:
    core = AnalogCore(matrix, design, calibration=inputs)
    exact = AnalogCore(matrix, design.with_settings({"adc": "none"}), calibration=core.calibration)
    return float(np.square(core @ inputs - exact @ inputs).mean())


def test_own_ranges_and_centring_cut_the_error_of_uneven_columns():
    rng = np.random.default_rng(0)
    matrix = (rng.standard_normal((12, 64)) * np.logspace(-2, 0, 12)[:, None] + np.linspace(-2, 2, 12)[:, None]) / 8
    inputs = np.maximum(rng.standard_normal((64, 400)) + 1, 0)
    base = Design().with_settings({"adc.bits": 5, "adc.range": "least-error"})
    shared = error_of(base, matrix, inputs)
    assert error_of(base.with_settings({"adc.ranges_per": ["column"]}), matrix, inputs) < 0.2 * shared
    assert error_of(base.with_settings({"adc.centred": True}), matrix, inputs) < 0.3 * shared


def test_input_slices_of_their_own_cut_the_error_of_small_digits():
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((8, 64))
    inputs = np.maximum(rng.standard_normal((64, 300)), 0) ** 3
    base = Design().with_settings({"adc.bits": 5, "adc.range": "least-error", "inputs.accumulation": "digital"})
    assert error_of(base.with_settings({"adc.ranges_per": ["input-slice"]}), matrix, inputs) < error_of(
        base, matrix, inputs
    )


@pytest.mark.parametrize("cell_bits", ["unsliced", 2])
def test_the_best_output_is_no_worse_than_its_candidates(cell_bits):
    rng = np.random.default_rng(1)
    matrix, inputs = rng.standard_t(3, (10, 80)), np.maximum(rng.standard_t(3, (80, 16)), 0)
    base = Design().with_settings({"adc.bits": 6, "weights.bits": 9, "weights.bits_per_cell": cell_bits})
    best = error_of(base.with_settings({"adc.range": "best-output"}), matrix, inputs)
    others = [{"kind": "least-error"}, *({"kind": "calibrated", "percentile": p} for p in (99.0, 99.98, 100.0))]
    for policy in others:
        assert best <= error_of(base.with_settings({"adc.range": policy}), matrix, inputs) * (1 + 1e-6)


class Relus(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.third = (nn.Linear(16, 16) for _ in range(3))
        self.nothing, self.relu = nn.Identity(), nn.ReLU()

    def forward(self, x):
        x = self.relu(self.nothing(self.first(x)))
        y = self.second(x)
        return torch.relu(y + x) + self.third(x).relu()


def test_relus_are_found_behind_identities_but_not_behind_sums():
    assert followed_by_relu(Relus(), ["first", "second", "third"]) == {"first", "third"}


def test_ranges_above_the_relu_halve_the_error():
    torch.manual_seed(0)
    network, images = Relus().eval(), torch.rand(256, 16)
    base = Design().with_settings({"adc.bits": 4, "adc.range.percentile": 100})
    layers = {}
    for aware in (False, True):
        analog = convert(network, base.with_settings({"adc.range.relu_aware": aware}), images)
        layers[aware] = {one.name: one for one in analog_layers(analog)}
    steps = {aware: {n: one.calibration.levels.step[0] for n, one in layers[aware].items()} for aware in layers}
    assert steps[True]["first"] < 0.8 * steps[False]["first"]
    assert steps[True]["second"] == steps[False]["second"]
    exact = network.first(images).relu()
    errors = [
        float((layers[aware]["first"](images).relu() - exact).detach().square().mean()) for aware in (False, True)
    ]
    assert errors[1] < 0.7 * errors[0]


class Branching(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x):
        return self.layer(x) if x.sum() > 0 else self.layer(-x)


def test_networks_whose_graph_is_unknown_are_refused():
    with pytest.raises(CalibrationError, match="relu_aware"):
        convert(Branching(), Design().with_settings({"adc.range.relu_aware": True}), torch.rand(4, 4))


def test_skipped_conversions_are_counted_and_change_nothing_with_ideal_converters():
    rng = np.random.default_rng(0)
    matrix, inputs = rng.standard_normal((5, 12)), np.maximum(rng.standard_normal((12, 40)) - 1.2, 0)
    base = Design().with_settings({"inputs.accumulation": "digital", "array.rows": 4})
    plain = AnalogCore(matrix, base, calibration=inputs)
    skipping = AnalogCore(matrix, base.with_settings({"adc.skip_zero_inputs": True}), calibration=inputs)
    np.testing.assert_allclose(skipping @ inputs, plain @ inputs, rtol=1e-5, atol=1e-5)
    plan = skipping.programmed.plan
    step = skipping.calibration.inputs
    codes = np.clip(np.rint(inputs / step.step), 0, step.high).astype(int)
    digits = (codes[None] >> np.arange(8)[:, None, None]) & 1
    idle = (digits.reshape(8, 3, 4, 40).sum(2) == 0).sum()
    assert 0 < plan.skipped == idle * 5 < plan.converted == plain.programmed.plan.converted == 8 * 3 * 5 * 40


@given(st.integers(1, 8), st.integers(1, 4), st.floats(0, 0.1), st.integers(0, 99))
def test_leaky_accumulators_forget_the_first_slices(slices, bits, leakage, seed):
    ratios = Accumulator(leakage=leakage).ratios(slices, bits, (3,), Draws((seed,)))
    expected = (1 - leakage) ** torch.arange(slices - 1, -1, -1, dtype=torch.float64)
    torch.testing.assert_close(ratios, expected[:, None].expand(-1, 3))


def test_accumulators_of_limited_resolution_add_noise():
    matrix, inputs = np.eye(4, dtype=np.float32), np.tile(np.linspace(0.1, 1, 4, dtype=np.float32)[:, None], (1, 4000))
    base = Design().with_settings({"adc.bits": 12, "adc.range": "full", "array.rows": 4})
    core = AnalogCore(matrix, base.with_settings({"inputs.accumulator.effective_bits": 8}), calibration=inputs[:, :10])
    plan = core.programmed.plan
    unit = (
        plan.arrays.digits_per_G_max
        * plan.arrays.slicing.top
        * float(core.layer.step[0])
        * core.calibration.inputs.step
    )
    spread = (core @ inputs).std(1) / (core.calibration.levels.step[0] * unit)
    np.testing.assert_allclose(spread, math.sqrt((16**2 + 1) / 12), rtol=0.05)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"adc.ranges_per": ["column"], "adc.range": "full"}, "adc.range = 'calibrated'"),
        ({"adc.ranges_per": ["column"], "adc.centred": True}, "leave one of them out"),
        ({"adc.ranges_per": ["input-slice"]}, "inputs.accumulation = 'digital'"),
        ({"inputs.accumulation": "digital", "inputs.accumulator.leakage": 0.1}, "leave inputs.accumulator out"),
        ({"adc.ranges_per": ["columns"]}, "adc.ranges_per"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(DesignError, match=message):
        Design().with_settings(settings)
