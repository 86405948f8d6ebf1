"""Products of bytes: exact, and the same to the bit whatever multiplies them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bitline.arrays import ConvolutionProduct, MatrixProduct
from bitline.arrays.integer import IntegerProduct, choose, multiply, onednn, pieces, why_not
from bitline.arrays.integer.float32 import Float32Multiply
from bitline.arrays.integer.floating import FloatingMultiply
from bitline.arrays.integer.product import laid_out_pieces
from bitline.arrays.integer.windows import Windows, as_images
from bitline.errors import BitlineError


@given(st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=20))
def test_pieces_are_bytes_that_add_up(numbers):
    weights = torch.tensor(numbers)
    cut = pieces(weights)
    assert all(piece.dtype == torch.int8 for piece, _ in cut)
    assert torch.equal(sum(piece.long() * int(scale) for piece, scale in cut), weights)


@settings(max_examples=60)
@given(
    st.integers(1, 3),
    st.sampled_from([(1, 1), (3, 3), (5,), ()]),
    st.sampled_from([1, 3, 8, 12]),
    st.integers(1, 40),
    st.sampled_from([4, 9, 30, 1152]),
    st.sampled_from([100, 30_000, 2**22, 2**29]),
    st.integers(0, 2**31),
)
def test_pieces_are_laid_out_alike_in_one_pass_and_step_by_step(groups, kernel, channels, lines, rows, most, seed):
    product = ConvolutionProduct(channels, kernel, groups) if kernel else MatrixProduct(channels, groups)
    partition = product.partition(rows)
    draws = torch.Generator().manual_seed(seed)
    weights = torch.randint(-most, most, (groups, product.rows, lines), generator=draws, dtype=torch.int32)
    if seed % 3 == 0:
        weights = weights & -256  # nothing in the lowest piece
    for given_weights in (weights, weights.transpose(1, 2).contiguous().transpose(1, 2)):
        found = laid_out_pieces(given_weights, product, partition)
        expected = laid_out_pieces(given_weights.long(), product, partition)
        assert [scale for _, scale in found] == [scale for _, scale in expected]
        for (one, _), (other, _) in zip(found, expected, strict=True):
            assert one.is_contiguous()
            assert torch.equal(one, other)


def test_no_more_pieces_than_numbers_need():
    assert len(pieces(torch.tensor([127, -128]))) == 1
    assert len(pieces(torch.tensor([256 * 127, -256]))) == 1  # the lower piece is 0
    assert len(pieces(torch.tensor([32639, -32768]))) == 2
    assert len(pieces(torch.tensor([0]))) == 1


@st.composite
def convolutions(draw):
    """A convolution, its largest weight, and how many rows an array has."""
    groups, channels = draw(st.sampled_from([1, 2, 6])), draw(st.integers(1, 20))
    size = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    dilation = draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
    padding = tuple(draw(st.integers(0, min(2, d * (n - 1)))) for d, n in zip(dilation, size, strict=True))
    stride = draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
    walk = {"stride": stride, "padding": padding, "dilation": dilation}
    product = ConvolutionProduct(channels=channels, kernel=size, groups=groups, **walk)
    return product, 2 ** draw(st.sampled_from([6, 14, 20])), draw(st.sampled_from([4, 30, 1000]))


@settings(max_examples=60)
@given(convolutions(), st.sampled_from([0, 128]), st.integers(1, 20), st.integers(0, 1000))
def test_sums_are_those_of_whole_numbers(convolution, zero, lines, seed):
    product, largest, rows = convolution
    rng = np.random.default_rng(seed)
    weights = torch.from_numpy(rng.integers(-largest, largest, (product.groups, product.rows, lines)))
    codes = torch.from_numpy(rng.integers(0, 256, (3, product.groups * product.channels, 9, 8), dtype=np.uint8))
    partition = product.partition(rows)
    sums = IntegerProduct(product, weights, partition, zero, multiply).sums(as_images(codes))
    plain = product.apply(codes.double() - zero, product.lay_out(weights.double(), partition), partition)
    assert torch.equal(sums, plain.float()) or (sums - plain).abs().max() <= 2**-23 * plain.abs().max()
    if plain.abs().max() < 2**24:
        assert torch.equal(sums.double(), plain)
    floating = IntegerProduct(product, weights, partition, zero, FloatingMultiply).sums(as_images(codes))
    assert torch.equal(sums, floating)


@pytest.mark.parametrize("length", [1, 7])
def test_vectors_and_sequences_are_images(length):
    codes = torch.arange(2 * 6 * length).reshape(2, 6, length).to(torch.uint8)
    product = ConvolutionProduct(6, kernel=(1,), stride=(1,), padding=(0,), dilation=(1,))
    weights = torch.arange(-12, 12).reshape(1, 6, 4)
    sums = IntegerProduct(product, weights, product.whole(), 0, multiply).sums(as_images(codes))
    assert torch.equal(sums[:, :, 0], torch.einsum("bkm,kn->bnm", codes.float(), weights[0].float()))
    matrix = MatrixProduct(6)
    sums = IntegerProduct(matrix, weights, matrix.whole(), 0, multiply).sums(as_images(codes[:, :, 0]))
    assert torch.equal(sums[0, :, :, 0].T, codes[:, :, 0].float() @ weights[0].float())


def test_what_is_no_such_product_is_named():
    cube = ConvolutionProduct(2, (1, 1, 1), stride=(1, 1, 1), padding=(0, 0, 0), dilation=(1, 1, 1))
    assert "two axes" in why_not(cube)
    uneven = ConvolutionProduct(2, (2, 2), padding="same")
    assert "even padding" in why_not(uneven)
    padded = ConvolutionProduct(2, (3, 1), padding=(2, 1))
    assert "narrower than its kernels" in why_not(padded)
    assert "65000 rows" in why_not(MatrixProduct(70_000))
    assert why_not(ConvolutionProduct(2, (3, 3), padding="same")) == ""


@pytest.mark.needs("fast products of bytes")
def test_a_shape_that_the_library_gets_wrong_is_left_to_floating_point(monkeypatch):
    weights = [(torch.ones(4, 2, 1, 1, dtype=torch.int8), 1.0)]
    assert isinstance(multiply(weights, Windows(), 1, 0), onednn.OnednnMultiply)
    monkeypatch.setattr(choose, "is_exact", lambda *shape: False)
    assert isinstance(multiply(weights, Windows(), 1, 0), Float32Multiply)


@pytest.mark.needs("fast products of bytes")
def test_shapes_that_were_seen_to_fail_are_found_out():
    """One channel and 48 products a group, stride 2, code 0 at byte 128: right or left to another, never wrong."""
    product = ConvolutionProduct(1, (3, 3), groups=3, stride=(2, 2), padding=(1, 1))
    generator = torch.Generator().manual_seed(0)
    weights = torch.randint(-30000, 30000, (3, 9, 48), generator=generator)
    codes = as_images(torch.randint(0, 256, (2, 3, 16, 16), generator=generator).to(torch.uint8))
    found = IntegerProduct(product, weights, product.whole(), 128, multiply).sums(codes)
    assert torch.equal(found, IntegerProduct(product, weights, product.whole(), 128, FloatingMultiply).sums(codes))


def test_the_environment_forces_a_way_to_multiply(monkeypatch):
    weights = [(torch.ones(4, 2, 1, 1, dtype=torch.int8), 1.0)]
    for name, kind in (("float32", Float32Multiply), ("float", FloatingMultiply)):
        monkeypatch.setenv("BITLINE_PRODUCTS", name)
        assert type(multiply(weights, Windows(), 1, 0)) is kind
    monkeypatch.setenv("BITLINE_PRODUCTS", "abacus")
    with pytest.raises(BitlineError, match="abacus"):
        multiply(weights, Windows(), 1, 0)
    monkeypatch.setenv("BITLINE_PRODUCTS", "onednn")
    monkeypatch.setattr(onednn, "_missing", lambda: "this processor has no VNNI or AMX instructions")
    with pytest.raises(BitlineError, match="no VNNI"):
        multiply(weights, Windows(), 1, 0)
