"""How much a study is."""

from __future__ import annotations

import sys

from small_study import IMAGES, study

from bitline.config.trust import distrust
from bitline.study import Study, plan, sweep


def test_a_plan_counts_what_is_left(finished, tmp_path):
    fresh = plan(study(), tmp_path / "none.sqlite")
    assert len(fresh.points) == 4
    assert fresh.tasks == 2 + 2 + 2 + 2 * 2 * 2  # float, reference, costs, chips in two shards
    assert fresh.images == IMAGES * (1 + 1 + 2 * 2)
    assert fresh.seconds > 0
    done = plan(study(), finished)
    assert (done.tasks, done.finished, done.seconds) == (0, 4, 0)


CONVERTER = """
from typing import Literal
from bitline.readout.architectures import FlashAdc

class Own(FlashAdc):
    kind: Literal["own"] = "own"
    resistor_mismatch: float = 0.01
"""
STUDY = """
[data]
images = 2
calibration_images = 2
[design.set]
adc = {kind = "converter_of_plan:Own", bits = 4}
[[axes]]
setting = "array.rows"
values = [64, 128]
[run]
chips = 1
layer_errors = false
"""


def test_a_plan_without_the_code_of_a_converter_counts_the_same(tmp_path, monkeypatch):
    """What its class sets by default is in the keys: all designs seemed to be left, however many were finished."""
    (tmp_path / "converter_of_plan.py").write_text(CONVERTER)
    (tmp_path / "study.toml").write_text(STUDY)
    monkeypatch.syspath_prepend(tmp_path)
    store = tmp_path / "store.sqlite"
    sweep(Study.load(tmp_path / "study.toml", allow_code=True), store)
    distrust(["converter_of_plan"])
    monkeypatch.delitem(sys.modules, "converter_of_plan")
    there = plan(Study.load(tmp_path / "study.toml"), store)
    assert (there.tasks, there.finished, there.seconds) == (0, 2, None)
    (tmp_path / "converter_of_plan.py").write_text(CONVERTER.replace("0.01", "0.02"))
    assert plan(Study.load(tmp_path / "study.toml"), store).finished == 0


def test_images_that_are_not_there_are_told(tmp_path):
    """A dry run of half a million images said 5,000 left and nothing more."""
    chosen = Study(data={"images": 500_000, "calibration_images": 8}, run={"chips": 1})
    assert plan(chosen, tmp_path / "none.sqlite").note == "only 1,000 images are there to measure on, not 500,000"
