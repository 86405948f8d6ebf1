"""Study files: designs, reading and writing, what a user can write wrong."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small_study import study

from bitline import Design
from bitline.errors import StudyError
from bitline.study import Study


def test_designs_that_differ_in_names_only_are_one():
    same = study(design={}, axes=[{"setting": "design", "values": ["differential", "sonos-a"]}])
    assert len(same.points()) == 2
    twice = study(axes=[{"setting": "adc.bits", "values": [8, 8]}])
    assert len(twice.points()) == 1
    hardware = study().points()
    assert len({point.key for point in hardware}) == 4
    assert len({point.accuracy_key for point in hardware}) == 2
    assert len({point.reference_key for point in hardware}) == 1


def test_studies_read_back_from_toml(tmp_path):
    (tmp_path / "chip.toml").write_text(Design(name="chip", adc={"bits": 7}).to_toml(), encoding="utf-8")
    text = """
        [design]
        base = "chip.toml"
        [[axes]]
        setting = "array.rows"
        range = { start = 64, stop = 256, points = 3, scale = "log" }
        [run]
        chips = 4
        stop = { half_width_percent = 0.5 }
    """
    (tmp_path / "mine.toml").write_text(text)
    mine = Study.load(tmp_path / "mine.toml")
    assert mine.name == "mine"
    assert mine.run.stop.half_width_percent == 0.5
    assert [point.design.array.rows for point in mine.points()] == [64, 128, 256]
    assert mine.points()[0].design.adc.bits == 7
    (tmp_path / "again.toml").write_text(mine.to_toml(), encoding="utf-8")
    assert Study.load(tmp_path / "again.toml") == mine


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("axes = 3 [", "not valid TOML"),
        ('[[axes]]\nsetting = "adc.bits"', "has no values"),
        ('[[axes]]\nsetting = "adc.bits"\nvalues = []', "has no values"),
        ("[[axes]]\nvalues = [1]", "give a setting"),
        ('[[axes]]\nzip = { "adc.bits" = [1, 2], "array.rows" = [3] }', "equally many"),
        ('[[axes]]\nsetting = "adc.bits"\nvalues = [1]\n[[axes]]\nsetting = "adc.bits"\nvalues = [2]', "two axes"),
        ('[[axes]]\nsetting = "adc.bit"\nvalues = [1]', "did you mean 'bits'"),
        ('[[axes]]\nsetting = "adc.bits"\nvalues = [0]', "adc.bits = 0"),
        ("[run]\nchip = 3", "did you mean 'chips'"),
        ("[run]\ntrials = 3", "run.trials is called run.chips since bitline 0.2"),
        ("[run.stop]\nhalf_width = 0.3", "run.stop.half_width is called run.stop.half_width_percent since bitline 0.2"),
        ('[design]\nbase = "differentail"', "did you mean 'differential'"),
        ("[data]\nimages = -1", "data.images"),
        ('[[axes]]\nsetting = "x"\nrange = { start = 0, stop = 1, points = 3, scale = "log" }', "above 0"),
    ],
)
def test_bad_study_files_get_one_clear_message(tmp_path, text, words):
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(StudyError) as caught:
        Study.load(tmp_path / "bad.toml").points()
    assert words in str(caught.value)


def test_impossible_combinations_are_left_out_on_request():
    axes = [{"setting": "weights.bits_per_cell", "values": [2, 12]}]
    with pytest.raises(StudyError, match="skip_impossible"):
        study(axes=axes).points()
    assert len(study(axes=axes, skip_impossible=True).points()) == 1
    with pytest.raises(StudyError, match="no possible design"):
        study(axes=[{"setting": "weights.bits_per_cell", "values": [12]}], skip_impossible=True).points()


def test_words_and_settings_of_their_section_are_crossed():
    """Of adc.bits = [3, 7] with adc = ["uniform", "sar"] only the words had an effect."""
    axes = [{"setting": "adc.bits", "values": [3, 7]}, {"setting": "adc", "values": ["uniform", "sar"]}]
    found = {(point.design.adc.bits, point.design.adc.kind) for point in study(axes=axes).points()}
    assert found == {(3, "uniform"), (3, "sar"), (7, "uniform"), (7, "sar")}


@pytest.mark.parametrize("names", [("adc", "adc.kind"), ("adc.kind", "adc"), ("adc", "adc")])
def test_an_axis_goes_before_what_the_study_sets(names):
    common, axis = names
    cases = study(
        design={"set": {common: "sar", "adc.bits": 5}}, axes=[{"setting": axis, "values": ["uniform", "sar"]}]
    )
    assert [(point.design.adc.kind, point.design.adc.bits) for point in cases.points()] == [("uniform", 5), ("sar", 5)]


def test_files_are_read_again_once_they_change(tmp_path):
    """A base design, a table of cells, and a base that names a table: earlier ones were used in the same process."""
    base, cells = tmp_path / "mine.toml", tmp_path / "cells.csv"

    def write(bits: int, worst: float) -> None:
        base.write_text(f'[adc]\nbits = {bits}\n[cell]\ndevice = "{cells}"\n')
        rows = [f"{target},{target + worst * (index % 3 - 1)}" for target in (1, 5, 10) for index in range(9)]
        cells.write_text("\n".join(["target,measured", *rows]))

    def points():
        named = study(design={"base": str(base)}, axes=[{"setting": "array.rows", "values": [64]}])
        direct = study(design={}, axes=[{"setting": "cell.device", "values": [str(cells)]}])
        return (*named.points(), *direct.points())

    write(8, 0.1)
    before = points()
    write(3, 0.25)
    after = points()
    assert [point.design.adc.bits for point in (before[0], after[0])] == [8, 3]
    contents = [point.design.cell.device.content for point in (*before, *after)]
    assert contents[0] == contents[1] != contents[2] == contents[3]
    assert not {point.key for point in before} & {point.key for point in after}


def test_numbers_of_other_libraries_are_plain_ones(tmp_path):
    """Those of NumPy failed where the store was begun, after the network had been loaded."""
    settings = {"cell.device.kind": "state-proportional", "cell.device.alpha": np.float64(0.25)}
    axes = [
        {"setting": "adc.bits", "values": np.arange(5, 7)},
        {"zip": {"array.rows": torch.tensor([64, 128]), "inputs.bits": (np.int32(6), 8)}},
    ]
    given = study(design={"set": settings}, axes=axes)
    (tmp_path / "given.toml").write_text(given.to_toml())
    written = Study.load(tmp_path / "given.toml")
    assert [point.key for point in written.points()] == [point.key for point in given.points()]
    assert len(given.points()) == 4
    with pytest.raises(StudyError, match="None, which TOML does not have"):
        study(axes=[{"setting": "cell.on_off_ratio", "values": [None, 100]}])


@pytest.mark.parametrize(("section", "value"), [("model", "fashion-resnet"), ("data", 3), ("run", [1])])
def test_a_value_in_the_place_of_a_section_is_refused_with_the_remedy(section, value):
    with pytest.raises(StudyError, match=rf"{section} is .*, but it is a section: write \[{section}\]"):
        Study(**{section: value})
