"""Tables as text: nothing is cut, nothing is wider than the terminal."""

from __future__ import annotations

import io
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitline.cli.streams import printable
from bitline.cli.table import Cell, Column, Table, name, prose, text_width

WORDS = st.text(alphabet="abcdefgh- ", min_size=1, max_size=60).map(lambda text: " ".join(text.split()) or "a")
NUMBERS = st.floats(-1e12, 1e12).map(float)


@st.composite
def tables(draw):
    numbers = draw(st.integers(1, 9))
    has_prose = draw(st.booleans())
    columns = [name("layer"), *(Column(f"n{at}", f"number {at}", "µJ") for at in range(numbers))]
    kinds = [WORDS, *[NUMBERS] * numbers]
    if has_prose:
        columns.append(prose("what"))
        kinds.append(WORDS)
    rows = draw(st.lists(st.tuples(*kinds), min_size=1, max_size=4))
    return Table("t", tuple(columns), rows, title=draw(WORDS))


@given(tables(), st.sampled_from([60, 80, 100, 120, None]))
def test_every_number_is_whole_and_no_line_is_too_long(table, width):
    lines = [line.text for line in table.lines(width)]
    text = "\n".join(lines)
    tokens = text.split()
    for row in table.rows:
        for column, value in zip(table.columns, row, strict=True):
            if column.kind == "number":
                assert column.show(value) in tokens
            else:
                assert not Counter("".join(value.split())) - Counter("".join(tokens))
    assert "…" not in text
    if width:
        assert max(map(text_width, lines)) <= width
    else:
        assert len(lines) == len(table.rows) + 4


@given(tables())
def test_numbers_stand_below_each_other(table):
    plain = Table("t", table.columns[:2], [row[:2] for row in table.rows])
    lines = [line.text for line in plain.lines()]
    assert len({len(line) for line in (lines[0], *lines[3:])}) == 1


def test_prose_stands_below_where_it_has_no_room():
    columns = (name("design"), *(Column(str(at), "number") for at in range(8)), prose("what"))
    table = Table("t", columns, [("a", *[1234.5] * 8, "a long sentence " * 10)])
    lines = [line.text for line in table.lines(80)]
    assert lines[2].split()[0] == "a"
    assert all(line.startswith("    ") for line in lines[3:])
    assert len(table.lines(None)) == 3


def test_what_differs_is_wrapped_before_numbers_are_stacked():
    columns = (prose("what differs"), *(Column(str(at), "number") for at in range(5)))
    table = Table("t", columns, [("bits 8 · " * 6, *range(5))])
    lines = [line.text for line in table.lines(70)]
    assert sum("number" in line for line in lines) == 1


def test_values_and_their_texts_are_kept_apart():
    table = Table("t", (name("a"), Column("b", "b")), [("x", Cell(0.5, "~50"))], footer=("together", 3))
    assert table.data() == [{"a": "x", "b": 0.5}]
    assert [line.text.split() for line in table.lines()][2:] == [["x", "~50"], ["─" * 13], ["together", "3"]]
    assert Table("t", table.columns, table.rows, records=[{"c": 1}]).data() == [{"c": 1}]


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("utf-8", "0.5 µJ ± 2 mm² ─"), ("latin-1", "0.5 µJ ± 2 mm² -"), ("ascii", "0.5 uJ +- 2 mm2 -")],
)
def test_encodings_that_lack_a_character_get_another(encoding, shown):
    say = printable(io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    assert say("0.5 µJ ± 2 mm² ─\x1b\x07") == shown


def test_wide_characters_take_two_places():
    table = Table("t", (name("a"), Column("b", "b")), [("設計", 1), ("abcd", 2)])
    assert [text_width(line.text) for line in table.lines()][2:] == [7, 7]
