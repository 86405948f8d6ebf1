"""Kernels that convert and add equal their readable versions."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bitline.readout import convert_and_add, convert_columns_and_add
from bitline.readout.convert import plain_convert_and_add, plain_convert_columns_and_add


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


@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 40), st.integers(0, 100))
def test_the_kernel_equals_plain_pytorch(blocks, conversions, outputs, seed):
    torch.manual_seed(seed)
    signals = torch.randn(blocks, conversions, outputs) * 20
    low, high = torch.full((conversions,), -9.0), torch.arange(conversions) + 5.0
    factor = torch.randn(conversions)
    expected = plain_convert_and_add(signals.double(), low.double(), high.double(), factor.double())
    torch.testing.assert_close(convert_and_add(signals, low, high, factor).double(), expected, rtol=1e-5, atol=1e-4)
