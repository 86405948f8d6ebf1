"""Histograms count what they are given, in memory that does not grow."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bitline.numerics.histogram import Histogram, HistogramSeries


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


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=200), st.integers(1, 199))
def test_histograms_do_not_depend_on_batches(values, cut):
    whole, parts = Histogram(), Histogram()
    data = torch.tensor(values)
    whole.update(data)
    parts.update(data[cut:])
    parts.update(data[:cut])
    assert whole.exponent == parts.exponent
    assert torch.equal(whole.counts, parts.counts)


@pytest.mark.parametrize("percent", [0.01, 1, 50, 99, 99.99])
def test_percentiles_are_exact_to_a_bin(percent):
    values = torch.randn(100_000).square() - 0.5
    seen = Histogram()
    seen.update(values)
    exact = float(torch.quantile(values, percent / 100))
    assert seen.percentile(percent) == pytest.approx(exact, abs=2 * seen.width)


@given(st.lists(st.integers(-(2**20), 2**20), min_size=1, max_size=300), st.integers(-8, 8))
def test_kernel_equals_the_readable_count(whole, exponent):
    """Against numpy, on values that are exact in float32 and lie on the edges of bins, too."""
    values = torch.tensor(whole, dtype=torch.float32) * 2.0**exponent
    seen = Histogram()
    seen.update(values)
    bins = np.clip(np.floor(values.double().numpy() / seen.width) + seen.bins // 2, 0, seen.bins - 1)
    assert np.array_equal(seen.counts.numpy(), np.bincount(bins.astype(int), minlength=seen.bins))


@pytest.mark.parametrize("count", [2**17 - 1, 2**17, 2**17 + 1027])
def test_many_values_are_counted_as_few_are(count):
    """From 2^17 values a thread on, four tables are counted in; most values share a bin, as zeros do."""
    generator = torch.Generator().manual_seed(count)
    values = (torch.randn(count, generator=generator) - 1).relu() * 100 - 1
    many, few = Histogram(), Histogram()
    many.update(values)
    for part in values.split(5000):
        few.update(part)
    assert many.total == count and many.exponent == few.exponent
    assert torch.equal(many.counts, few.counts)


@given(st.lists(st.integers(-(2**20), 2**20), min_size=2, max_size=300), st.integers(-8, 8))
def test_kernel_equals_the_readable_count_of_rows(whole, exponent):
    values = torch.tensor(whole[: len(whole) // 2 * 2], dtype=torch.float32).reshape(2, -1) * 2.0**exponent
    series = HistogramSeries(3)
    series.update(values, first=1)
    for row, index in zip(values, (1, 2), strict=True):
        seen = series.histogram(index)
        bins = np.clip(np.floor(row.double().numpy() / seen.width) + seen.bins // 2, 0, seen.bins - 1)
        assert np.array_equal(seen.counts.numpy(), np.bincount(bins.astype(int), minlength=seen.bins))
    assert series.histogram(0).total == 0
