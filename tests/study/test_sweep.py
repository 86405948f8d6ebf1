"""Sweeps: their numbers are those of `evaluate`; whatever happens, what is finished is kept and not done again."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_study import IMAGES, SMALL, comparable, count, study

from bitline import Design, evaluate
from bitline.study import Study, read_results, sweep


def test_a_study_gives_the_numbers_of_evaluate(finished, fashion):
    model, dataset = fashion
    chosen = dataset.split(IMAGES, 20)
    result = read_results(finished)
    for measured in result.designs:
        design = Design(**measured.design)
        expected = evaluate(model, design, chosen.images, chosen.labels, chosen.calibration, chips=2)
        assert measured.chip_values == expected.chip_accuracies
        assert measured.reference_value == expected.reference_accuracy
        assert result.float_value == expected.float_accuracy
        assert measured.layers == expected.layers
        assert {name: measured.cost[name] for name in expected.cost.totals()} == expected.cost.totals()


def test_read_noise_does_not_depend_on_shards(tmp_path):
    noisy = {"base": "differential", "set": {"cell.read_noise": {"kind": "state-independent", "alpha": 0.03}}}
    for shard in (7, 40):
        chosen = study(design=noisy, axes=[], run={"chips": 1, "shard": shard, "batch": 5})
        sweep(chosen, tmp_path / f"{shard}.sqlite")
    assert comparable(tmp_path / "7.sqlite").equals(comparable(tmp_path / "40.sqlite"))


def test_finished_work_is_not_repeated_and_studies_grow(finished, tmp_path):
    path = tmp_path / "grown.sqlite"
    sweep(study(axes=SMALL["axes"][:1], run={"chips": 1, "shard": 25}), path)
    again = sweep(study(axes=SMALL["axes"][:1], run={"chips": 1, "shard": 10}), path)
    assert again.done == 0
    grown = sweep(study(), path)
    assert grown.done == 2 * 2 + 2  # shards of the second chip of two designs, and costs with the other library
    assert comparable(path).equals(comparable(finished))
    more = study(data={"images": IMAGES + 10, "calibration_images": 20})
    # 10 images of the float network and the reference, of every chip, whose layers are compared on more images
    assert sweep(more, path).done == 1 + 1 + 2 * 2 + 2 * 2


def test_early_stopping_measures_fewer_chips(tmp_path):
    run = {"chips": 6, "shard": 100, "stop": {"half_width_percent": 99.0, "min_chips": 2}}
    sweep(study(axes=[], run=run), tmp_path / "stop.sqlite")
    (design,) = read_results(tmp_path / "stop.sqlite").designs
    assert len(design.chip_values) == 2
    assert design.finished


SCRIPT = """
import os, signal, sys
from pathlib import Path
from threading import Timer
from bitline.study import Study, sweep, work

work.KEEP_EVERY = 0.0  # tasks of this study are so short that half a second would hold all of them

def report(what, done, total):
    if done == int(sys.argv[3]):
        Timer(float(sys.argv[4]), os.kill, [os.getpid(), signal.SIGKILL]).start()  # the process waits for it at its end

sweep(Study.load(sys.argv[1]), Path(sys.argv[2]), progress=report)
"""


"""A sweep that is killed a while after so many tasks."""


def killed(folder: Path, path: Path, chosen: Study, tasks: int, seconds: float) -> int:
    (folder / "run.py").write_text(SCRIPT)
    (folder / "study.toml").write_text(chosen.to_toml(), encoding="utf-8")
    command = [folder / "run.py", folder / "study.toml", path, tasks, seconds]
    return subprocess.run([sys.executable, *map(str, command)], capture_output=True).returncode


@pytest.mark.apart
def test_nothing_finished_is_lost_by_kill_9(finished, tmp_path):
    path = tmp_path / "killed.sqlite"
    chosen = study(run={"chips": 2, "shard": 5, "batch": 16})
    for tasks, seconds in ((1, 0.01), (8, 0.0), (20, 0.003)):
        assert killed(tmp_path, path, chosen, tasks, seconds) == -signal.SIGKILL
        assert count(path) >= tasks
    before = count(path)
    assert sweep(chosen, path).done <= 2 * 8 + 4 * 8 + 2 - before + 2
    assert comparable(path).equals(comparable(finished))


def test_ctrl_c_ends_cleanly_and_keeps_what_is_finished(tmp_path):
    path = tmp_path / "interrupted.sqlite"
    (tmp_path / "study.toml").write_text(study(run={"chips": 50, "shard": 5}).to_toml(), encoding="utf-8")
    command = [sys.executable, "-c", "from bitline.cli.app import main; main()", "sweep", str(tmp_path / "study.toml"),
               "--out", str(path), "--workers", "1"]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and count(path) < 3:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate()
    assert process.returncode == 130
    assert output == ""
    assert errors == "bitline: interrupted; what is finished is kept: run it again to go on\n"
    assert count(path) >= 3
