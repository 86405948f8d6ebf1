"""Levels, ranges and the conversion kernel."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bitline import AnalogCore, Design
from bitline.numerics.histogram import Histogram
from bitline.readout import (
    AlignedRange,
    BitLines,
    CalibratedRange,
    FullRange,
    GuaranteedRange,
    LeastErrorAdcRange,
    Levels,
)
from bitline.readout.ranges.calibrated import tie_by_powers_of_two

LINES = BitLines(rows=144, signed=False, cell_bits=2, input_bits=1, step=1 / 3, radix=(1, 4, 16, 64))


@given(st.floats(-100, 0), st.floats(0.01, 100), st.integers(1, 12))
def test_levels_cover_the_range_and_one_is_zero(low, high, bits):
    levels = Levels.between([(low, high)], bits)
    step = levels.step[0]
    assert levels.high[0] - levels.low[0] == 2**bits - 1
    assert levels.low[0] <= 0 <= levels.high[0]
    assert abs(levels.low[0] * step - low) <= step / 2 * (1 + 1e-9)
    assert abs(levels.high[0] * step - high) <= step / 2 * (1 + 1e-6)


def test_the_full_range_holds_the_largest_output():
    levels = FullRange().levels(8, LINES, None)
    assert levels.low == (0,) * 4
    assert levels.step[0] * levels.high[0] == pytest.approx(144)


def test_the_guaranteed_range_has_a_level_for_every_output():
    levels = GuaranteedRange().levels(10, LINES, None)
    assert levels.step == (1 / 3,) * 4
    assert (levels.low[0], levels.high[0]) == (0, 432)


def test_the_calibrated_range_holds_the_inner_percentage():
    seen = Histogram()
    values = torch.randn(200_000)
    seen.update(values)
    lines = BitLines(rows=1152, signed=True, cell_bits=8, input_bits=8, step=1e-5, radix=(1,))
    levels = CalibratedRange(percentile=98).levels(8, lines, [seen])
    low, high = levels.low[0] * levels.step[0], levels.high[0] * levels.step[0]
    inside = float(((values >= low) & (values <= high)).float().mean())
    assert inside == pytest.approx(0.98, abs=0.004)


@given(st.integers(2, 10), st.floats(0.01, 1), st.booleans())
def test_aligned_levels_are_outputs_of_an_ideal_array(bits, largest, signed):
    seen = Histogram()
    seen.update(torch.linspace(-largest if signed else 0.0, largest, 10_001) * 144)
    levels = AlignedRange(percentile=100).levels(bits, LINES, [seen] * 4)
    for step, low, high in zip(levels.step, levels.low, levels.high, strict=True):
        doublings = math.log2(step / LINES.step)
        assert doublings == pytest.approx(round(doublings), abs=1e-9)
        assert step * high >= 144 * largest * (1 - 1e-3)
        assert low == (-high if signed else 0)
        assert high - low <= 2**bits - 1
        assert step <= LINES.step or step * high / 2 < 144 * largest * (1 + 1e-3)


@given(st.lists(st.floats(1e-4, 1e4), min_size=1, max_size=6))
def test_ranges_of_slices_differ_by_powers_of_two(sizes):
    tied = tie_by_powers_of_two(sizes, [4**k for k in range(len(sizes))])
    for size, enlarged in zip(sizes, tied, strict=True):
        assert size * (1 - 1e-6) <= enlarged <= 2 * size
        ratio = torch.tensor(enlarged / tied[0]).double().log2()
        assert float((ratio - ratio.round()).abs()) < 1e-6


@given(
    st.lists(st.tuples(st.floats(1e-6, 1e3), st.booleans()), min_size=2, max_size=5),
    st.sampled_from([CalibratedRange(percentile=100), LeastErrorAdcRange()]),
)
def test_ranges_of_slices_that_hold_next_to_nothing_differ_by_powers_of_two(slices, policy):
    """Cells at G_min gave signals below a step, and a range of exactly one step."""
    seen = [Histogram() for _ in slices]
    for (largest, signed), histogram in zip(slices, seen, strict=True):
        histogram.update(torch.linspace(-largest if signed else 0.0, largest, 101))
    lines = replace(LINES, step=1.0, radix=tuple(2.0**k for k in range(len(slices))))
    steps = torch.tensor(policy.levels(6, lines, seen).step).double() * 63
    for width in steps.tolist():
        octaves = math.log2(width / steps[0])
        assert width >= 1 - 1e-6
        assert octaves == pytest.approx(round(octaves), abs=1e-5)


def test_slices_at_g_min_have_ranges_a_power_of_two_apart():
    settings = {"kind": "offset", "bits": 4, "bits_per_cell": 1, "largest": 7.0}
    design = Design().with_settings({"weights": settings, "inputs.bits": 4, "cell.on_off_ratio": 100.0, "adc.bits": 3})
    one_row = design.with_settings({"array.rows": 1})
    steps = AnalogCore([[4.0, -4.0]], one_row, calibration=[[1.0, 0.9], [0.8, 0.9]]).calibration.levels.step
    assert [step / steps[0] for step in steps] == pytest.approx([1, 1, 8, 8])
