"""Stores that hid what their numbers depend on, could not be read, or were believed whatever was in them."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bitline.design import views
from bitline.errors import StudyError
from bitline.report.study_page import write_study
from bitline.study import Study, forget_failures, read_results, sweep
from bitline.study.export import export
from bitline.study.store import Store
from bitline.study.worker import Worker
from bitline.study.workload import load

DEVICE = """
from bitline.devices import Device
from mylab_common import FACTOR  # another file of the user's


class Mine(Device):
    wrong: float = 0.0

    def program(self, target, draws):
        if self.wrong:
            {raises}
        return target * FACTOR
"""

NETWORK = """
from torch import nn


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 5, stride=4)
        self.fc = nn.Linear(4 * 6 * 6, 10)

    def forward(self, x):
        return self.fc(self.conv(x).relu().flatten(1))


def build():
    return Small()
"""


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """Writes modules of a user's, and imports them anew."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")

    def write(**files: str) -> None:
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(text)
            sys.modules.pop(name, None)
        shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
        importlib.invalidate_caches()

    write(mylab=DEVICE.format(raises="raise ValueError('too wrong')"), mylab_common="FACTOR = 0.99")
    return write


def study(**changes) -> Study:
    sections = {
        "model": {"name": "synthetic:small_network"},
        "data": {"source": "fashion-mnist", "images": 4, "calibration_images": 4},
        "design": {"base": "ideal", "set": {"cell.device.kind": "mylab:Mine"}},
        "run": {"chips": 1, "layer_errors": False},
    }
    return Study(**{**sections, **changes})


# -- what numbers depend on


def test_a_changed_device_is_measured_anew(lab, tmp_path):
    """treeverse/dvc #9195: after the code changed, "0 tasks" and the old results; also in a file that it imports."""
    path = tmp_path / "store.sqlite"
    first = sweep(study(), path)
    assert sweep(study(), path).done == 0
    lab(mylab="# a comment\n" + DEVICE.format(raises="raise  ValueError('too wrong')"))
    assert sweep(study(), path).done == 0
    lab(mylab_common="FACTOR = 0.0", mylab=DEVICE.format(raises="raise ValueError('too wrong')"))
    second = sweep(study(), path)
    assert second.done == 2  # a chip and the cost; not the float network, not the reference
    assert second.points[0].key != first.points[0].key
    result = read_results(path)
    assert [design.key for design in result.designs] == [second.points[0].key]
    assert "results of 1 design with earlier code or another component library are left out" in result.notes
    assert result.facts["code of mylab:Mine"].startswith("mylab.py, mylab_common.py ")
    lab(mylab_common="FACTOR = 0.99", mylab=DEVICE.format(raises="raise ValueError('too wrong')"))
    assert sweep(study(), path).done == 0
    assert [design.key for design in read_results(path).designs] == [first.points[0].key]


def test_a_changed_converter_is_another_converter(lab, tmp_path):
    """Of the kind of changed devices."""
    source = "from bitline.readout.architectures import FlashAdc\n\n\nclass Mine(FlashAdc):\n    kind: str = ''\n"
    lab(myadc=source)
    own = {"base": "differential", "set": {"adc.kind": "myadc:Mine"}}
    before = study(design=own).points()[0]
    lab(myadc=source + "    factor: int = 1\n")
    assert study(design=own).points()[0].accuracy_key != before.accuracy_key
    assert study(design=own).points()[0].reference_key == before.reference_key


def test_designs_of_bitline_have_the_keys_that_they_had():
    """Results of stores from before are found again."""
    point = study(design={"base": "differential"}).points()[0]
    whole = point.design.model_dump(mode="json", exclude={"name", "description"})
    assert (point.key, point.accuracy_key) == (views.key(whole), views.key(views.answers(point.design)))


def test_a_changed_library_of_components_is_another_cost(tmp_path):
    """Of the kind of changed devices: costs of a library that is a file stayed those of its old content."""
    from bitline.cost.library import Library

    file = tmp_path / "mine.toml"
    file.write_text(Library.load("sonos-40nm").to_toml())
    own = study(design={"base": "ideal", "set": {"hardware.library": str(file)}})
    before = own.points()[0]
    file.write_text(file.read_text() + "\n# measured again\n")
    after = own.points()[0]
    assert (after.key == before.key, after.accuracy_key == before.accuracy_key) == (False, True)


def test_a_changed_network_is_refused(lab, tmp_path):
    """A store held the results of a network whose ReLU had become Tanh: its weights were the same."""
    lab(mynet=NETWORK)
    torch.manual_seed(0)
    torch.save(importlib.import_module("mynet").build().state_dict(), tmp_path / "weights.pt")
    data = {"source": "fashion-mnist", "images": 4, "calibration_images": 4}
    own = study(design={}, model={"name": "mynet:build", "weights": tmp_path / "weights.pt"}, data=data)
    path = tmp_path / "store.sqlite"
    with Store.writing(path, load(own).facts) as store:
        store.add_designs(own.points())
    lab(mynet=NETWORK.replace(".relu()", ".tanh()"))
    with pytest.raises(
        StudyError, match=r"another code of the network \(mynet.py \w+, now mynet.py \w+\): give another"
    ):
        sweep(own, path)


def test_a_worker_with_other_code_does_not_work(lab, tmp_path):
    """A node of a cluster whose files were older gave numbers of another device."""
    lab(mynet=NETWORK)
    model = importlib.import_module("mynet").build().eval()
    context = load(study(design={})).context
    worker = Worker(replace(context, model=model, code="mynet.py 0123456789abcdef"))
    point = study().points()[0]
    from bitline.study.task import Task

    task = Task.of_chip(point, 0, 0, 4)
    assert "the code of the network on" in worker.run(task).error
    stale = Worker(context).run(replace(task, key="old", prepare_key="old"))
    assert "the code of the design on" in stale.error
    assert Worker(context).run(task).error == ""


def test_modules_without_a_file_are_named(lab, tmp_path, monkeypatch):
    """Code that was typed into a notebook can change without a trace."""
    import types

    typed = types.ModuleType("typed")
    exec(DEVICE.format(raises="raise ValueError"), typed.__dict__)
    typed.Mine.__module__ = "typed"
    monkeypatch.setitem(sys.modules, "typed", typed)
    path = tmp_path / "store.sqlite"
    own = study(design={"base": "ideal", "set": {"cell.device.kind": "typed:Mine"}})
    with Store.writing(path, {}) as store:
        store.remember("study", own.to_toml())
        store.remember("images", "4")
        store.add_designs(own.points())
    assert read_results(path).notes == ("changes of typed are not noticed: there is no file of the code of typed:Mine",)


@pytest.mark.parametrize("name", ["seed", "model", "data", "PyTorch"])
def test_facts_that_are_gone_are_not_invented(lab, tmp_path, name):
    """A store whose facts were emptied took results of another seed: 0 tasks."""
    path = tmp_path / "store.sqlite"
    facts = {"seed": "0", "model": "a", "data": "b", "PyTorch": "2.13"}
    with Store.writing(path, facts) as store:
        store.add_designs(study().points())
        store.connection.execute("DELETE FROM facts WHERE name = ?", (name,))
    with (
        pytest.raises(StudyError, match=f"does not say of which {name} its results are"),
        Store.writing(path, facts),
    ):
        pass


def test_results_of_different_arithmetic_are_noted(finished_copy):
    """Stores made on different processors were mixed without a word; numpy's and numba's versions were not kept."""
    with sqlite3.connect(finished_copy) as connection:
        connection.execute("UPDATE results SET worker = 'other:1 x86_64/NONE' WHERE rowid = 1")
    (note,) = (note for note in read_results(finished_copy).notes if "computed with the same: " in note)
    assert "x86_64/NONE" in note
    with sqlite3.connect(finished_copy) as connection:
        versions = json.loads(connection.execute("SELECT versions FROM sessions").fetchone()[0])
    assert {"numpy", "numba", "torch"} <= versions.keys()


# -- failures


def failing(**changes) -> Study:
    return study(axes=[{"setting": "cell.device.wrong", "values": [1.0, 0.0, 2.0]}], **changes)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_failure_of_a_design_is_its_own(lab, tmp_path, workers):
    """runabol/tork #210: one task's exception ended all; again at every resume."""
    path = tmp_path / "store.sqlite"
    summary = sweep(failing(), path, workers=workers)
    assert len(summary.failures) == 2
    assert summary.failures[0].startswith("cell.device.wrong = 1.0: ValueError: too wrong (")
    assert summary.failures[0].endswith("mylab.py:11)")
    result = read_results(path)
    assert [design.finished for design in result.designs] == [False, True, False]
    assert [bool(design.error) for design in result.designs] == [True, False, True]
    assert result.designs[1].reference_value is not None
    assert result.designs[1].error == ""
    again = sweep(failing(), path)
    assert (again.done, again.failures) == (0, summary.failures)
    lab(mylab=DEVICE.format(raises="pass"))
    mended = sweep(failing(), path)
    assert mended.failures == ()
    assert all(design.finished for design in read_results(path).designs)


@pytest.mark.parametrize("raises", ["raise MemoryError", "import sys; sys.exit(3)", "raise RuntimeError(chr(10) * 3)"])
def test_whatever_a_class_raises_is_its_designs_failure(lab, tmp_path, raises):
    """Of the same kind: sys.exit in a user's class ended bitline with that status and without a word."""
    lab(mylab=DEVICE.format(raises=raises))
    path = tmp_path / "store.sqlite"
    summary = sweep(failing(), path)
    assert len(summary.failures) == 2
    assert all("mylab.py:11)" in failure for failure in summary.failures)
    forget_failures(path)
    with Store.reading(path) as store:
        assert store.failures() == {}


def test_failures_are_shown_by_every_command_once(lab, tmp_path, bitline):
    """The same failure was printed twice by sweep, and explore ended with status 0."""
    file, store = tmp_path / "failing.toml", tmp_path / "failing.sqlite"
    file.write_text(failing().to_toml())
    for command, status in ((["sweep", file, "--workers", "1"], 1), (["results", store], 0)):
        found, _, errors = bitline(*command)
        assert found == status
        assert errors.count("ValueError: too wrong") == 2 if command[0] == "sweep" else 1
        assert "mylab.py:11" in errors
    assert bitline("report", store)[0] == 0
    assert "too wrong" in (tmp_path / "failing.html").read_text()
    forgotten = bitline("sweep", file, "--workers", "1", "--retry-failed")
    assert (forgotten[0], forgotten[2].count("too wrong")) == (1, 2)


@pytest.mark.needs("Optuna")
def test_a_search_ends_with_status_1_where_a_design_failed(lab, tmp_path, bitline):
    """Of the same kind."""
    file = tmp_path / "failing.toml"
    axes = [{"setting": "cell.device.wrong", "values": [0.0, 1.0]}, {"setting": "adc.bits", "values": [6, 8]}]
    own = {"base": "differential", "set": {"cell.device.kind": "mylab:Mine"}}
    search = {"designs": 4, "population": 2, "screening_images": 4}
    file.write_text(study(axes=axes, design=own, search=search).to_toml())
    status, output, errors = bitline("explore", file, "--workers", "1")
    assert status == 1
    assert "designs screened" in output
    assert errors.count("ValueError: too wrong") >= 1


def test_a_class_that_fails_where_settings_are_checked_is_named(lab, tmp_path):
    """Of the same kind: an exception in `check` of a device was a traceback."""
    lab(mylab=DEVICE.format(raises="pass") + "\n    def check(self, lowest, seconds):\n        return {}['nothing']\n")
    with pytest.raises(StudyError, match=r"KeyError: 'nothing' \(.*mylab.py:15\)"):
        study(axes=[{"setting": "adc.bits", "values": [6]}]).points()


# -- paths and places


@pytest.fixture(scope="module")
def small_store(tmp_path_factory):
    path = tmp_path_factory.mktemp("stores") / "small.sqlite"
    sweep(study(design={"base": "ideal"}), path)
    return path


@pytest.fixture
def finished_copy(small_store, tmp_path):
    shutil.copy(small_store, tmp_path / "copy.sqlite")
    return tmp_path / "copy.sqlite"


def test_nothing_but_the_store_is_left(small_store):
    """The lock stayed always, and the log where a reader closed last."""
    read_results(small_store)
    assert [file.name for file in small_store.parent.iterdir()] == ["small.sqlite"]


@pytest.mark.parametrize("name", ["a?b.sqlite", "a#b.sqlite", "100%25.sqlite", "[bold].sqlite", "ä b&c=d.sqlite", ":x"])
def test_any_path_is_the_path_of_its_store(small_store, tmp_path, name):
    """calebevans/mulder #86: of 'a?b.sqlite' the file 'a' was opened, and '100%.sqlite' for '100%25.sqlite'."""
    path = tmp_path / name
    (tmp_path / "100%.sqlite").write_text("another file")
    sweep(study(design={"base": "ideal"}), path)
    assert read_results(path).designs == read_results(path).designs
    assert read_results(path).designs[0].finished
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted({"100%.sqlite", name})


READ = """
import sys
from pathlib import Path
from bitline.study import read_results
print(read_results(sys.argv[1]).designs[0].finished)
"""


def mounted_read_only(folder: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
    return subprocess.run(["unshare", "-m", "sh", "-c", script, folder, *command], capture_output=True, text=True)


@pytest.mark.needs("the right to mount")
@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_a_store_that_cannot_be_written_can_be_read(finished_copy, mode):
    """sifiveinc/wake #501: 'unable to open database file', because readers of a log write too."""
    connection = sqlite3.connect(finished_copy)
    connection.execute(f"PRAGMA journal_mode = {mode}")
    connection.close()
    done = mounted_read_only(finished_copy.parent, [sys.executable, "-c", READ, str(finished_copy)])
    assert done.stdout == "True\n", done.stderr


@pytest.mark.needs("the right to mount")
def test_a_log_that_cannot_be_read_is_said(finished_copy):
    """Of the same kind: results of a killed run are in a file beside the store."""
    connection = sqlite3.connect(finished_copy)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("UPDATE results SET seconds = 1.0")
    shutil.copytree(finished_copy.parent, finished_copy.parent / "killed")
    connection.close()
    (finished_copy.parent / "killed" / "copy.sqlite-shm").unlink()
    path = finished_copy.parent / "killed" / "copy.sqlite"
    done = mounted_read_only(path.parent, [sys.executable, "-c", READ, str(path)])
    assert "copy both files to another folder" in done.stderr or done.stdout == "True\n"


def test_links_lead_to_one_lock(finished_copy, tmp_path):
    """Through a link two commands wrote to one store."""
    link, hard = tmp_path / "link.sqlite", tmp_path / "elsewhere" / "hard.sqlite"
    link.symlink_to(finished_copy)
    with (
        Store.writing(finished_copy, {}),
        pytest.raises(StudyError, match=f"in use by process {os.getpid()}"),
        Store.writing(link, {}),
    ):
        pass
    assert read_results(link).designs == read_results(finished_copy).designs
    hard.parent.mkdir()
    hard.hardlink_to(finished_copy)
    for path in (hard, finished_copy):
        assert read_results(path).designs[0].finished
        with pytest.raises(StudyError, match="has 2 names"), Store.writing(path, {}):
            pass


# -- damaged stores

INSERT_LAYERS = "INSERT INTO layers SELECT key, chip, '{}' FROM results WHERE kind = 'analog'"
"""The small study has no layer errors of its own."""
DAMAGE = {
    "a wrong count": (
        "UPDATE results SET correct = CASE correct WHEN 0 THEN 1 ELSE correct - 1 END",
        "not what was written",
    ),
    "another design's count": ("UPDATE results SET key = key || '0' WHERE kind = 'analog'", "not what was written"),
    "an empty shard": ("UPDATE results SET stop = start", "were classified"),
    "more right than images": ("UPDATE results SET correct = 99", "99 of 4 images were right"),
    "a negative count": ("UPDATE results SET correct = -1", "correct is -1"),
    "a word": ("UPDATE results SET correct = 'many'", "correct is 'many'"),
    "an unknown kind": ("UPDATE results SET kind = 'magic' WHERE kind = 'float'", "'magic' with the key"),
    "layers": (INSERT_LAYERS.format("[{"), "is not a list"),
    "layer sums": (INSERT_LAYERS.format("[{}]"), "other sums"),
    "settings": ("UPDATE designs SET settings = '{'", "is not a dict"),
    "a design": ("UPDATE designs SET design = '[]'", "is not a dict"),
    "a key": ("UPDATE designs SET key = x'00ff'", "key is b"),
    "a cost": ('UPDATE designs SET cost = \'{"energy_uJ": "much"}\'', "is 'much'"),
    "versions": ("UPDATE sessions SET versions = 'new'", "is not a dict"),
    "the study": ("UPDATE facts SET value = '= [' WHERE name = 'study'", "its study"),
    "a study of words": ("UPDATE facts SET value = 'nmae = 1' WHERE name = 'study'", "nmae"),
    "points": ("UPDATE facts SET value = '{' WHERE name = 'points'", "its fact 'points'"),
    "images": ("UPDATE facts SET value = 'all' WHERE name = 'images'", "its fact 'images'"),
    "no images": ("DELETE FROM facts WHERE name = 'images'", "its fact 'images'"),
    "depth": ("UPDATE designs SET design = '" + "[" * 100_000 + "'", "is not a dict"),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_row_is_named(finished_copy, bitline, what):
    """Two kinds hung for ever, six were tracebacks, and 99 of 5 images were believed."""
    change, words = DAMAGE[what]
    with sqlite3.connect(finished_copy) as connection:
        connection.execute(change)
    for command in ("report",) if "layer" in what else ("results", "report"):
        status, _, errors = bitline(command, finished_copy)
        assert (status, errors.count("\n")) == (2, 1)
        assert f"the store {finished_copy} is damaged: " in errors
        assert words in errors


def test_a_store_without_its_end_is_refused(finished_copy):
    """Of 5 lengths of a truncated store one was accepted."""
    content = finished_copy.read_bytes()
    finished_copy.write_bytes(content[:-100])
    with pytest.raises(StudyError, match="its end is missing"):
        read_results(finished_copy)


def test_a_store_can_be_read_without_the_users_module(lab, tmp_path, bitline):
    """bitline report ended with 'cannot be imported' on another machine."""
    path = tmp_path / "store.sqlite"
    sweep(study(), path)
    lab(mylab="raise RuntimeError('not here')")
    assert bitline("results", path)[0] == 0
    result = read_results(path)
    write_study(tmp_path / "report.html", result)
    page = (tmp_path / "report.html").read_text()
    assert "The design cannot be drawn on this machine" in page
    assert "mylab:Mine" in page
    export(result, "json", tmp_path / "all.json")


def test_a_store_that_has_only_begun_is_shown(tmp_path, bitline):
    """A store with designs and without results."""
    path = tmp_path / "begun.sqlite"
    own = study(design={"base": "ideal"})
    with Store.writing(path, {}) as store:
        store.remember("study", own.to_toml())
        store.remember("images", "4")
        store.add_designs(own.points())
    assert bitline("results", path)[0] == 0
    assert bitline("report", path)[0] == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["begun.html", "begun.sqlite"]
