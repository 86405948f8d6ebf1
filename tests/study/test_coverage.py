"""What is finished: images of a chip, and chips of a design."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bitline.measures import ACCURACY
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
    accuracies = FinishedWork(shuffled).accuracies("a", 10)
    assert accuracies == [shard.value(ACCURACY) for shard in shards]
