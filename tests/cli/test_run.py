"""`bitline run` as a user meets it."""

from __future__ import annotations

import json
import re
import sys

import numpy as np
import pytest
import torch
from command_line import FEW, results
from PIL import Image

from bitline import __version__
from bitline.errors import Terminated


def test_run_prints_and_writes_the_same_numbers(bitline, tmp_path):
    status, output, _ = bitline("run", *FEW, "--set", "adc.bits=5", "--out", tmp_path)
    assert status == 0
    found = results(tmp_path)
    assert found["design"]["adc"]["bits"] == 5
    for number in (found["accuracy"]["float"], found["accuracy"]["reference"], found["accuracy"]["mean"]):
        assert f"{100 * number:.2f}" in output
    assert len(found["accuracy"]["chips"]) == 2
    assert found["versions"]["bitline"] == __version__
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert 'id="plotly"' in page
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=.?https?:", page)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["report.html", "results.json"]


def test_the_batch_does_not_change_a_number(bitline, tmp_path):
    numbers = []
    for batch in ("5", "64"):
        assert bitline("run", *FEW, "--set", "adc.bits=4", "--batch", batch, "--out", tmp_path)[0] == 0
        numbers.append(results(tmp_path)["accuracy"])
    assert numbers[0] == numbers[1]


def test_several_times_and_recalibration(bitline, tmp_path):
    settings = ["--set", "cell.device=pcm-joshi-2020", "--time", "0 s", "--time", "1 day", "--recalibrate", "16"]
    status, output, _ = bitline("run", *FEW, *settings, "--out", tmp_path)
    assert status == 0
    assert "after 1 day" in output and "chips after 1 day: median" in output
    assert [one["time_s"] for one in results(tmp_path)["times"]] == [0, 86400]


def write_network(path, body="nn.Sequential(nn.Flatten(), nn.Linear(12, 3))"):
    (path / "usernet.py").write_text(f"from torch import nn\ndef build():\n    return {body}\n")
    images = np.random.default_rng(0).random((40, 3, 2, 2)).astype(np.float32)
    np.savez(path / "data.npz", images=images, labels=np.arange(40) % 3)


def own(path, *more):
    return ["run", "--model", "usernet:build", "--data", path / "data.npz", *FEW, "--out", path / "out", *more]


@pytest.fixture
def importable(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("importable")
def test_a_network_and_design_of_the_users_own(bitline, tmp_path):
    write_network(tmp_path, "nn.Sequential(nn.Conv2d(3, 4, 1), nn.Flatten(), nn.Linear(16, 3))")
    (tmp_path / "chip.toml").write_text('name = "mine"\n[adc]\nbits = 6\n[[layers]]\nmatch = "0"\ndigital = true\n')
    status, output, errors = bitline(*own(tmp_path, "--design", tmp_path / "chip.toml"))
    assert status == 0, errors
    assert "mine" in output
    assert "0 (Conv2d) stays digital" in errors  # notes do not get in the way of results
    assert [layer["name"] for layer in results(tmp_path / "out")["layers"]] == ["2"]


BAD = {
    "preset": (["--design", "diferential"], "did you mean 'differential'"),
    "design file": (["--design", "absent.toml"], "absent.toml"),
    "setting": (["--set", "adc.bit=6"], "did you mean 'bits'"),
    "section": (["--set", "adcs.bits=6"], "did you mean 'adc'"),
    "value": (["--set", "adc.bits=0"], "adc.bits is 0"),
    "not a setting": (["--set", "adc.bits"], "NAME=VALUE"),
    "impossible": (["--set", "weights.bits_per_cell=9"], "use 1 to 7"),
    "too few bits": (["--set", "adc.range=guaranteed"], "adc.bits = 27"),
    "model": (["--model", "resnet5"], "did you mean"),
    "module": (["--model", "absent:build"], "cannot import"),
    "no weights": (["--model", "cifar-resnet20"], "--weights"),
    "no weights file": (["--weights", "absent.pt"], "absent.pt"),
    "no data": (["--data", "absent.npz"], "absent.npz"),
    "empty data": (["--data", ""], "--data is empty"),
    "no calibration": (["--calibration-images", "0"], "calibration"),
    "compute": (["--compute", "tpu7"], "cpu or cuda"),
    "time": (["--set", "cell.device=pcm-joshi-2020", "--time", "1 year"], "extrapolate"),
    "not a time": (["--time", "soon"], "not a time"),
}


@pytest.mark.parametrize("case", BAD)
def test_mistakes_are_one_line_and_leave_nothing(bitline, tmp_path, case):
    arguments, words = BAD[case]
    status, _, errors = bitline("run", *FEW, "--out", tmp_path / "out", *arguments)
    assert status == 2
    *notes, error = errors.splitlines()
    assert error.startswith("bitline: ")
    assert words in error
    assert all(note.startswith("note: ") for note in notes)
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("importable")
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("nn.Sequential(nn.Flatten(), nn.Linear(12, 1))", "the network has one output"),
        ("nn.Sequential(nn.Flatten(), nn.Linear(9, 3))", "cannot take inputs of shape (3, 2, 2)"),
        ("nn.Sequential(nn.Flatten(), nn.utils.skip_init(nn.Linear, 12, 3).requires_grad_(False).apply(zero))", "zero"),
        ("nn.Sequential(nn.Flatten(), nn.utils.skip_init(nn.Linear, 12, 3).requires_grad_(False).apply(nan))", "NaN"),
        ("nn.Sequential(nn.Flatten(), nn.ReLU())", "no layer to put on arrays"),
    ],
)
def test_networks_that_cannot_be_simulated_are_refused(bitline, tmp_path, body, words):
    write_network(tmp_path, body)
    source = (tmp_path / "usernet.py").read_text(encoding="utf-8")
    fills = "def zero(m):\n    m.weight.fill_(0)\ndef nan(m):\n    m.weight.fill_(float('nan'))\n"
    (tmp_path / "usernet.py").write_text(source + fills)
    status, _, errors = bitline(*own(tmp_path))
    assert status == 2, errors
    assert errors.startswith("bitline: ")
    assert "Traceback" not in errors
    assert words in errors
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("importable")
def test_images_that_are_not_finite_are_refused(bitline, tmp_path):
    write_network(tmp_path)
    np.savez(tmp_path / "data.npz", images=np.full((40, 3, 2, 2), np.nan, np.float32), labels=np.zeros(40))
    status, _, errors = bitline(*own(tmp_path))
    assert (status, errors.count("\n")) == (2, 1)
    assert "NaN or infinite" in errors


def test_a_missing_gpu_is_said_at_once(bitline, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    status, _, errors = bitline("run", "--compute", "cuda", "--out", tmp_path / "out")
    assert status == 2
    assert "use --compute cpu" in errors


def test_an_interrupt_leaves_nothing_half_written(bitline, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["bitline.evaluation.evaluate"], "evaluate_times", interrupted)
    status, _, errors = bitline("run", *FEW, "--out", tmp_path / "out")
    assert status == 130
    assert "interrupted" in errors
    assert not (tmp_path / "out").exists()


def test_a_signal_to_end_is_not_taken_for_the_end_of_users_code(bitline, tmp_path, monkeypatch):
    def terminated(*_, **__):
        raise Terminated(143)

    monkeypatch.setattr(sys.modules["bitline.evaluation.evaluate"], "evaluate_times", terminated)
    status, _, errors = bitline("run", *FEW, "--out", tmp_path / "out")
    assert (status, "ended it" in errors) == (143, False)


def test_what_was_left_out_of_the_data_is_said(bitline, tmp_path):
    for number in range(40):
        folder = tmp_path / "set" / f"class{number % 10}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((28, 28), number, np.uint8)).save(folder / f"{number}.png")
    (tmp_path / "set" / "class3" / "notes.txt").write_text("x")
    source = ["--data", str(tmp_path / "set")]
    few = ["--images", "20", "--calibration-images", "10"]
    status, _, notes = bitline("run", *source, *few, "--chips", "1", "--out", tmp_path / "out")
    assert status == 0
    assert "note: files left out that are no pictures of a class: 1 .txt (class3/notes.txt)" in notes
    (tmp_path / "study.toml").write_text(
        f'[data]\nsource = "{tmp_path / "set"}"\nimages = 20\ncalibration_images = 10\n[run]\nchips = 1\n'
    )
    status, _, notes = bitline("sweep", tmp_path / "study.toml", "--workers", "1")
    assert status == 0
    assert "class3/notes.txt" in notes
    for picture in (tmp_path / "set" / "class9").iterdir():
        picture.unlink()
    status, _, errors = bitline("run", *source, *few, "--out", tmp_path / "other")
    assert (status, errors.count("\n")) == (2, 1)
    assert "class9 holds no pictures" in errors


def test_what_is_approximate_is_said_first_and_once(bitline, tmp_path):
    """What is computed approximately was computed without a word."""
    wires = ["array.kind=gate-driven", "array.bit_line.segment=1e-4"]
    settings = [part for name in wires for part in ("--set", name)]
    status, _, notes = bitline("run", *FEW, *settings, "--out", tmp_path)
    assert status == 0
    assert notes.startswith("note: ADC ranges are calibrated without wires")
    assert notes.count("ADC ranges are calibrated without wires") == 1


SINES = """
import torch
from torch import nn

def build():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 1))

def make():
    x = torch.linspace(-1, 1, 30 * 6).reshape(30, 6)
    return {"data": (x[:20], x[:20].sum(1)), "calibration": x[20:]}

def together():
    return make()["data"]

def broken():
    raise SystemExit("gone")
"""


@pytest.mark.usefixtures("importable")
def test_any_data_and_any_measure(bitline, tmp_path):
    (tmp_path / "sines.py").write_text(SINES, encoding="utf-8")
    base = ("run", "--model", "sines:build", "--chips", "2", "--out", tmp_path / "out", "--compared-images", "4")
    status, output, errors = bitline(*base, "--data", "sines.py:make", "--metric", "mae")
    assert status == 0, errors
    assert "sines:build on differential, 20 samples" in output and "mean absolute error" in output
    content = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert content["measure"]["better"] == "lower" and len(content["mean_absolute_error"]["chips"]) == 2
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Mean absolute error of each chip" in page and "accuracy (%)" not in page
    status, output, errors = bitline(*base, "--data", "sines:together", "--metric", "mae")
    assert status == 0 and "the last 10 samples of sines:together set ranges" in errors
    for data, metric, words in (
        ("sines:broken", "mae", "sines:broken fails with SystemExit: gone"),
        ("sines:nothing", "mae", "sines has no 'nothing'"),
        ("nowhere_at_all.py:make", "mae", "cannot import the data 'nowhere_at_all:make'"),
        ("sines:make", "accuracy", "the network has one output"),
        ("sines:make", "acuracy", "did you mean 'accuracy'"),
        ("sines:build", "mae", "the data fails with TypeError"),
    ):
        status, _, errors = bitline(*base, "--data", data, "--metric", metric)
        assert status == 2 and words in errors and len(errors.strip().splitlines()) == 1, errors


PAIRS = """
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

class Both(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Linear(6, 3), nn.Linear(4, 3)

    def forward(self, x, y):
        return self.first(x) + self.second(y)

def named():
    torch.manual_seed(1)
    whole = {"x": torch.rand(30, 6), "y": torch.rand(30, 4), "labels": torch.rand(30, 3)}
    parts = {"data": slice(20), "calibration": slice(20, 30)}
    return {part: {name: value[places] for name, value in whole.items()} for part, places in parts.items()}

def in_order():
    return {name: DataLoader(TensorDataset(*part.values()), batch_size=10) for name, part in named().items()}
"""


@pytest.mark.usefixtures("importable")
def test_networks_of_several_inputs_are_recalibrated(bitline, tmp_path):
    (tmp_path / "pairs.py").write_text(PAIRS, encoding="utf-8")
    base = ("run", "--model", "pairs:Both", "--chips", "1", "--out", tmp_path / "out", "--compared-images", "0")
    settings = ("--set", "cell.device.kind=state-independent", "--set", "cell.device.alpha=0.2", "--metric", "mse")
    found = []
    for data in ("pairs.py:named", "pairs.py:in_order"):
        status, _, errors = bitline(*base, *settings, "--data", data, "--recalibrate", "8")
        assert status == 0, errors
        found.append(results(tmp_path / "out")["mean_squared_error"]["chips"])
    assert bitline(*base, *settings, "--data", "pairs.py:named")[0] == 0
    assert found[0] == found[1] != results(tmp_path / "out")["mean_squared_error"]["chips"]
    status, _, errors = bitline(*base, *settings, "--data", "pairs.py:named", "--recalibrate", "1")
    assert status == 2 and "needs two or more images" in errors and len(errors.strip().splitlines()) == 1, errors
