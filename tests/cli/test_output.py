"""What every command that prints a table prints: the same numbers as text, JSON and CSV, whole and in order."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import pty
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import STUDY

from bitline.cli import commands, study_tables
from bitline.cli import output as command_output
from bitline.cli.output import Output
from bitline.evaluation import speed
from bitline.numerics.text import exact, fixed, number, percent

SMALL = ["--images", "12", "--calibration-images", "12"]
QUICK = ["--model", "synthetic:small_fashion"]

TABLES = {
    "run": ["run", *SMALL, "--chips", "2", "--out", "out"],
    "run at times": ["run", *SMALL, "--chips", "1", "--set", "cell.device=pcm-joshi-2020", "--time", "0 s", "--time",
                     "1 day", "--out", "out"],
    "cost": ["cost", "--images", "4", "--sensitivity", "--units", "--estimates"],
    "cost of three": ["cost", "--images", "4", "--design", "sonos-a", "--design", "sonos-e", "--design", "isaac"],
    "ranges": ["ranges", "--calibration-images", "12", "--images", "12", "--loss", "50", *QUICK,
               "--out", "out", "--set", "weights.bits=9", "--set", "weights.bits_per_cell=2"],
    "tune": ["tune", "--calibration-images", "4", *QUICK, "--out", "tuned.toml"],
    "adc": ["adc", "sar", "--set", "adc.capacitor_mismatch=0.05", "--converters", "4", "--out", "adc.png"],
    "adc --compare": ["adc", "--compare", "--set", "adc.bits=6"],
    "array": ["array", "--cells", "cells.npy", "--set", "array.kind=row-driven", "--worst", "2", "--out", "out"],
    "designs": ["designs"],
    "designs settings": ["designs", "settings", "adc"],
    "devices": ["devices"],
    "libraries": ["libraries"],
    "paper list": ["paper", "list"],
    "paper run": ["paper", "run", "conversions", "--images", "12", "--calibration-images", "12", "--workers", "1",
                  "--out", "out"],
    "sweep": ["sweep", "study.toml", "--workers", "1"],
    "sweep --dry-run": ["sweep", "study.toml", "--workers", "1", "--dry-run", "--out", "new.sqlite"],
    "results": ["results", "study.sqlite"],
    "bench": ["bench", "linear", "--network", "fashion-resnet", "--batch", "2", "--repeats", "1", "--compute", "cpu"],
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("output")
    (folder / "study.toml").write_text(STUDY)
    np.save(folder / "cells.npy", np.random.default_rng(0).random((20, 6)))
    return folder


@pytest.fixture
def terminal(monkeypatch):
    """Makes the standard streams a terminal of so many characters, or none."""

    def set_width(width):
        for module in (command_output, study_tables):
            monkeypatch.setattr(module, "terminal_width", lambda stream: width)

    return set_width


@pytest.fixture
def show(bitline, folder, monkeypatch, terminal):
    """Runs a command in a folder where what it needs is; `width` characters of a terminal, or none."""

    def run(*arguments, width=None):
        monkeypatch.chdir(folder)
        terminal(width)
        if arguments[0] == "results" and not (folder / "study.sqlite").exists():
            bitline("sweep", "study.toml", "--workers", "1", "--out", "study.sqlite")
        status, output, errors = bitline(*arguments)
        assert status == 0, errors
        return output, errors

    return run


@pytest.fixture
def forms(show, terminal, monkeypatch, capsys):
    """Runs a command once; returns what it says as JSON, as CSV, in a pipe, and on a terminal of 80 characters."""
    said = []

    class Remembered(Output):
        def text(self, *parts):
            said.append(("text", parts))
            super().text(*parts)

        def data(self, *tables):
            said.append(("data", tables))
            super().data(*tables)

    def again(form, width=None):
        terminal(width)
        output = Output(form)
        for method, parts in said:
            getattr(output, method)(*parts)
        return capsys.readouterr().out

    def run(*arguments):
        if arguments[0] == "results":
            show(*arguments)  # for the store, whose sweep is not to be remembered
        monkeypatch.setattr(commands, "Output", Remembered)
        return show(*arguments, "--json")[0], again("csv"), again("text"), again("text", 80)

    return run


def numbers(value, key=""):
    """The numbers in JSON, with their keys."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from numbers(part, name)
    elif isinstance(value, list):
        for part in value:
            yield from numbers(part, key)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield key, value


def texts(value):
    """The ways in which a number is shown, alone or in other units."""
    for scaled in (value, 1e-3 * value, 1e-6 * value, 100 * value):
        yield from (number(scaled, digits) for digits in (3, 4))
        yield from (fixed(scaled, decimals) for decimals in range(4))
        yield exact(scaled)
        if scaled == int(scaled):
            yield number(int(scaled))
    yield from (percent(value, decimals) for decimals in range(3))
    yield study_tables.duration(value)
    yield "exact"


APPROVED = {
    "adc", "adc --compare", "array", "cost", "cost of three", "designs", "designs settings", "devices", "libraries",
    "paper list",
}  # fmt: skip
"""Commands whose output depends on nothing that is measured."""


def approved(name, text):
    """Compares output with that which somebody has looked at, in `approved/`."""
    path = Path(__file__).parent / "approved" / f"{name.replace(' ', '_')}.txt"
    if os.environ.get("BITLINE_APPROVE"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    again = f"BITLINE_APPROVE=1 pytest {Path(__file__).name}"
    assert text == path.read_text("utf-8"), f"this is not what was approved: look at it, and if it is right run {again}"


HIDDEN = {
    "sweep": {"images", "energy_per_mac_fJ", "TOPS_per_W", "TOPS_per_mm2", "images_per_s", "power_W", "arrays",
              "cells_used", "conversions", "seconds", "screened_accuracy", "half_width_95"},
    "paper run": {"above", "bound"},
}  # fmt: skip
HIDDEN["results"] = HIDDEN["sweep"]
"""Numbers that only JSON and CSV have."""


@pytest.fixture
def machine(monkeypatch):
    """Best rates of a machine, which take long to measure."""
    monkeypatch.setattr(speed, "measure_machine", lambda device: speed.Machine(device, 1e11, 1e10))


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("case", TABLES)
def test_all_forms_show_the_same_whole_numbers(forms, case):
    """At 80 columns, and in a pipe, 0.4213 was shown as '0.4…'."""
    as_json, as_csv, piped, narrow = forms(*TABLES[case])
    found = json.loads(as_json)
    rows = next(iter(found.values()))
    assert rows
    read = list(csv.DictReader(io.StringIO(as_csv)))
    assert len(read) == len(rows)
    assert [*read[0]] == list(dict.fromkeys(key for row in rows for key in row))
    assert max(map(len, narrow.splitlines())) <= 80
    assert "…" not in piped + narrow
    if case in APPROVED:
        approved(case, narrow)
    for text in (piped, narrow):
        tokens = set(
            text.replace(";", " ").replace("~", " ").replace("[", " ").replace("]", " ").replace(",\n", " ").split()
        )
        tokens |= {token.rstrip(",.") for token in tokens}
        for key, value in numbers(found):
            if key in HIDDEN.get(case, ()) or value == 0 or not math.isfinite(value):
                continue
            assert tokens & set(texts(value)) or any(shown in text for shown in texts(value)), (key, value)


@pytest.mark.parametrize("case", ["adc", "designs", "array"])
def test_a_command_says_the_same_in_the_form_that_it_is_asked_for(show, forms, case):
    arguments = TABLES[case]
    assert forms(*arguments) == (
        show(*arguments, "--json")[0],
        show(*arguments, "--csv")[0],
        show(*arguments)[0],
        show(*arguments, width=80)[0],
    )


@pytest.mark.parametrize("command", ["bitline", "run", "sweep"])
def test_help_is_what_was_approved(bitline, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")
    status, output, _ = bitline(*([] if command == "bitline" else [command]), "--help")
    assert status == 0
    assert max(map(len, output.splitlines())) <= 80
    approved(f"help of {command}", output)


@pytest.mark.parametrize("case", ["run", "cost", "results"])
def test_quiet_says_results_only(show, case):
    arguments = TABLES[case] if case != "cost" else ["cost", "--images", "4"]
    output, errors = show(*arguments)
    assert show(*arguments, "-q") == (output, "")
    if case != "results":
        assert errors


def test_a_narrow_table_of_designs_says_what_differs(show):
    wide, narrow = show(*TABLES["results"])[0], show(*TABLES["results"], width=65)[0]
    assert wide.splitlines()[0].split()[:2] == ["adc.bits", "weights.bits_per_cell"]
    assert narrow.splitlines()[0].startswith("what differs ")
    assert "bits 8 · unsliced" in narrow
    accuracies = [float(line.split()[2]) for line in wide.splitlines()[3:9]]
    assert accuracies == sorted(accuracies, reverse=True)
    few = show(*TABLES["results"], "--top", "2")[0]
    assert "2 of 6 designs" in few


def test_a_real_terminal_and_a_real_pipe():
    """A terminal of 80 columns gets bold heads and lines that fit; a pipe gets each row in one line."""
    command = [sys.executable, "-m", "bitline", "designs"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    leader, follower = pty.openpty()
    process = subprocess.Popen(command, stdout=follower, env=environment)
    os.close(follower)
    shown = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:  # Linux says so at the end
            break
        if not part:
            break
        shown += part
    assert process.wait() == 0
    text = shown.decode("utf-8")
    assert text.startswith("\x1b[1mdesign")
    assert max(map(len, text.replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines())) <= 80
    piped = subprocess.run(command, capture_output=True, env=environment, check=True).stdout.decode("utf-8")
    assert "\x1b" not in piped
    assert max(map(len, piped.splitlines())) > 120
