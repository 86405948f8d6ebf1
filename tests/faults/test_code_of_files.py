"""Code that files name runs where someone allows it (bitline: every command that read a design imported it)."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import bitline
from bitline.config import trust
from bitline.config.imports import import_module, source_chain
from bitline.design import Design, LayerRule
from bitline.errors import DesignError, NetworkError, StudyError
from bitline.networks import find_network
from bitline.numerics.draws import Draws
from bitline.study import Study, plan, sweep
from bitline.study.worker import Context, Worker

LIBRARY = """
from pathlib import Path
Path(__file__).with_name("marker").touch()

from torch import nn
from bitline.devices import Device
from bitline.readout import CircuitAdc, TransferTable, ideal_edges

class Weak(Device):
    share: float = 0.5
    def program(self, target, draws):
        return self.share * target

class Shifted(CircuitAdc):
    bits: int = 5
    @property
    def is_ideal(self):
        return False
    def tables(self, arrays, converters, draws):
        return TransferTable.monotonic(ideal_edges(self.bits).expand(arrays, converters, -1) + 0.25)

def build():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
"""

DEVICE = '[cell.device]\nkind = "strangerlib:Weak"\nshare = 0.25\n'
ADC = '[adc]\nkind = "strangerlib:Shifted"\n'
RULE = '[[layers]]\nmatch = "fc"\nset = { "cell.device" = "strangerlib:Weak" }\n'
FEW = "[data]\nsource = 'fashion-mnist'\nimages = 4\ncalibration_images = 4\n[run]\nchips = 1\nlayer_errors = false\n"
WIRES = ("--set", "array.kind=row-driven", "--set", "array.rows=64")
STUDIES = {
    "base": '[design]\nbase = "device.toml"\n',
    "set": '[design]\nset = { "cell.device" = "strangerlib:Weak" }\n',
    "axis": '[[axes]]\nsetting = "cell.device"\nvalues = ["none", "strangerlib:Weak"]\n',
    "model": '[model]\nname = "strangerlib:build"\n[[axes]]\nsetting = "adc.bits"\nvalues = [7, 8]\n',
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a stranger's files, in which commands run."""
    (tmp_path / "strangerlib.py").write_text(LIBRARY)
    for name, text in {"device": DEVICE, "adc": ADC, "rule": RULE}.items():
        (tmp_path / f"{name}.toml").write_text(text)
    for name, text in STUDIES.items():
        (tmp_path / f"study-{name}.toml").write_text(FEW + text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


def has_run(folder):
    """Whether the library was imported since the last time that this was asked."""
    found = (folder / "marker").exists()
    (folder / "marker").unlink(missing_ok=True)
    return found


def forget():
    """As if this were another process."""
    sys.modules.pop("strangerlib", None)
    trust.distrust(["strangerlib"])


# -- the command line


@pytest.mark.parametrize(
    "arguments",
    [
        *(["designs", "show", f"{design}.toml"] for design in ("device", "adc", "rule")),
        *(["sweep", f"study-{study}.toml", "--dry-run"] for study in STUDIES),
    ],
    ids=" ".join,
)
def test_reading_runs_nothing(folder, command_line, arguments):
    status, output, errors = command_line(*arguments)
    assert (status, has_run(folder)) == (0, False)
    if "show" in arguments:
        assert "strangerlib:" in output
    else:
        assert "tasks" in output and "time unknown" in output
        assert "code of strangerlib was not run" in errors


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--design", "device.toml"],
        ["run", "--design", "rule.toml"],
        ["ranges", "--design", "device.toml"],
        ["array", "--design", "device.toml"],
        ["cost", "--design", "device.toml"],
        ["adc", "--design", "adc.toml"],
        *(["sweep", f"study-{study}.toml"] for study in STUDIES),
        ["explore", "study-axis.toml"],
    ],
    ids=" ".join,
)
def test_without_a_terminal_the_line_names_the_remedy(folder, command_line, arguments):
    status, output, errors = command_line(*arguments)
    assert (status, output, errors.count("\n")) == (2, "", 1)
    assert f"{arguments[-1]} names code of strangerlib ({folder / 'strangerlib.py'}): to run it" in errors
    assert "--allow-code" in errors
    assert not has_run(folder)


def test_an_answer_holds_for_the_same_content(folder, command_line):
    command = ("array", "--design", "device.toml", *WIRES, "--out", folder / "out")
    assert command_line(*command, "--allow-code")[0] == 0
    assert has_run(folder)
    forget()
    assert command_line(*command)[0] == 0
    assert has_run(folder)
    forget()
    for file, text in (("device.toml", DEVICE.replace("0.25", "0.3")), ("strangerlib.py", LIBRARY + "# more\n")):
        before = (folder / file).read_text()
        (folder / file).write_text(text)
        assert command_line(*command)[0] == 2
        (folder / file).write_text(before)
        assert not has_run(folder)
    assert command_line(*command)[0] == 0


@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("n\n", 2), ("\n", 2), ("", 2)])
def test_on_a_terminal_it_asks_once(folder, command_line, monkeypatch, answer, status):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    monkeypatch.setattr(type(sys.stderr), "isatty", lambda self: True)
    found, _, errors = command_line("adc", "--design", "adc.toml", "--out", folder / "adc.png", "-q")
    assert (found, has_run(folder)) == (status, status == 0)
    assert f"adc.toml names code of strangerlib ({folder / 'strangerlib.py'}). Run it? [y/N]" in errors
    forget()
    found, _, errors = command_line("adc", "--design", "adc.toml", "--out", folder / "adc.png", "-q")
    assert (found, "Run it?" in errors) == (status, status != 0)


def test_what_the_person_types_runs(folder, command_line):
    assert command_line("devices", "show", "strangerlib:Weak")[0] == 0
    assert has_run(folder)
    forget()
    typed = ("--set", "adc.kind=strangerlib:Shifted", "--out", folder / "adc.png")
    assert command_line("adc", *typed)[0] == 0
    assert has_run(folder)


def test_stores_are_read_where_the_code_is_gone(folder, command_line):
    sweep(Study.load("study-axis.toml", allow_code=True), folder / "s.sqlite")
    assert has_run(folder)
    forget()
    (folder / "strangerlib.py").rename(folder / "elsewhere")
    for command in (["results", "s.sqlite"], ["results", "s.sqlite", "--to", "csv"], ["report", "s.sqlite"]):
        assert command_line(*command)[0] == 0
    assert "strangerlib:Weak" in (folder / "s.html").read_text(encoding="utf-8")
    assert not has_run(folder)


def test_a_study_whose_code_is_allowed_is_swept_and_probed(folder, command_line):
    command = ("sweep", "study-model.toml", "--workers", "2")
    status, output, _ = command_line(*command, "--allow-code")
    assert (status, has_run(folder)) == (0, True)
    forget()
    status, output, _ = command_line(*command, "--dry-run")
    assert (status, has_run(folder)) == (0, True)
    assert "0 tasks" in output and "about" in output


@pytest.mark.parametrize("name", ["os:abort", "sys:exit"])
def test_functions_of_python_itself_are_no_networks(folder, command_line, name):
    (folder / "study.toml").write_text(FEW + f'[model]\nname = "{name}"\n')
    for command in (["run", "--model", name], ["sweep", "study.toml", "--allow-code"]):
        status, _, errors = command_line(*command)
        assert (status, errors.count("\n")) == (2, 1)
        assert "a module of Python itself" in errors
    assert command_line("sweep", "study.toml", "--dry-run")[0] == 0


def test_the_current_folder_stands_in_for_nothing_that_is_installed(folder):
    for name in ("tomlkit", "typer", "secrets"):
        (folder / f"{name}.py").write_text("open('marker', 'w')\n")
    command = [sys.executable, "-m", "bitline", "designs", "show", "device.toml"]
    package = {"PYTHONPATH": str(Path(bitline.__file__).parents[1])}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=True, env={**os.environ, **package}
    )
    assert "strangerlib:Weak" in done.stdout
    assert not has_run(folder)


# -- Python


def test_a_design_of_a_file_is_what_the_file_says(folder):
    for name in ("device", "adc", "rule"):
        design = Design.load(f"{name}.toml")
        assert design.code == (f"strangerlib:{'Shifted' if name == 'adc' else 'Weak'}",)
        assert not design.is_loaded
        assert Design.from_toml(design.to_toml()) == design
        assert design.with_settings({"array.rows": 64}).array.rows == 64
    assert not has_run(folder)
    allowed = Design.load("device.toml", allow_code=True)
    assert allowed == Design(cell={"device": {"kind": "strangerlib:Weak", "share": 0.25}})
    assert allowed.to_toml() == Design.load("device.toml").to_toml()
    assert has_run(folder)


def test_the_mark_makes_no_difference_to_equality(folder):
    unread = Design.load("device.toml")
    loaded = Design.load("device.toml", allow_code=True)
    assert unread == loaded
    assert unread.to_toml() == loaded.to_toml()
    assert not unread.is_loaded


def test_code_that_nobody_allowed_cannot_be_used(folder):
    design = Design.load("device.toml")
    with pytest.raises(DesignError, match=r"may not run code of strangerlib unasked.*allow_code=True"):
        design.cell.device.program(torch.ones(1), Draws((0,)))
    with pytest.raises(DesignError, match=r"adc\.kind is 'strangerlib:Shifted'"):
        Design.load("adc.toml").adc.tables(1, 1, Draws((0,)))
    with pytest.raises(StudyError, match=r"model\.name is 'strangerlib:build'"):
        sweep(Study.load("study-model.toml"), folder / "s.sqlite")
    with pytest.raises(StudyError, match="strangerlib:Weak"):
        sweep(Study(design={"base": "device.toml"}), folder / "s.sqlite")
    assert plan(Study.load("study-base.toml"), folder / "s.sqlite").seconds is None
    assert not has_run(folder)


def test_what_a_class_sets_by_default_is_not_made_up(folder):
    unread = Design.load("adc.toml")
    assert "bits" not in unread.model_dump()["adc"]
    assert unread.with_settings({"array.rows": 64}).with_code().adc.bits == 5
    assert Design.load("adc.toml", allow_code=True).adc.bits == 5


@pytest.mark.parametrize(
    "make",
    [
        lambda: Design(cell={"device": "strangerlib:Weak"}),
        lambda: Design(layers=[LayerRule(match="fc", set={"cell.device": "strangerlib:Weak"})]),
        lambda: Design().with_settings({"cell.device.kind": "strangerlib:Weak"}),
        lambda: Design.load("device.toml").with_settings({"cell.device.kind": "strangerlib:Weak"}),
        lambda: Design.load("device.toml").with_code(),
        lambda: Design.load("rule.toml", allow_code=True),
    ],
)
def test_what_a_program_names_runs(folder, make):
    assert make().is_loaded
    assert has_run(folder)


def test_what_a_program_imported_is_used(folder):
    sys.path.append(str(folder))
    import_module("strangerlib:Weak")
    assert float(Design.load("device.toml").cell.device.program(torch.ones(1), Draws((0,)))) == 0.25


def test_parts_of_a_file_stay_data_in_a_new_design(folder):
    read = Design.load("device.toml")
    rules = Design.load("rule.toml").layers
    assert not Design(cell=read.cell).is_loaded
    assert not Design(layers=rules).is_loaded
    assert not Design.from_dict(read.model_dump()).is_loaded
    assert not has_run(folder)


def test_workers_may_run_what_their_parent_may(folder):
    images = torch.rand(2, 4)
    context = Context(torch.nn.Linear(4, 2), images, torch.zeros(2), images, 0, 2, trusted=("strangerlib",))
    Worker(context)
    assert trust.is_trusted("strangerlib:Weak")


def test_files_of_modules_are_found_without_importing(folder):
    (folder / "pack").mkdir()
    for name in ("__init__", "part"):
        (folder / "pack" / f"{name}.py").write_text("open('marker', 'w')\n")
    assert source_chain("pack.part:X") == (folder / "pack" / "__init__.py", folder / "pack" / "part.py")
    assert source_chain("pack.absent:X") == source_chain("strangerlib.part:X") == source_chain(":X") == ()
    assert not has_run(folder)


# -- networks and classes that fail

FAILING = {
    "syntax": ("def build(:", "importing failing fails with SyntaxError"),
    "raises": ("raise RuntimeError('no licence')", "importing failing fails with RuntimeError: no licence"),
    "exits": ("import sys\nsys.exit(0)", "importing failing fails with SystemExit"),
    "imports": ("import nowhere", "failing needs nowhere, which is not there"),
    "absent": ("def built(): ...", "failing.py) has no 'build': did you mean 'built'?"),
    "borrowed": ("from os import abort as build", "is not defined in failing, but in"),
    "constant": ("build = 5", "is int: it must be a function"),
    "none": ("def build(): ...", "returned NoneType: it must return a torch.nn.Module"),
    "arguments": ("def build(classes): ...", "takes (classes): missing a required argument: 'classes'"),
    "fails": ("def build(): raise OSError('no\\nfile')", "failing:build fails with OSError: no"),
    "ends": ("def build(): raise SystemExit", "failing:build fails with SystemExit"),
}


@pytest.mark.parametrize("case", FAILING)
def test_code_that_fails_is_one_line(folder, command_line, case):
    code, words = FAILING[case]
    (folder / "failing.py").write_text(code)
    status, _, errors = command_line("run", "--model", "failing:build")
    assert (status, errors.count("\n")) == (2, 1)
    assert words in errors


@pytest.mark.parametrize("name", [":", ":b", ".x:y", "x.:y", "x:", "x:y:z", "x:y z"])
def test_words_that_are_no_import_paths_are_refused(name):
    with pytest.raises(NetworkError, match=r"not the import path of anything: write package\.module:name"):
        find_network(name)


@pytest.mark.parametrize("code", ["raise SystemExit(0)", "raise KeyError('x')", "def X(:"])
def test_devices_whose_code_fails_are_one_line(folder, command_line, code):
    (folder / "failing.py").write_text(code)
    (folder / "failing.toml").write_text('[cell.device]\nkind = "failing:X"\n')
    status, _, errors = command_line("array", "--design", "failing.toml", "--allow-code")
    assert (status, errors.count("\n")) == (2, 1)
    assert "cell.device is 'failing:X', but importing failing fails with" in errors


def test_an_end_in_the_middle_of_the_work_is_told(folder, command_line):
    code = "import sys\nfrom bitline.devices import Device\nclass X(Device):\n    def program(self, *_): sys.exit(0)\n"
    (folder / "failing.py").write_text(code)
    status, _, errors = command_line("array", "--set", "cell.device=failing:X", *WIRES, "--out", folder / "out")
    assert (status, errors.count("\n")) == (2, 1)
    assert "ended it with status 0" in errors
