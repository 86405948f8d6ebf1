"""Kernels that convert and add equal their readable versions."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bitline.readout import convert_and_add, convert_columns_and_add
from bitline.readout.convert import (
    convert_sums_and_add,
    plain_convert_and_add,
    plain_convert_columns_and_add,
    scale_sums,
)


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


@given(
    st.integers(1, 4),
    st.integers(1, 5),
    st.integers(1, 40),
    st.sampled_from([(), (1,), (2,), (3,)]),
    st.integers(0, 100),
)
def test_the_kernel_equals_plain_pytorch(blocks, conversions, outputs, positions, seed):
    torch.manual_seed(seed)
    signals = torch.randn(blocks, conversions, outputs, *positions) * 20
    low, high = torch.full((conversions,), -9.0), torch.arange(conversions) + 5.0
    factor = torch.randn(conversions)
    expected = plain_convert_and_add(signals.double(), low.double(), high.double(), factor.double())
    torch.testing.assert_close(convert_and_add(signals, low, high, factor).double(), expected, rtol=1e-5, atol=1e-4)


@settings(max_examples=25)
@given(st.integers(1, 3), st.integers(1, 3), st.sampled_from([1.0, 3.0]), st.booleans(), st.integers(0, 99))
def test_sums_of_whole_numbers_are_converted_exactly(groups, conversions, divisor, anew, seed):
    """With numbers that single precision holds exactly, the kernel and plain PyTorch in double precision agree."""
    generator = torch.Generator().manual_seed(seed)
    sums = torch.randint(-90, 91, (4 * groups, conversions, 5), generator=generator).float()
    scale, factor, start = (
        torch.randint(1, 9, shape, generator=generator) / 4
        for shape in ((conversions,), (groups, conversions, 5), (groups, 5))
    )
    low, high = -torch.arange(conversions) - 7.0, torch.arange(conversions) + 9.0
    total = torch.randint(-9, 10, (4 * groups, 5), generator=generator).float()
    expected = total.double()
    wide = ([sums.double()], scale.double(), divisor, low.double(), high.double(), factor.double())
    convert_sums_and_add(*wide, start.double() if anew else None, expected)
    levels, begin = (scale, divisor, low, high, factor), start if anew else None
    apart = total.clone()
    convert_sums_and_add([sums], *levels, begin, total)
    convert_sums_and_add([sums - 9, *torch.tensor([7.0, 2.0]).expand(*sums.shape, 2).unbind(-1)], *levels, begin, apart)
    assert torch.equal(total.double(), expected)
    assert torch.equal(apart, total)


def test_outputs_without_converters_are_scaled_sums():
    sums, factor, start = torch.arange(-6.0, 6).reshape(4, 3), torch.tensor([0.5, 0.25, 2]), torch.tensor([1.0, -3, 0])
    total = torch.empty(4, 3)
    scale_sums([sums], factor, start, total)
    assert torch.equal(total, sums * factor + start)
    scale_sums([sums - 7, torch.full_like(sums, 7.0)], factor, start, total)
    assert torch.equal(total, sums * factor + start)


def test_scaled_sums_go_on_from_what_each_block_has():
    sums, factor = torch.arange(-6.0, 6).reshape(4, 3), torch.tensor([0.5, 0.25, 2])
    total = torch.arange(12.0).reshape(4, 3)
    expected = sums * factor + total
    scale_sums([sums], factor, total, total)
    assert torch.equal(total, expected)
