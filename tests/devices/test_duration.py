"""Times are written and read as people do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitline.devices.duration import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "value"),
    [("1 day", 86400), ("20s", 20), ("1.5 hours", 5400), ("250 ns", 2.5e-7), ("3", 3), ("2 min", 120)],
)
def test_times_are_written_as_people_write_them(text, value):
    assert parse_duration(text) == pytest.approx(value)


@given(st.floats(1e-6, 1e9))
def test_times_in_words_read_back(value):
    assert parse_duration(format_duration(value)) == pytest.approx(value, rel=1e-4)
