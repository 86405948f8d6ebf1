"""Files that a design or a study names lie beside it, or in the current folder."""

from __future__ import annotations

import pytest

from bitline import Design
from bitline.errors import DesignError
from bitline.study import Study

ROWS = "target,measured\n" + "".join(f"{state},{state * 1.01 + cell}\n" for state in (10, 20) for cell in range(6))
CURVES = "input,output\n" + "".join(f"{step / 10},{step / 10}\n" for step in range(11))
DESIGN = '[cell.device]\nkind = "measurements-fit"\nfile = "cells.csv"\n'


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """A folder with a design and its cells, below the current one."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "lab"
    folder.mkdir()
    (folder / "cells.csv").write_text(ROWS)
    (folder / "mine.toml").write_text(DESIGN)
    return folder


def test_a_table_beside_the_design_is_found_from_another_folder(lab):
    device = Design.load(lab / "mine.toml").cell.device
    assert device.file == str(lab / "cells.csv") and device.largest == 20
    assert Design.load("lab/mine.toml").cell.device.content == device.content


def test_a_table_in_the_current_folder_is_found_and_one_beside_the_design_comes_first(lab, tmp_path):
    (tmp_path / "cells.csv").write_text(ROWS.replace("20,", "40,"))
    assert Design.load("lab/mine.toml").cell.device.largest == 20
    (lab / "cells.csv").unlink()
    assert Design.load("lab/mine.toml").cell.device.largest == 40


def test_a_design_that_was_loaded_from_another_folder_can_be_saved_anywhere(lab, tmp_path):
    design = Design.load("lab/mine.toml")
    for copy in (tmp_path / "copy.toml", lab / "copy.toml"):
        copy.write_text(design.to_toml())
        assert Design.load(copy).cell.device.content == design.cell.device.content


def test_tables_in_rules_and_libraries_are_found_beside_the_design(lab):
    (lab / "parts.toml").write_text("")
    rule = '[hardware]\nlibrary = "parts.toml"\n\n[[layers]]\nmatch = "fc*"\nset = { "cell.device" = "cells.csv" }\n'
    (lab / "rule.toml").write_text(rule)
    design = Design.load("lab/rule.toml")
    assert design.hardware.library == "lab/parts.toml"
    assert "lab/cells.csv" in str(design.layers[0].set)


def test_what_is_nowhere_is_named(lab):
    (lab / "cells.csv").unlink()
    with pytest.raises(DesignError, match=r"'cells.csv'.*relative to the design file or the current folder"):
        Design.load("lab/mine.toml")


def test_a_study_finds_tables_beside_its_file(lab):
    axes = '[[axes]]\nsetting = "cell.device"\nvalues = ["none", "cells.csv"]\n'
    (lab / "cells.toml").write_text('[design]\nbase = "mine.toml"\nset = { "adc.bits" = 7 }\n\n' + axes)
    points = Study.load("lab/cells.toml").points()
    assert [point.design.cell.device.kind for point in points] == ["none", "measurements-fit"]
    assert points[1].design.cell.device.file == "lab/cells.csv"
