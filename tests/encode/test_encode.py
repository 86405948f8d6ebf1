"""Digits of weights and inputs recombine to the codes they came from."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import designs

from bitline import Design
from bitline.encode import Differential, InputSlicing, Offset, TwoSided, input_slices
from bitline.encode.input_slices import byte_slices, plain_byte_slices, plain_input_slices
from bitline.layer.cells import target_conductances

CODES = torch.tensor([127, 63, 0, -63, -127])


def states(mapping) -> list:
    """Integer states of the cells, [line][slice][weight]."""
    return (mapping.digits(CODES) * mapping.top_digit).round().int().tolist()


def test_figure_5_unsliced():
    assert states(Offset()) == [[[255, 191, 128, 65, 1]]]
    assert states(Differential()) == [[[127, 63, 0, 0, 0]], [[0, 0, 0, 63, 127]]]


def test_figure_5_sliced():
    assert states(Offset(bits_per_cell=2)) == [[[3, 3, 0, 1, 1], [3, 3, 0, 0, 0], [3, 3, 0, 0, 0], [3, 2, 2, 1, 0]]]
    assert states(Differential(bits=9, bits_per_cell=2)) == [
        [[3, 3, 0, 0, 0], [3, 3, 0, 0, 0], [3, 3, 0, 0, 0], [1, 0, 0, 0, 0]],
        [[0, 0, 0, 3, 3], [0, 0, 0, 3, 3], [0, 0, 0, 3, 3], [0, 0, 0, 0, 1]],
    ]


def test_two_sided_pairs_put_zero_at_mid_range():
    digits = TwoSided().digits(torch.tensor([0, 127, -127]))
    assert digits[:, 0].tolist() == [[0.5, 1.0, 0.0], [0.5, 0.0, 1.0]]


@pytest.mark.parametrize("mapping", [Differential(), TwoSided(), Offset()], ids=lambda mapping: mapping.kind)
def test_the_bits_of_a_reading_count_its_values(mapping):
    """B_cell of Xiao et al. 2022, Eq. 2, which counts the sign where lines are subtracted before the ADC."""
    lines = mapping.digits(torch.arange(-127, 128))[:, 0]
    [signs] = mapping.readings
    values = sum(sign * line for sign, line in zip(signs, lines, strict=True))
    assert 2 ** (mapping.reading_bits - 1) < len(values.unique()) <= 2**mapping.reading_bits


@given(designs(adc=False))
def test_digits_of_every_code_recombine_to_it(design):
    mapping = design.weights
    top = 2 ** (mapping.bits - 1) - 1
    codes = torch.arange(-top, top + 1)
    digits = mapping.digits(codes).double()
    assert digits.min() >= 0 and digits.max() <= 1
    total = torch.zeros(len(codes), dtype=torch.float64)
    for signs, sign in zip(mapping.readings, mapping.reading_signs, strict=True):
        for index, weight in enumerate(mapping.radix):
            reading = sum(a * digits[line, index] for line, a in enumerate(signs))
            total += sign * weight * reading * mapping.top_digit
    offset = 2 ** (mapping.bits - 1) if mapping.kind == "offset" else 0
    codes = codes.abs() if mapping.kind == "polarised" else codes  # whose sign is that of a whole line
    torch.testing.assert_close(total - offset, codes.double(), rtol=0, atol=1e-3)


@given(designs(adc=False))
def test_targets_stay_in_the_conductance_window(design):
    codes = torch.arange(-(2 ** (design.weights.bits - 1)) + 1, 2 ** (design.weights.bits - 1))
    target = target_conductances(codes.float(), design)
    assert target.min() >= design.cell.window_low - 1e-6
    assert target.max() <= 1 + 1e-6


def test_zero_weights_sit_at_the_lowest_state_of_differential_cells():
    target = target_conductances(torch.zeros(5), Design())
    assert float(target.abs().max()) == 0


@given(st.integers(1, 8), st.integers(1, 8), st.booleans())
def test_input_slices_recombine(bits, slice_bits, signed):
    codes = torch.arange(-(2**bits) + 1 if signed else 0, 2**bits).float()
    digits = torch.stack([one.clone() for one in input_slices(codes, bits, slice_bits)])
    assert digits.equal(plain_input_slices(codes, bits, slice_bits))
    assert digits.abs().max() < 2**slice_bits
    total = sum(digit * 2 ** (slice_bits * index) for index, digit in enumerate(digits))
    assert torch.equal(total, codes)


@given(st.integers(1, 8), st.integers(1, 8), st.integers(1, 8), st.booleans())
def test_conversions_recombine(bits, slice_bits, accumulated, signed):
    """Whole slices, counted from the most significant: only the first conversion has fewer, in the last places."""
    slice_bits = min(bits, slice_bits)
    slices = -(-bits // slice_bits)
    slicing = InputSlicing(bits, slice_bits, min(slices, accumulated))
    numbers = [slicing.slices_of(conversion) for conversion in range(slicing.conversions)]
    assert sum(numbers) == slices
    assert numbers[1:] == [slicing.accumulated] * (slicing.conversions - 1)
    codes = torch.arange(-(2**bits) + 1 if signed else 0, 2**bits).float()
    digits = torch.stack([one.clone() for one in slicing.conversion_inputs(codes)])
    radix = [slicing.radix(conversion) for conversion in range(slicing.conversions)]
    assert torch.equal(sum(digit * weight for digit, weight in zip(digits, radix, strict=True)), codes)
    assert digits.abs().max() <= slicing.top
    if slicing.conversions > 1:
        assert radix[-1] * 2**slicing.conversion_bits == 2.0 ** (slices * slice_bits)
        shift, own_bits = slice_bits * slicing.empty_slices, slice_bits * numbers[0]
        lowest = (codes.abs().long() % 2**own_bits) * 2**shift * codes.sign()
        assert torch.equal(digits[0], lowest)
    exact = torch.stack([one.clone() for one in slicing.conversion_inputs(codes.double())])
    assert torch.equal(exact.float(), digits)
    zero = 128 if signed else 0
    if zero + codes.max() < 256:
        in_bytes = slicing.conversion_bytes((codes + zero).to(torch.uint8), zero)
        if slicing.conversion_bits <= (7 if signed else 8):
            assert torch.equal(torch.stack([one.clone() for one in in_bytes]).float() - zero, digits)


@settings(max_examples=25)
@given(st.integers(1, 7), st.integers(1, 7), st.integers(0, 99))
def test_slices_of_bytes_are_those_of_their_codes(magnitude_bits, slice_bits, seed):
    """The byte 128 stands for code 0, and digits lie in memory as the codes do."""
    top = 2**magnitude_bits - 1
    codes = torch.randint(-top, top + 1, (2, 3, 2, 5), generator=torch.Generator().manual_seed(seed))
    given_bytes = (codes + 128).to(torch.uint8).contiguous(memory_format=torch.channels_last)
    slices = [digits.clone() for digits in byte_slices(given_bytes, 128, magnitude_bits, slice_bits)]
    assert torch.equal(torch.stack(slices).float() - 128, plain_input_slices(codes.float(), magnitude_bits, slice_bits))
    assert all(digits.stride() == given_bytes.stride() for digits in slices)
    readable = torch.stack(list(plain_byte_slices(given_bytes, 128, magnitude_bits, slice_bits)))
    assert torch.equal(readable, torch.stack(slices))
