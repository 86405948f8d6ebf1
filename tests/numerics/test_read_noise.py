"""Random numbers of read noise, drawn anew from a key and a place."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bitline.numerics.look_up import look_up
from bitline.numerics.read_noise import add_read_noise, cosine_and_sine, log_of, standard_normal


@given(st.integers(0, 2**63 - 1), st.integers(1, 600), st.integers(0, 2**60))
@settings(max_examples=30)
def test_kernel_equals_the_readable_generator(key, count, first):
    samples = torch.arange(first, first + 3)
    fast = add_read_noise(torch.zeros(3, count), torch.ones(3, count), key, samples)
    assert torch.equal(fast, standard_normal(key, samples, count))
    variance = torch.rand(3, count)
    fast = add_read_noise(torch.zeros(3, count), variance.clone(), key, samples)
    plain = variance.double().sqrt().float() * standard_normal(key, samples, count)
    assert torch.equal(fast, plain)


def test_elementary_functions_are_those_of_float64():
    x = torch.rand(100_000).clamp(min=1e-10)
    torch.testing.assert_close(log_of(x).double(), x.double().log(), rtol=3e-7, atol=1e-7)
    turn = torch.randint(0, 2**32, (100_000,))
    angle = turn.double() * (2 * math.pi / 2**32)
    for found, expected in zip(cosine_and_sine(turn), (angle.cos(), angle.sin()), strict=True):
        torch.testing.assert_close(found.double(), expected, rtol=0, atol=2e-7)


def test_random_numbers_are_normal_and_independent():
    numbers = standard_normal(3, torch.arange(200), 2000)
    assert stats.kstest(numbers.flatten()[::7].numpy(), "norm").pvalue > 1e-4
    assert abs(float(numbers.double().pow(4).mean()) - 3) < 0.05
    assert abs(float((numbers[:, :64] * numbers[:, 64:128]).mean())) < 5 / 12_800**0.5  # the two of one transform
    for one, other in [(numbers[:, 1:], numbers[:, :-1]), (numbers[1:], numbers[:-1])]:
        assert abs(float((one * other).mean())) < 5 / 400_000**0.5
        assert abs(float((one.square() * other.square()).mean()) - 1) < 0.03


@pytest.mark.parametrize("shape", [(7,), (2, 3, 4, 5), (40_000,)])
def test_bytes_are_looked_up_as_by_an_index(shape):
    codes, table = (torch.randint(0, 256, size).to(torch.uint8) for size in (shape, (256,)))
    assert torch.equal(look_up(codes, table), table[codes.long()])
    if len(shape) == 4:
        codes = codes.contiguous(memory_format=torch.channels_last)
        assert torch.equal(look_up(codes, table), table[codes.long()])
