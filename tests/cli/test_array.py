"""The command that solves an array."""

from __future__ import annotations

import json
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


WIRES = ["--set", "array.kind=gate-driven", "--set", "array.bit_line.segment=3e-4", "--rows-on", "100"]


def test_an_array_of_a_layer_is_that_of_its_rule(bitline, tmp_path):
    """The rule was left out without a word."""
    rule = "layers=[{match='stage3', set={'array.rows'=144}}]"
    status, printed, _ = bitline("array", *WIRES, "--set", rule, "--partition", 3, "--out", tmp_path)
    assert status == 0
    assert "144 x 64 cells of stage3.conv2" in printed and "with the rule 'stage3', 100 % of rows on" in printed


def test_predistorted_cells_lose_less(bitline, tmp_path):
    """Predistortion was left out: the worst column was off by as much as without."""
    worst = []
    for predistortion in ((), ("--set", "array.predistortion=1")):
        status, printed, _ = bitline("array", *WIRES, *predistortion, "--layer", "fc", "--json", "--out", tmp_path)
        assert status == 0
        worst.append(json.loads(printed)["array"][1]["value"])
    assert worst[1] < 0.2 * worst[0]
    status, _, told = bitline("array", *WIRES, *predistortion, "--worst", 2, "--out", tmp_path)
    assert status == 2 and "--worst takes rows away, and array.predistortion has programmed" in told


def test_power_and_netlists_are_those_of_the_conductance_that_the_design_states(bitline, tmp_path):
    """10 uS were taken for granted: a tenth of the power of cells of 100 uS, and ten times their wires."""
    np.save(tmp_path / "cells.npy", np.full((4, 1), 0.5))
    np.save(tmp_path / "inputs.npy", np.ones(4))
    files = ["--cells", tmp_path / "cells.npy", "--inputs", tmp_path / "inputs.npy", "--out", tmp_path]
    wires = ["--set", "array.kind=gate-driven", "--set", "array.bit_line={segment=1.0, G_max_uS=100}"]
    status, printed, _ = bitline("array", *files, *wires, "--spice", tmp_path / "a.cir", "--json")
    power = next(row["value"] for row in json.loads(printed)["array"] if "100 µS" in row["quantity"])
    assert status == 0 and power == pytest.approx(4 * 0.5 * 100 * 0.1**2, rel=1e-3)
    assert re.search(r"^R0 \S+ \S+ 1$", (tmp_path / "a.cir").read_text(encoding="utf-8"), re.MULTILINE)
    status, _, error = bitline("array", *files, *wires, "--G-max-uS", 5)
    assert status == 2 and "by array.bit_line.G_max_uS of the design it is 100" in error
    assert bitline("array", *files, *wires, "--G-max-uS", 100)[0] == 0
    curve = ["--set", "cell.current_voltage=milo-2021"]
    _, printed, _ = bitline(
        "array", *files, *curve, "--set", "array.kind=gate-driven", "--set", "array.bit_line.segment=1e-4"
    )
    assert "µS and 0.2 V" in printed
