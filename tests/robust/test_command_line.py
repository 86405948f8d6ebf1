"""Bad values for every option and argument end in one line; those that are taken are listed with the reason."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import sys
import time

import pytest
from hostile import IDLE, OUTPUTS, bad_values, command_line, commands, furnish, invoke, is_output, parameters
from hypothesis import given, settings
from hypothesis import strategies as st

from bitline.config import files

ALL = [parameter for words in commands() for parameter in parameters(words)]

ACCEPTED = {
    "--seed": {"0": "a seed"},
    "--port": {"0": "a free one"},
    "--recalibrate": {"0": "no recalibration"},
    "--rows-on": {"0": "no rows", "1.5": "in per cent", "-0": "no rows"},
    "--worst": {"0": "no error at all", "1.5": "in per cent"},
    "--loss": {"0": "no loss at all", "1.5": "in per cent"},
    "--gpus": {},
    "--designs": dict.fromkeys(("folder", "folder/", ".", "..", "/"), "a folder"),
    "--minutes": {"0": "measures nothing", "1.5": "minutes"},
    "--compared-images": {"0": "none are compared"},
    "--slice": {"0": "the lowest bits"},
    "--partition": {"0": "the first rows"},
    "--tile": {"0": "the first columns"},
    "--time": {
        "0": "at once",
        "1.5": "seconds",
        "1e30": "the default device does not drift",
        "99999999999999999999": "the default device does not drift",
    },
    "--V-read": {"1.5": "volts"},
    "--G-max-uS": {"1.5": "microsiemens"},
    "--percent": {},
    "--set": {
        "name=''": "a name",
        "hardware.library=''": "only costs need a library",
        "hardware.library=folder": "only costs need a library",
    },
    "--cells": {},
    "--inputs": {"nan.npy": ""},
    "STUDY": dict.fromkeys(
        ["/dev/null", *(f"empty{suffix}" for suffix in ("", ".toml", ".npz", ".npy", ".png", ".zip", ".pt", ".pth"))]
        + [f"empty{suffix}" for suffix in (".safetensors", ".sqlite", ".json", ".csv")],
        "all sections of a study have defaults",
    ),
    "--out": dict.fromkeys(["folder", "folder/", ".", "..", "/"], "a folder"),
}
"""By the name of a parameter: values that are taken, and why."""


@pytest.fixture(scope="session")
def furnished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("furnished") / "place"
    folder.mkdir()
    furnish(folder)
    return folder


@pytest.fixture
def place(furnished, tmp_path, monkeypatch):
    """A folder with a study, its store, and files of all kinds."""
    monkeypatch.setenv("BITLINE_TRACEBACK", "1")
    shutil.copytree(furnished, tmp_path / "place", symlinks=True)
    return tmp_path / "place"


def taken(parameter, value):
    return value in ACCEPTED.get(parameter.name, {})


def test_every_command_has_parameters_that_are_tried():
    """So that the commands are found at all, whatever their framework is called next year."""
    assert len({parameter.words for parameter in ALL}) >= 12
    assert sum(len(bad_values(parameter)) for parameter in ALL) > 1000
    written = {parameter.name for parameter in ALL if is_output(parameter)}
    assert written == {"--out", "--report", "--spice", "--calibration", "--designs"}
    assert set(IDLE) <= {(parameter.words, parameter.name) for parameter in ALL}
    names = {parameter.name for parameter in ALL}
    assert ACCEPTED.keys() <= names


@pytest.mark.parametrize("parameter", ALL, ids=str)
def test_bad_values_are_refused_in_one_line(place, parameter):
    """630 tried by hand: 17 % were tracebacks, 5 % nonsense that was computed with."""
    wrong = []
    for value in bad_values(parameter):
        if taken(parameter, value):
            continue
        outcome = invoke(command_line(parameter, value), place)
        fault = outcome.fault() or ("" if outcome.status else "is taken without a word")
        wrong += [f"{value[:40]!r} {fault}"] if fault else []
    assert not wrong


@st.composite
def wrong_lines(draw):
    """A command with a bad value, known or made up, of one of its parameters."""
    parameter = draw(st.sampled_from(ALL))
    known = [value for value in bad_values(parameter) if value not in OUTPUTS and not taken(parameter, value)]
    made_up = {
        int: st.one_of(st.integers(max_value=-1), st.floats(allow_nan=True)),
        float: st.floats(max_value=-1e-9),
    }.get(parameter.kind, st.text(st.characters(exclude_characters="\0/:", exclude_categories=["Cs"]), min_size=1))
    return parameter, draw(st.one_of(st.sampled_from(known or ["x"]), made_up.map(str)))


@pytest.fixture(scope="module")
def shared_place(furnished, tmp_path_factory):
    return shutil.copytree(furnished, tmp_path_factory.mktemp("wrong") / "place", symlinks=True)


@given(wrong_lines())
@settings(max_examples=15)
def test_no_value_ends_in_a_traceback(shared_place, example):
    """The same for values that nobody thought of; what is taken may be sensible here."""
    parameter, value = example
    if is_output(parameter) or parameter.metavar in ("STUDY", "FOLDER"):
        value = f"file/{value}"  # writes nowhere
    outcome = invoke(command_line(parameter, value), shared_place)
    assert not outcome.fault(), outcome.line


# -- Ctrl-C

START = """
import sys
print("begun", flush=True)
from bitline.cli.start import main
import signal
sys.argv = ["bitline", "run", "--images", "40", "--chips", "1000", "--out", sys.argv[1]]
main()
"""


@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.6, 1.5, 4.0])
def test_an_interrupted_command_says_so_in_one_line(tmp_path, seconds):
    """During start-up imports Ctrl-C was a traceback and status -2."""
    command = [sys.executable, "-c", START, str(tmp_path)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        assert process.stdout.readline() == "begun\n"
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    said = [line for line in errors.splitlines() if not line.startswith("note: ")]
    assert (process.returncode, said) == (130, ["bitline: interrupted"])
    assert not list(tmp_path.iterdir())


# -- stores

REPLACING = {
    "results": ["results", "store.sqlite", "--to", "csv", "--out"],
    "report": ["report", "store.sqlite", "--out"],
    "sweep": ["sweep", "study.toml", "--workers", "1", "--out", "other.sqlite", "--report"],
    "cost": ["cost", "--images", "4", "--out"],
    "adc": ["adc", "--converters", "2", "--out"],
    "array": ["array", "--set", "array={kind='row-driven',rows=8,bit_line={segment=1e-4}}", "--spice"],
}


@pytest.mark.parametrize("name", REPLACING)
def test_no_file_takes_the_place_of_a_store(place, name):
    """`results a.sqlite --to csv --out a.sqlite`, or a link to it, wrote its table over the results."""
    (place / "link.png").symlink_to("store.sqlite")
    before = (place / "store.sqlite").read_bytes()
    for target in ("store.sqlite", "link.png"):
        outcome = invoke([*REPLACING[name], target], place)
        assert (outcome.status, outcome.fault()) == (2, ""), outcome.errors
    assert (place / "store.sqlite").read_bytes() == before


# -- full disks

WRITERS = {
    "run": ["run", "--images", "4", "--calibration-images", "4", "--chips", "1"],
    "run --calibration": ["run", "--images", "4", "--calibration-images", "4", "--calibration", "known.json"],
    "adc": ["adc", "--converters", "2"],
    "array": ["array", "--set", "array={kind='row-driven',rows=8,bit_line={segment=1e-4}}", "--spice", "a.cir"],
    "ranges": ["ranges", "--calibration-images", "4", "--model", "synthetic:small_fashion"],
    "tune": ["tune", "--calibration-images", "4", "--model", "synthetic:small_fashion"],
    "cost": ["cost", "--images", "4", "--out", "cost.json"],
    "devices plot": ["devices", "plot", "pcm-joshi-2020"],
    "results csv": ["results", "store.sqlite", "--to", "csv"],
    "results json": ["results", "store.sqlite", "--to", "json"],
    "results parquet": ["results", "store.sqlite", "--to", "parquet"],
    "report": ["report", "store.sqlite"],
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_one_line_and_leaves_nothing(place, monkeypatch, name):
    """It was a traceback after the work, and left files that end in .part."""
    genuine = files.replacing

    @contextlib.contextmanager
    def full(path):
        with genuine(path) as part:
            part.write_bytes(b"half")
            part.chmod(0o444)
            part.unlink()
            part.symlink_to("/dev/full")
            yield part

    for module in list(sys.modules.values()):
        if getattr(module, "replacing", None) is genuine:
            monkeypatch.setattr(module, "replacing", full)
    outcome = invoke(WRITERS[name], place)
    assert (outcome.status, outcome.fault()) == (2, "")
    assert "No space left on device" in outcome.errors
