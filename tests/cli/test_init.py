"""The command that writes files to begin with."""

from __future__ import annotations

import json

import pytest

from bitline.design import Design
from bitline.study import Study


def test_a_design_and_a_study_are_written_and_read_back(bitline, tmp_path):
    design, study = tmp_path / "d.toml", tmp_path / "s.toml"
    assert bitline("init", "design", "--design", "sonos-a", "--set", "adc.bits=6", "--out", design)[0] == 0
    assert Design.load(design) == Design.load("sonos-a").with_settings({"adc.bits": 6})
    assert "# " in design.read_text()
    axes = ["--axis", "adc.bits=5,6", "--axis", "adc.range.kind=full,calibrated"]
    assert bitline("init", "study", *axes, "--chips", "2", "--out", study)[0] == 0
    read = Study.load(study)
    assert (len(read.points()), read.run.chips) == (4, 2)


def test_nothing_is_written_over(bitline, tmp_path):
    file = tmp_path / "d.toml"
    file.write_text("kept")
    status, _, errors = bitline("init", "design", "--out", file)
    assert (status, file.read_text()) == (2, "kept")
    assert "--force" in errors
    assert bitline("init", "design", "--out", file, "--force")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["desing"], "did you mean 'design'"),
        ([], "WHAT is missing"),
        (["study", "--axis", "adc.bits"], "NAME=VALUES"),
        (["study", "--axis", "adc.bit=5,6"], "adc.bit"),
        (["design", "--axis", "adc.bits=5,6"], "--axis does nothing for a design"),
    ],
)
def test_mistakes_are_one_line(bitline, tmp_path, arguments, words):
    status, _, errors = bitline("init", *arguments, *(["--out", tmp_path / "x.toml"] if arguments else []))
    assert (status, errors.count("\n")) == (2, 1)
    assert words in errors


def test_the_schema_knows_the_settings_and_short_forms(bitline):
    schema = json.loads(bitline("init", "design", "--schema")[1])
    assert {"adc", "cell", "weights"} <= schema["properties"].keys()
    assert any(choice.get("type") == "string" for choice in schema["properties"]["adc"]["anyOf"])
    assert "axes" in json.loads(bitline("init", "study", "--schema")[1])["properties"]


def test_a_study_with_impossible_combinations_leaves_them_out_and_says_so(bitline, tmp_path):
    path = tmp_path / "some.toml"
    axes = ("--axis", "weights.bits=4,8", "--axis", "weights.bits_per_cell=2,5")
    status, _, errors = bitline("init", "study", *axes, "--out", str(path))
    written = Study.load(path)
    assert (status, written.skip_impossible, len(written.points())) == (0, True, 3), errors
    assert "impossible combinations are left out (skip_impossible = true), such as study 'some'" in errors
    assert "A study of 3 designs; every possible combination" in path.read_text()


def test_a_study_of_nothing_possible_is_refused_for_the_first_reason(bitline, tmp_path):
    path = tmp_path / "none.toml"
    status, _, errors = bitline("init", "study", "--axis", "adc.bitz=5,6", "--out", str(path))
    assert (status, path.exists(), "unknown key 'adc.bitz'" in errors) == (2, False, True), errors
