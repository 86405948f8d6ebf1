"""Random numbers of read noise, drawn anew from a key and a place."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bitline.numerics.read_noise import add_read_noise, standard_normal


@given(st.integers(0, 2**63 - 1), st.integers(1, 9), st.integers(0, 2**60))
@settings(max_examples=30)
def test_kernel_equals_the_readable_generator(key, count, first):
    samples = torch.arange(first, first + 3)
    variance = torch.rand(3, count)
    fast = add_read_noise(torch.zeros(3, count), variance, key, samples)
    plain = variance.double().sqrt() * standard_normal(key, samples, count)
    torch.testing.assert_close(fast.double(), plain, rtol=1e-4, atol=1e-5)


def test_random_numbers_are_normal_and_independent():
    numbers = standard_normal(3, torch.arange(200), 2000)
    assert stats.kstest(numbers.flatten()[::7].numpy(), "norm").pvalue > 1e-4
    for one, other in [(numbers[:, 1:], numbers[:, :-1]), (numbers[1:], numbers[:-1])]:
        assert abs(float((one * other).mean())) < 5 / 400_000**0.5
        assert abs(float((one.square() * other.square()).mean()) - 1) < 0.03
