"""A study of the user's own data and measure: what runs when, what a store knows, and reading without the code."""

from __future__ import annotations

import sqlite3
import sys

import pytest

from bitline.config import trust
from bitline.errors import DataError, StudyError
from bitline.study import Study, plan, read_results, sweep
from bitline.study.objectives import Objectives
from bitline.study.workload import load

LIBRARY = """
from pathlib import Path
Path(__file__).with_name("marker").touch()

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from bitline.measures import FunctionMeasure, SquaredError

def build():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 1))

def make():
    x = torch.linspace(-1, 1, 30 * 6).reshape(30, 6)
    data = DataLoader(TensorDataset(x[:20], x[:20].sum(1)), batch_size=9)
    return {"data": data, "calibration": x[20:]}

def farthest(outputs, targets):
    return (outputs[:, 0] - targets).abs()

worst = FunctionMeasure(farthest, "worst error", "mV", "lower")

class Root(SquaredError):
    def combine(self, means):
        return float(means[0]) ** 0.5
"""
STUDY = """
[model]
name = "waves:build"
[data]
source = "waves.py:make"
images = 15
calibration_images = 8
[[axes]]
setting = "adc.bits"
values = [3, 8]
[run]
metric = "waves.py:worst"
chips = 1
[search]
objectives = ["worst_error", "energy_uJ"]
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "waves.py").write_text(LIBRARY)
    (tmp_path / "waves.toml").write_text(STUDY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    forget()


def forget():
    """As if this were another process."""
    sys.modules.pop("waves", None)
    trust.distrust(["waves"])


def has_run(folder):
    found = (folder / "marker").exists()
    (folder / "marker").unlink(missing_ok=True)
    return found


def test_a_study_measures_what_its_code_says(folder, bitline):
    study = Study.load("waves.toml", allow_code=True)
    sweep(study, "waves.sqlite")
    result = read_results("waves.sqlite")
    coarse, fine = result.designs
    assert result.measure.shown(coarse.mean).endswith(" mV") and coarse.mean != fine.mean and coarse.images == 15
    import waves

    inputs, targets = waves.make()["data"].dataset[:15]
    farthest = waves.farthest(waves.build()(inputs), targets).detach()
    assert result.float_value == pytest.approx(float(farthest.mean()), rel=1e-6)
    assert Objectives(study.search.objectives, study.measure).directions == ["minimize", "minimize"]
    forget()  # results are read without the code
    (folder / "waves.py").unlink()
    status, output, errors = bitline("results", "waves.sqlite", "--pareto", "worst_error,energy_uJ")
    assert status == 0, errors
    assert "worst error" in output and "mV" in output


def test_code_runs_only_where_somebody_allows_it(folder, bitline):
    study = Study.load("waves.toml")
    assert study.refused_code() == ("waves:build", "waves:make", "waves:worst")
    assert plan(study, "waves.sqlite").seconds is None
    with pytest.raises(StudyError, match="may not run code of waves unasked"):
        sweep(study, "waves.sqlite")
    status, _, errors = bitline("sweep", "waves.toml")
    assert status == 2 and "waves.toml names code of waves" in errors and "--allow-code" in errors
    for own in ("data", "run"):  # alone, too
        text = STUDY.replace('name = "waves:build"', "").replace("images = 15", "")
        text = text.replace("waves.py:make", "fashion-mnist") if own == "run" else text.replace("waves.py:worst", "mse")
        (folder / "alone.toml").write_text(text)
        with pytest.raises((StudyError, DataError), match="may not run code of waves unasked"):
            (sweep if own == "run" else plan)(Study.load("alone.toml"), "alone.sqlite")
    assert not has_run(folder)


def test_a_store_knows_data_and_code(folder):
    sweep(Study.load("waves.toml", allow_code=True), "waves.sqlite")
    for before, after, words in (
        (".abs()", ".abs() / 2", "another code of the measure"),
        ("linspace(-1, 1", "linspace(-1, 2", "another data"),
    ):
        forget()
        (folder / "waves.py").write_text(LIBRARY.replace(before, after))
        study = Study.load("waves.toml", allow_code=True)
        with sqlite3.connect("waves.sqlite") as connection:  # the code of the network is in the same file
            code = load(study).facts["code of the network"]
            connection.execute("UPDATE facts SET value = ? WHERE name = 'code of the network'", (code,))
        with pytest.raises(StudyError, match=words):
            sweep(study, "waves.sqlite")


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ('"waves:Root"', "no mean over samples"),
        ('"waves:nothing"', "has no 'nothing'"),
        ('{ function = "waves" }', "write package.module:function"),
        ('{ function = "waves:worst", direction = "up" }', "direction"),
        ('{ fun = "waves:worst" }', "fun"),
        ("5", "metric"),
    ],
)
def test_what_is_no_measure_of_a_study_is_refused(folder, metric, words):
    (folder / "waves.toml").write_text(STUDY.replace('"waves.py:worst"', metric))
    with pytest.raises((StudyError, DataError), match=words):
        sweep(Study.load("waves.toml", allow_code=True), "waves.sqlite")


def test_files_of_code_count_from_the_folder_of_the_study(folder, monkeypatch):
    inner = folder / "inner"
    inner.mkdir()
    for name in ("waves.py", "waves.toml"):
        (folder / name).rename(inner / name)
    study = Study.load("inner/waves.toml")
    assert study.data.source == "inner/waves.py:make" and study.run.code == ("inner.waves:worst",)
    other = folder / "other"
    other.mkdir()
    monkeypatch.chdir(other)
    with pytest.raises(StudyError, match="PYTHONPATH and write waves:make"):
        Study.load("../inner/waves.toml")


def test_a_table_says_what_a_function_is_called(folder):
    table = '{ function = "waves:farthest", name = "distance", unit = "V", direction = "lower" }'
    (folder / "waves.toml").write_text(STUDY.replace('"waves.py:worst"', table))
    measure = Study.load("waves.toml").measure
    assert (measure.head, measure.direction, has_run(folder)) == ("distance (V)", "lower", False)


WITHOUT = """
def exact():
    inputs = torch.linspace(-1, 1, 30 * 6).reshape(30, 6)
    with torch.no_grad():
        said = build()(inputs)
    return {"data": DataLoader(TensorDataset(inputs, said), batch_size=9), "calibration": inputs}

def digits(outputs, targets):
    error = (outputs - targets).abs()[:, 0]
    return torch.where(error < 0.02, 1.0, torch.nan)

def nothing(outputs, targets):
    return outputs[:, 0] / 0 * 0
"""


def test_a_measure_without_a_value_is_said_of_the_design_and_ends_a_study_without_one(folder):
    """Values that are NaN were kept, and tables and searches were empty without a word."""
    (folder / "waves.py").write_text(LIBRARY + WITHOUT)
    text = (
        STUDY.replace(":make", ":exact")
        .replace("_images = 8", "_images = 30")
        .replace("chips = 1", "chips = 2\nshard = 4")
    )
    (folder / "waves.toml").write_text(text.replace(":worst", ":digits"))
    found = sweep(Study.load("waves.toml", allow_code=True), "waves.sqlite")
    assert len(found.failures) == 1 and "bits = 3" in found.failures[0]
    assert "digits of chip 1 has no value: that of sample" in found.failures[0]
    coarse, fine = read_results("waves.sqlite").designs
    assert coarse.error and not coarse.chip_values and fine.chip_values == (1.0, 1.0)
    (folder / "waves.toml").write_text(text.replace(":worst", ":nothing"))
    with pytest.raises(DataError, match="nothing of the float network has no value: that of sample 0 is NaN"):
        sweep(Study.load("waves.toml", allow_code=True), "nothing.sqlite")
    assert read_results("nothing.sqlite").float_value is None
