"""Products of bytes in float32 are those of whole numbers, to the bit, whatever codes and weights are."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bitline.arrays.integer import float32, multiply
from bitline.arrays.integer.float32 import Float32Multiply, is_full_precision
from bitline.arrays.integer.floating import FloatingMultiply
from bitline.arrays.integer.shares import fewest_shares
from bitline.arrays.integer.windows import Windows
from bitline.numerics.parts import added

KINDS = ("random", "peaked", "mixed", "127", "-128")
SHAPES = {
    "a matrix": ((24, 1153, 1, 1), Windows(), 1),
    "strided pixels": ((7, 40, 1, 1), Windows((2, 1)), 1),
    "kernels": ((10, 192, 3, 3), Windows(padding=(1, 1)), 1),
    "kernels with strides": ((8, 64, 4, 4), Windows((2, 1), (1, 1)), 1),
    "groups": ((12, 129, 3, 3), Windows(padding=(1, 1)), 3),
    "depthwise": ((6, 1, 31, 31), Windows(padding=(15, 15)), 6),
}


def some(kind, shape, draws):
    """Weights: random, peaked as trained ones, or of the largest magnitudes, also of both signs in different rows."""
    if kind == "random":
        return torch.randint(-128, 128, shape, generator=draws).to(torch.int8)
    if kind == "peaked":
        return (3 * torch.randn(shape, generator=draws)).round().clamp(-128, 127).to(torch.int8)
    if kind == "mixed":
        likely = torch.linspace(0, 1, shape[0]).reshape(-1, 1, 1, 1)
        return torch.where(torch.rand(shape, generator=draws) < likely, 127, -128).to(torch.int8)
    return torch.full(shape, int(kind), dtype=torch.int8)


def images(channels, zero, largest, draws):
    """Codes up to a magnitude, those of the largest alone and those of one sign among them."""
    signs = (-1, 0, 1) if zero else (0, 1)
    codes = torch.randint(0, largest + 1, (3, channels, 17, 16), generator=draws)
    signed = codes * torch.tensor(signs)[torch.randint(0, len(signs), codes.shape, generator=draws)]
    signed[0], signed[1] = largest, signed[1].abs()
    return (signed + zero).to(torch.uint8).contiguous(memory_format=torch.channels_last)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(SHAPES)),
    st.lists(st.sampled_from(KINDS), min_size=1, max_size=3),
    st.sampled_from([(0, 1), (0, 7), (0, 255), (128, 1), (128, 2), (128, 127)]),
    st.integers(0, 2**31),
)
def test_they_are_those_of_float64(name, kinds, codes, seed):
    (shape, windows, matrices), (zero, largest) = SHAPES[name], codes
    draws = torch.Generator().manual_seed(seed)
    pieces = [(some(kind, shape, draws), 256.0**index) for index, kind in enumerate(kinds)]
    inputs = images(matrices * shape[1], zero, largest, draws)
    found = Float32Multiply(pieces, windows, matrices, zero).parts(inputs)
    exact = [
        torch.nn.functional.conv2d(
            inputs.double() - zero, weights.double() * scale, None, windows.stride, windows.padding, (1, 1), matrices
        ).float()
        for weights, scale in pieces
    ]
    assert all(part.permute(0, 2, 3, 1).is_contiguous() for part in found)
    if len(found) == len(exact):
        assert all(map(torch.equal, found, exact))
        assert all(map(torch.equal, found, FloatingMultiply(pieces, windows, matrices, zero).parts(inputs)))
    assert torch.equal(added(found), added(exact))


def test_codes_of_one_bit_need_one_product_for_all_pieces():
    draws = torch.Generator().manual_seed(0)
    pieces = [(some("random", (8, 256, 1, 1), draws), 1.0), (some("peaked", (8, 256, 1, 1), draws), 256.0)]
    multiply = Float32Multiply(pieces, Windows(), 1, 0)
    assert [len(multiply.parts(images(256, 0, largest, draws))) for largest in (255, 1, 255)] == [2, 1, 2]


def test_rows_are_shared_out_only_where_sums_could_be_too_large(monkeypatch):
    found = []

    def noted(*arguments, **named):
        found.append(fewest_shares(*arguments, **named))
        return found[-1]

    monkeypatch.setattr(float32, "fewest_shares", noted)
    draws = torch.Generator().manual_seed(0)
    for kind, largest in (("random", 255), ("peaked", 255), ("127", 255), ("127", 15)):
        multiply = Float32Multiply([(some(kind, (4, 4608, 1, 1), draws), 1.0)], Windows(), 1, 0)
        multiply.parts(images(4608, 0, largest, draws))
    assert [shares.count for shares in found] == [3, 1, 9, 1]


@pytest.mark.parametrize("precision", ["medium", "high"])
def test_pieces_stay_apart_where_products_take_fewer_bits(precision):
    """bfloat16 and TF32 hold codes and pieces of eight bits, but no weights of sixteen."""
    weights = torch.full((2, 3, 1, 1), 100, dtype=torch.int8)
    multiply = Float32Multiply([(weights, 1.0), (weights, 256.0)], Windows(), 1, 0)
    ones = torch.ones(1, 3, 1, 1, dtype=torch.uint8)
    before = torch.get_float32_matmul_precision()
    assert is_full_precision() and len(multiply.parts(ones)) == 1
    torch.set_float32_matmul_precision(precision)
    try:
        assert not is_full_precision() and len(multiply.parts(ones)) == 2
        assert torch.equal(added(multiply.parts(ones)).flatten(), torch.full((2,), 3.0 * 100 * 257))
    finally:
        torch.set_float32_matmul_precision(before)


@pytest.mark.parametrize("size", [3, 5])
def test_libraries_of_other_processors_round_nothing(size):
    """Without oneDNN, convolutions of 16 images are Winograd's or by Fourier transforms: sums were 0.2 off."""
    draws = torch.Generator().manual_seed(0)
    pieces = [(some("random", (40, 18, size, size), draws), 1.0)]
    codes = images(18, 0, 255, draws).repeat(6, 1, 1, 1).contiguous(memory_format=torch.channels_last)
    expected = FloatingMultiply(pieces, Windows(), 1, 0)(codes)
    with torch.backends.mkldnn.flags(enabled=False):
        assert torch.equal(Float32Multiply(pieces, Windows(), 1, 0)(codes), expected)
        assert torch.equal(multiply(pieces, Windows(), 1, 0)(codes), expected)
