"""The command that shows transfer curves."""

from __future__ import annotations

import json
import sys

import pytest

from bitline import Design
from bitline.cli import app as cli
from bitline.readout.curves import curves_of


def test_command_shows_the_curves(tmp_path, monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["bitline", "adc", *map(str, arguments), "--out", str(tmp_path / "adc.png")])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return end.value.code or 0, capsys.readouterr()

    status, captured = run("sar", "--set", "adc.capacitor_mismatch=0.05", "--converters", "16")
    assert status == 0
    worst = float(
        curves_of(Design().with_settings({"adc": {"kind": "sar", "capacitor_mismatch": 0.05}}).adc, 16).inl.abs().max()
    )
    assert f"{worst:.3f}" in captured.out
    assert (tmp_path / "adc.png").stat().st_size > 20_000
    assert run("none")[0] == 2
    assert "did you mean" in run("sarr")[1].err or "use one of" in run("sarr")[1].err


def test_architectures_are_compared(bitline):
    """Energies, areas and times were the same for all of them once."""
    status, output, _ = bitline(
        "adc", "--compare", "--set", "adc.bits=6", "--set", "adc.capacitor_mismatch=0.05", "--json"
    )
    rows = {row["kind"]: row for row in json.loads(output)["architectures"]}
    assert status == 0
    assert rows["sar"]["effective_bits"] < rows["flash"]["effective_bits"]
    assert rows["flash"]["energy_pJ"] > 3 * rows["sar"]["energy_pJ"]
    assert rows["flash"]["time_ns"] < rows["sar"]["time_ns"] < rows["ramp"]["time_ns"]
    for arguments in (["--set", "adc.nope=1"], ["--set", "adc.kind=sar"], ["--out", "x.png"]):
        status, _, errors = bitline("adc", "--compare", *arguments)
        assert (status, errors.count("\n")) == (2, 1)
