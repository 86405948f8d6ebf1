"""What is said of settings is what a design has and takes."""

from __future__ import annotations

import shlex

import pytest

from bitline import Design
from bitline.config.described import described
from bitline.config.variants import IMPORTED
from bitline.design.settings import parse_settings
from bitline.errors import DesignError

ROWS = described(Design)
EVERYWHERE = {row.name: row for row in ROWS if not row.condition}


def leaves(part, prefix=""):
    for name, value in part.items():
        yield from leaves(value, f"{prefix}{name}.") if isinstance(value, dict) else [(f"{prefix}{name}", value)]


def test_every_setting_of_a_design_is_described_with_its_default():
    names = {row.name for row in ROWS}
    for name, value in leaves(Design().model_dump(exclude={"layers"})):
        assert name in names
        if name in EVERYWHERE and isinstance(value, (int, float, str)):
            assert EVERYWHERE[name].default == (str(value).lower() if isinstance(value, bool) else str(value))
    assert [row.name for row in ROWS if not row.meaning] == []


@pytest.mark.parametrize("part", ["adc", "array", "weights", "cell.levels", "hardware.duplication"])
def test_all_kinds_that_are_listed_are_taken(part, tmp_path):
    (tmp_path / "inl.csv").write_text("code,INL\n1,0\n2,0.1\n3,0\n", encoding="utf-8")
    needed = {
        "table": {"values": [0.0, 1.0]},
        "uniform": {"count": 4} if part == "cell.levels" else {},
        "measured": {"file": str(tmp_path / "inl.csv")},
    }
    for kind in EVERYWHERE[f"{part}.kind"].values.split(", "):
        if kind != IMPORTED:
            Design().with_settings({part: {"kind": kind, **needed.get(kind, {})}})


def test_settings_of_nested_kinds_say_where_they_matter():
    conditions = {row.name: row.condition for row in ROWS}
    assert conditions["adc.range.percentiles"] == "adc.range.kind = best-output"
    assert conditions["adc.bridge_error"] == "adc.kind = split-sar"
    assert conditions["adc.noise_steps"] == conditions["layers[].match"] == ""


def test_the_command_line_takes_what_is_said_to_set_a_setting():
    refused = set()
    for row in ROWS:
        if row.arguments and "VALUE" not in row.arguments:
            try:
                Design().with_settings(parse_settings(shlex.split(row.arguments)[1::2]))
            except DesignError as error:
                assert "is missing: give it a value" in str(error)  # another setting of this kind has no default
                refused.add(row.condition)
    kinds = ("state-independent", "charge-sharing", "measurements-fit", "measurements-fit, measurements-resampled")
    devices = {f"cell.device.kind = {kind}" for kind in (*kinds, "state-independent, state-proportional")}
    noise = {"cell.read_noise.kind = state-independent, state-proportional"}
    assert refused <= devices | noise | {"cell.programming.kind = write-verify", "adc.kind = measured"}


def test_a_setting_of_a_single_kind_says_so():
    conditions = {row.name: row.condition for row in ROWS}
    assert conditions["cell.programming.iterations"] == "cell.programming.kind = write-verify"


def test_units_follow_from_names():
    units = {row.name: row.unit for row in ROWS}
    assert units["cell.time"] == "s" and units["cell.device.G_max_uS"] == "µS" and units["array.rows"] == ""


def test_values_are_said_in_words():
    values = {(row.name, row.condition): row.values for row in ROWS}
    assert values["array.rows", ""] == "whole number, at least 1"
    assert values["adc.range.percentiles", "adc.range.kind = best-output"].startswith("list of numbers, each above 50")
    assert not [text for text in values.values() if any(sign in text for sign in ("<", ">", "[", "numberss"))]
