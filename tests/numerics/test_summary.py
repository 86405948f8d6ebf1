"""Summaries of results fit into 80 columns, and numbers in them are never cut."""

from __future__ import annotations

from bitline.numerics.summary import WIDTH, summary


def test_names_are_cut_where_numbers_need_the_room():
    rows = [("design", "accuracy %", "energy µJ"), ("a very " * 20, "91.00 ± 0.25", "12,345"), ("short", "82.00", "7")]
    text = summary("t" * 100, rows, ["l" * 100])
    title, head, first, second, last = text.splitlines()
    assert max(map(len, text.splitlines())) == WIDTH
    assert first.endswith("…  91.00 ± 0.25     12,345")
    assert second.endswith("         82.00          7")
    assert head.startswith("design ")
    assert title.endswith("…")
    assert last.endswith("…")


def test_long_tables_say_how_much_is_left_out():
    rows = [("layer", "MACs"), *((f"conv{index}", "9") for index in range(100))]
    assert summary("100 layers", rows, most=3).splitlines()[-2:] == ["conv2     9", "and 97 more"]
