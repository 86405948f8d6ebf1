"""What is finished: images of a chip, and chips of a design."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitline.measures import ACCURACY
from bitline.numerics.confidence import half_width
from bitline.study.coverage import Coverage, FinishedWork, enough
from bitline.study.sections import EarlyStop
from bitline.study.task import Shard


@given(
    shards=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)), max_size=6),
    images=st.integers(1, 70),
    shard=st.integers(1, 40),
)
def test_missing_shards_complete_the_images(shards, images, shard):
    coverage = Coverage()
    for start, length in shards:
        coverage.add(start, start + length, 0)
    for start, stop in coverage.missing(images, shard):
        assert 0 < stop - start <= shard
        coverage.add(start, stop, 1)
    assert coverage.accuracy(images) is not None
    assert coverage.missing(images, shard) == []


@given(values=st.lists(st.floats(0.5, 1), min_size=2, max_size=12), width=st.floats(0.1, 40), seed=st.integers(0, 99))
def test_enough_chips_do_not_depend_on_the_order_of_work(values, width, seed):
    stop = EarlyStop(half_width_percent=width, min_chips=2)
    count = enough(values, len(values), stop)
    assert count is not None
    assert enough(values[:count], len(values), stop) == count
    shards = [Shard("analog", "a", chip, 0, 10, round(10 * value), 0.0, 0.0) for chip, value in enumerate(values)]
    rng = np.random.default_rng(seed)
    shuffled = [shards[index] for index in rng.permutation(len(shards))]
    accuracies = FinishedWork(shuffled).chip_values("a", 10)
    assert accuracies == [shard.value(ACCURACY) for shard in shards]


@pytest.mark.parametrize(("images", "deviation", "half"), [(1000, 0.01, 1.0), (1000, 0.01, 0.5), (50, 0.02, 1.0)])
def test_intervals_at_which_measuring_stopped_hold_the_truth_nearly_as_often(images, deviation, half):
    draws, stop, hits = np.random.default_rng(0), EarlyStop(half_width_percent=half), 0
    for _ in range(1000):
        chips = np.round(images * (0.9 + deviation * draws.standard_normal(20))) / images
        measured = chips[: enough(chips.tolist(), 20, stop)]
        hits += abs(measured.mean() - 0.9) <= half_width(measured)
    assert 0.88 <= hits / 1000 <= 0.96


def test_a_few_equal_chips_do_not_stop_a_measurement():
    stop = EarlyStop(half_width_percent=1.0)
    assert enough([0.9] * 4, 10, stop) is None
    assert enough([0.9] * 5, 10, stop) == 5
