"""Convolutions over inputs with zeros between them: the same sums, to the bit, as with the products with zeros."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bitline.arrays import ConvolutionProduct
from bitline.arrays.integer import IntegerProduct, multiply
from bitline.arrays.integer.floating import FloatingMultiply
from bitline.arrays.integer.phases import PhasedMultiply, Phases
from bitline.arrays.integer.windows import Windows, as_images

AXIS = st.tuples(st.integers(1, 7), st.integers(1, 4), st.integers(1, 5), st.integers(0, 4))
"""Kernel, dilation, places from one input to the next, and the first of them."""


@given(AXIS, st.integers(1, 40))
def test_every_output_sees_the_inputs_that_its_window_holds(axis, places):
    kernel, dilation, step, first = axis[0], axis[1], axis[2], axis[3] % axis[2]
    seen: dict[int, list[tuple[int, int]]] = {output: [] for output in range(places)}
    for phases in Phases.of(kernel, dilation, step, first):
        for output, tap in zip(phases.outputs, phases.taps, strict=True):
            for window, place in enumerate(range(output, places, step)):
                assert window < phases.windows(places)
                starts = range(phases.start + window, phases.start + phases.seen(places), phases.dilation)
                taps = range(tap, kernel, phases.every)
                assert len(taps) == phases.count
                seen[place] = list(zip(taps, starts, strict=False))
    for output, pairs in seen.items():
        met = [(tap, divmod(output + tap * dilation - first, step)) for tap in range(kernel)]
        assert pairs == [(tap, place) for tap, (place, rest) in met if rest == 0]


@st.composite
def spaced(draw: st.DrawFn) -> tuple[ConvolutionProduct, torch.Tensor, int]:
    """A convolution along one or two axes over codes with zeros between them, and the byte of code 0."""
    axes = [draw(AXIS) for _ in range(draw(st.integers(1, 2)))]
    lattice = tuple((step, first % step) for _, _, step, first in axes)
    kernel, dilation = tuple(axis[0] for axis in axes), tuple(axis[1] for axis in axes)
    groups, channels, zero = draw(st.integers(1, 3)), draw(st.integers(1, 5)), draw(st.sampled_from([0, 128]))
    ones, zeros = (1,) * len(axes), (0,) * len(axes)
    product = ConvolutionProduct(channels, kernel, groups, ones, zeros, dilation, lattice)
    space = [d * (size - 1) + draw(st.integers(1, 12)) for size, d in zip(kernel, dilation, strict=True)]
    codes = torch.full((2, groups * channels, *space), zero, dtype=torch.uint8)
    between = tuple(slice(first, None, step) for step, first in lattice)
    part = codes[(..., *between)]
    draws = torch.Generator().manual_seed(draw(st.integers(0, 999)))
    codes[(..., *between)] = torch.randint(0, 256, part.shape, generator=draws).to(torch.uint8)
    return product, codes, zero


@settings(max_examples=80)
@given(spaced(), st.integers(1, 6), st.sampled_from([100, 30_000, 2**20]), st.sampled_from([3, 20, 1152]))
def test_sums_are_those_of_all_products(case, lines, most, rows):
    product, codes, zero = case
    draws = torch.Generator().manual_seed(0)
    weights = torch.randint(-most, most, (product.groups, product.rows, lines), generator=draws)
    partition = product.partition(rows)
    plain = IntegerProduct(product, weights, partition, zero, FloatingMultiply).by_position(as_images(codes))
    phased = lambda *arguments: PhasedMultiply(*arguments, multiply)  # noqa: E731
    found = IntegerProduct(product, weights, partition, zero, phased)
    assert torch.equal(found.by_position(as_images(codes)), plain)


@pytest.mark.needs("fast products of bytes")
def test_many_rows_of_signed_inputs_are_fast_in_each_phase():
    windows = Windows(lattice=((2, 1), (2, 0)))
    pieces: list[Any] = [(torch.full((3, 400, 4, 4), weight, dtype=torch.int8), 1.0) for weight in (127, -128)]
    codes = torch.full((1, 400, 11, 10), 128, dtype=torch.uint8)
    codes[:, :, 1::2, ::2] = torch.randint(0, 256, (1, 400, 5, 5), generator=torch.Generator().manual_seed(0))
    assert isinstance(multiply(pieces, windows, 1, 128), PhasedMultiply)
    found, plain = (kind(pieces, windows, 1, 128)(codes) for kind in (multiply, FloatingMultiply))
    assert torch.equal(found, plain)


@pytest.mark.parametrize(("channels", "is_worth_it"), [(40, False), (43, True)])
def test_phases_are_for_kernels_with_many_zeros(channels, is_worth_it):
    pieces: list[Any] = [(torch.ones(2, channels, 4, 4, dtype=torch.int8), 1.0)]
    assert isinstance(multiply(pieces, Windows(lattice=((2, 0), (2, 1))), 1, 0), PhasedMultiply) == is_worth_it
    assert not isinstance(multiply(pieces, Windows(), 1, 0), PhasedMultiply)
