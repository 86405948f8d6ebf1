"""Products of bytes whose rows are multiplied in shares: the same to the bit, and only as many shares as needed."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bitline.arrays.integer import multiply, onednn
from bitline.arrays.integer.float32 import Float32Multiply
from bitline.arrays.integer.floating import FloatingMultiply
from bitline.arrays.integer.shares import SharedMultiply, Shares, fewest_shares
from bitline.arrays.integer.windows import Windows

SHAPES = {
    "1152 rows": ((24, 1152, 1, 1), Windows(), 1, (9, 1)),
    "2311 rows, a prime": ((5, 2311, 1, 1), Windows(), 1, (3, 1)),
    "4608 rows": ((12, 4608, 1, 1), Windows(), 1, (40, 1)),
    "kernels": ((20, 128, 3, 3), Windows(padding=(1, 1)), 1, (6, 7)),
    "kernels with strides": ((8, 64, 4, 4), Windows((2, 1), (1, 1)), 1, (9, 8)),
    "tall kernels": ((16, 6, 13, 13), Windows(padding=(6, 6)), 2, (15, 14)),
    "groups": ((12, 129, 3, 3), Windows(padding=(1, 1)), 3, (5, 5)),
    "depthwise": ((6, 1, 31, 31), Windows(padding=(15, 15)), 6, (16, 20)),
}


def some(kind: str, shape: tuple[int, ...], draws: torch.Generator) -> torch.Tensor:
    """Weights of a kind: all the same, random, or random ones of the largest magnitudes in different shares."""
    if kind == "random":
        return torch.randint(-128, 128, shape, generator=draws).to(torch.int8)
    if kind == "mixed":
        likely = torch.linspace(0, 1, shape[0]).reshape(-1, 1, 1, 1)
        return torch.where(torch.rand(shape, generator=draws) < likely, 127, -128).to(torch.int8)
    return torch.full(shape, int(kind), dtype=torch.int8)


def images(shape: tuple[int, ...], space: tuple[int, int], matrices: int, draws: torch.Generator) -> torch.Tensor:
    """Of the largest bytes alone, of large bytes, and of any."""
    codes = torch.randint(0, 256, (3, matrices * shape[1], *space), generator=draws)
    codes[0], codes[1] = 255, codes[1].clamp(min=200)
    return codes.to(torch.uint8).contiguous(memory_format=torch.channels_last)


@pytest.mark.needs("fast products of bytes")
@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("kind", ["random", "mixed", "127", "-128"])
@pytest.mark.parametrize("zero", [0, 128])
def test_fast_products_of_many_rows_are_those_of_whole_numbers(name, kind, zero):
    (shape, windows, matrices, space), draws = SHAPES[name], torch.Generator().manual_seed(0)
    pieces = [(some(kind, shape, draws), 1.0), (some("mixed", shape, draws), 256.0), (some("1", shape, draws), 65536.0)]
    fast = multiply(pieces, windows, matrices, zero)
    needs_shares = onednn.OnednnMultiply.rounds_twice(zero)
    if needs_shares and name == "depthwise":
        assert isinstance(fast, Float32Multiply)  # one channel cannot be shared out
    else:
        assert isinstance(fast, SharedMultiply if needs_shares else onednn.OnednnMultiply)
    codes = images(shape, space, matrices, draws)
    for found, expected in zip(
        fast.parts(codes), FloatingMultiply(pieces, windows, matrices, zero).parts(codes), strict=True
    ):
        assert found.is_contiguous(memory_format=torch.channels_last)
        assert torch.equal(found, expected)


@pytest.mark.needs("fast products of bytes")
@pytest.mark.parametrize("zero", [0, 128])
def test_random_depthwise_weights_need_no_shares_either(zero):
    (shape, windows, matrices, space), draws = SHAPES["depthwise"], torch.Generator().manual_seed(0)
    pieces = [(some("random", shape, draws), 1.0)]
    fast, codes = multiply(pieces, windows, matrices, zero), images(shape, space, matrices, draws)
    assert isinstance(fast, onednn.OnednnMultiply)
    assert torch.equal(fast(codes), FloatingMultiply(pieces, windows, matrices, zero)(codes))


@pytest.mark.needs("fast products of bytes")
@pytest.mark.parametrize("zero", [0, 128])
def test_random_weights_of_an_array_of_the_default_height_need_no_shares(zero):
    weights = torch.randint(-128, 128, (64, 128, 3, 3), generator=torch.Generator().manual_seed(0)).to(torch.int8)
    assert fewest_shares(weights, matrices=1) == Shares(1, 1)
    assert multiply([(weights, 1.0)], Windows(), 1, zero).__class__ is onednn.OnednnMultiply


@pytest.mark.needs("fast products of bytes")
@pytest.mark.parametrize("zero", [0, 128])
def test_a_shape_that_the_library_gets_wrong_is_right_in_two_shares(zero):
    draws = torch.Generator().manual_seed(0)
    shape, windows = (16, 16, 8, 8), Windows(padding=(4, 4))
    pieces = [(some("random", shape, draws), 1.0)]
    codes = images(shape, (20, 20), 1, draws)
    expected = FloatingMultiply(pieces, windows, 1, zero)(codes)
    assert torch.equal(multiply(pieces, windows, 1, zero)(codes), expected)


@settings(max_examples=60)
@given(
    st.integers(1, 3),
    st.integers(1, 900),
    st.sampled_from([1, 3, 9]),
    st.sampled_from(["random", "mixed", "127", "-128"]),
    st.integers(1, 4),
    st.integers(0, 2**31),
)
def test_no_share_can_exceed_what_float32_holds(matrices, channels, kernel, kind, least, seed):
    draws = torch.Generator().manual_seed(seed)
    weights = some(kind, (matrices * 2, channels, kernel, 1), draws)
    shares = fewest_shares(weights, matrices, least)
    if shares is None:
        assert least > channels
        return
    assert shares.count >= least
    split = shares.split(weights)
    assert split.shape == shares.shape(tuple(weights.shape))
    for side in (split.long().clamp(min=0), -split.long().clamp(max=0)):
        assert 255 * side.flatten(1).sum(1).max() <= 2**24
    codes = torch.randint(0, 256, (2, matrices * channels, kernel, 1), generator=draws).to(torch.uint8)
    whole = FloatingMultiply([(weights, 1.0)], Windows(), matrices, 128)(codes)
    inner = FloatingMultiply([(split, 1.0)], Windows(), matrices * shares.count, 128)
    assert torch.equal(SharedMultiply([(inner, shares)], 128)(codes), whole)


def test_kernel_equals_the_readable_sum():
    draws = torch.Generator().manual_seed(0)
    sums = torch.randint(-(2**24), 2**24, (3, 2 * 5 * 7, 4, 2), generator=draws).float()
    sums = sums.contiguous(memory_format=torch.channels_last)
    readable = sums.reshape(3, 2, 5, 7, 4, 2).double().sum(2).float().reshape(3, 14, 4, 2)
    assert torch.equal(Shares(matrices=2, count=5).added(sums), readable)
