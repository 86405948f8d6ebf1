"""Row partitions hold every row once, and fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitline.arrays import partition_rows


@given(st.integers(1, 30), st.sampled_from([1, 4, 9, 25]), st.integers(1, 200), st.sampled_from(["equal", "full"]))
def test_row_blocks_cover_every_row_once(channels, positions, max_rows, fill):
    partition = partition_rows(channels, positions, max_rows, fill)
    blocks = partition.row_slices(channels * positions, positions)
    rows = [row for block in blocks for row in range(block.start, block.stop)]
    assert rows == list(range(channels * positions))
    assert len(blocks) == partition.parts
    assert max(block.stop - block.start for block in blocks) == partition.rows <= max(max_rows, 1)


@given(st.integers(1, 300), st.sampled_from([1, 9, 25, 49]), st.integers(1, 1200))
def test_full_partitions_leave_room_on_the_last_only(channels, positions, max_rows):
    equal, full = (partition_rows(channels, positions, max_rows, fill) for fill in ("equal", "full"))
    assert full.parts == equal.parts
    unit = positions if positions <= max_rows else 1  # what is not cut
    *others, _ = [block.stop - block.start for block in full.row_slices(channels * positions, positions)]
    if positions <= max_rows:
        assert all(rows == full.rows > max_rows - unit for rows in others)
    assert full.rows >= equal.rows


@given(st.integers(1, 300), st.sampled_from([1, 9, 25, 49]), st.integers(1, 1200))
def test_partitions_hold_every_row_and_fit(channels, positions, max_rows):
    partition = partition_rows(channels, positions, max_rows)
    assert partition.rows <= max_rows
    assert partition.parts * partition.rows >= channels * positions
    if positions <= max_rows:
        assert (partition.parts - 1) * partition.channels < channels <= partition.parts * partition.channels


@pytest.mark.parametrize(
    ("channels", "rows", "parts", "used"), [(512, 1152, 4, 1152), (64, 144, 4, 144), (3, 1152, 1, 27)]
)
def test_partitions_of_the_papers_layers(channels, rows, parts, used):
    partition = partition_rows(channels, 9, rows)
    assert (partition.parts, partition.rows) == (parts, used)
