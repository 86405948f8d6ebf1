"""Standard streams of any encoding, closed ones, and ones that cannot be written."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from bitline.cli import streams
from bitline.cli.app import COMMANDS, app

START = [sys.executable, "-m", "bitline"]


def ended(arguments, redirected="", **environment):
    """How a command ends whose streams a shell redirects."""
    command = ["sh", "-c", f'exec "$@" {redirected}', "sh", *START, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, timeout=300)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437", "utf-16"])
def test_every_text_can_be_written_in_every_encoding(monkeypatch, encoding):
    """The rule of every table was written past the one that knew: no table in an encoding without it."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    streams.prepare()
    print("0.5 µJ ± 2 mm² ─ 設計")
    for stream in (sys.stdout, sys.stderr):
        for name in COMMANDS:
            command = get_command(app).commands[name]
            print(command.get_help(command.make_context(name, [], resilient_parsing=True)), file=stream)
        stream.flush()
    said = {"ascii": "0.5 uJ +- 2 mm2 - ??", "latin-1": "0.5 µJ ± 2 mm² - ??", "cp437": "0.5 µJ ± 2 mm² ─ ??"}
    assert written.getvalue().decode(encoding).startswith(said.get(encoding, "0.5 µJ ± 2 mm² ─ 設計"))


def test_names_of_files_that_are_no_text_are_their_bytes(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="utf-8"))
    monkeypatch.setattr(sys, "stderr", None)
    streams.prepare()
    print("caf\udce9.toml \ud800", flush=True)
    assert written.getvalue() == b"caf\xe9.toml ?\n"


def test_a_table_in_ascii():
    done = ended(["designs"], PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii() and "-----" in done.stdout


@pytest.mark.apart
@pytest.mark.parametrize("redirected", ["<&- >&- 2>&-", "<&-", ">&-", "2>&-"])
def test_closed_streams_are_those_of_the_null_device(tmp_path, redirected):
    """As a background service has none: commands ended with AttributeError, or without a word."""
    done = ended(["init", "design", "--out", tmp_path / "design.toml"], redirected)
    assert done.returncode == 0, done
    assert (tmp_path / "design.toml").read_text(encoding="utf-8").startswith("# A design")
    asked = ended(["init"], redirected)
    assert asked.returncode == 2
    assert asked.stderr in ("", "bitline: WHAT is missing: write 'bitline init design' or 'bitline init study'\n")


def test_what_is_opened_later_is_no_standard_stream():
    program = "import os; from bitline.cli import streams; streams.prepare(); assert os.open('/dev/null', 0) > 2"
    done = subprocess.run(["sh", "-c", '"$@" <&- >&- 2>&-', "sh", sys.executable, "-c", program])
    assert done.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_note_that_cannot_be_written_ends_nothing(tmp_path):
    done = ended(["init", "design", "--out", tmp_path / "design.toml"], "2>/dev/full")
    assert (done.returncode, done.stderr) == (0, "")
    refused = ended(["init", "design", "--out", tmp_path / "design.toml"], "2>/dev/full")
    assert refused.returncode == 2
