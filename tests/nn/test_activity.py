"""Input codes are counted by channel."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bitline.nn.activity import Activity
from bitline.quantize import InputScale


@given(st.integers(1, 10), st.integers(1, 4), st.integers(0, 1000))
def test_kernel_equals_the_readable_count(magnitude_bits, channels, seed):
    scale = InputScale(1.0, magnitude_bits, True)
    generator = torch.Generator().manual_seed(seed)
    codes = torch.randint(scale.low, scale.high + 1, (3, channels, 5, 2), generator=generator)
    fast, plain = Activity(scale, channels), Activity(scale, channels)
    fast.add(codes.float())
    plain.add(codes.double())  # other than float32 is counted by PyTorch
    assert torch.equal(fast.counts, plain.counts)
    assert fast.counts.sum(1).tolist() == [30] * channels


def test_places_count_as_often_as_they_are_said_to():
    scale, codes = InputScale(1.0, 2, True), torch.tensor([[[3.0, -1.0, 3.0], [0.0, 2.0, 2.0]]])
    fast, plain = Activity(scale, 2), Activity(scale, 2)
    fast.add(codes, torch.tensor([5, 0, 2]))
    plain.add(codes.double(), torch.tensor([5, 0, 2]))
    assert fast.counts.tolist() == plain.counts.tolist() == [[0, 0, 0, 7], [5, 0, 2, 0]]


@pytest.mark.parametrize("times", [1, 200, 40_000])
def test_finished_counts_are_the_same_and_go_on(times):
    scale = InputScale(step=1.0, magnitude_bits=2, signed=True)
    kept, finished = Activity(scale, 2), Activity(scale, 2)
    for activity in (kept, finished):
        activity.add(torch.tensor([[3.0, -1.0]]).repeat(times, 1))
    finished.finish()
    assert finished._counts.itemsize < kept.counts.itemsize
    assert torch.equal(finished.counts, kept.counts)
    for activity in (kept, finished):
        activity.add(torch.tensor([[3.0, 0.0]]).repeat(300, 1))
    assert torch.equal(finished.counts, kept.counts)
