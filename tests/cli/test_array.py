"""The command that solves an array."""

from __future__ import annotations

import re
import shutil
import sys

import numpy as np
import pandas as pd
import pytest
from circuits import ngspice, random_cells

from bitline.arrays import GateDrivenArray, Wire
from bitline.cli import app as cli
from bitline.evaluation.ir_drop import ir_drop


def test_command_solves_an_array_and_writes_a_netlist(tmp_path, monkeypatch, capsys):
    np.save(tmp_path / "cells.npy", random_cells(30, 6, 0))
    arguments = ["--cells", tmp_path / "cells.npy", "--rows-on", "100", "--worst", "5", "--out", tmp_path]
    arguments += ["--set", "array.kind=gate-driven", "--set", "array.bit_line.segment=1e-3"]
    monkeypatch.setattr(sys, "argv", ["bitline", "array", *map(str, arguments), "--spice", str(tmp_path / "a.cir")])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert not end.value.code
    output = capsys.readouterr().out
    frame = pd.read_csv(tmp_path / "columns.csv")
    worst = (frame["with wires"] - frame["ideal"]).abs().max() / frame["ideal"].max()
    assert f"{100 * worst:.4g}" in output
    assert (tmp_path / "array.png").stat().st_size > 10_000
    found = re.search(r"most rows for 5 % +of 30 +(\d+)", output)
    rows, cells = int(found[1]), random_cells(30, 6, 0)
    array = GateDrivenArray(bit_line=Wire(segment=1e-3))
    assert ir_drop(cells[-rows:], np.ones(rows), array).worst <= 0.05
    assert ir_drop(cells[-rows - 1 :], np.ones(rows + 1), array).worst > 0.05
    if shutil.which("ngspice"):
        assert len(ngspice((tmp_path / "a.cir").read_text(encoding="utf-8"), tmp_path)) == 6
