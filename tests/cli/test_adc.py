"""The command that shows transfer curves."""

from __future__ import annotations

import json
import sys

import pytest
import torch

from bitline import Design
from bitline.cli import app as cli
from bitline.numerics.draws import Draws
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


def test_a_converter_of_one_bit_has_no_inner_codes(bitline, tmp_path):
    """It was a fault of bitline's: percentiles of nothing, and a line through one point."""
    picture = tmp_path / "adc.png"
    status, output, _ = bitline("adc", "--set", "adc.bits=1", "--json", "--out", picture)
    values = {row["quantity"]: row["mean"] for row in json.loads(output)["errors"]}
    assert status == 0 and picture.exists()
    assert values["largest |INL|"] == values["largest |DNL|"] == values["missing codes"] == 0


def test_times_of_compared_architectures_are_those_of_the_design(bitline):
    """The rate of the design was left out without a word."""
    _, output, _ = bitline("adc", "--compare", "--set", "adc.rate_MS_per_s=10", "--json")
    assert {row["time_ns"] for row in json.loads(output)["architectures"]} == {100.0}


def test_architectures_are_compared_whatever_range_the_design_has(bitline):
    """Ranges play no role, but 'guaranteed' was refused, which the preset has and nobody had typed."""
    assert bitline("adc", "--compare", "--design", "isaac")[0] == 0


def test_codes_that_a_curve_comes_back_to_are_not_missing():
    """Those below a higher code that came first were counted as missing."""
    adc = Design().with_settings({"adc": {"kind": "pipeline", "bits": 8, "capacitor_mismatch": 0.1}}).adc
    curves, table = curves_of(adc, 32), adc.tables(32, 1, Draws((0, 0, "adc")))
    signals = torch.linspace(-20, 276, 100_000, dtype=torch.float64).expand(32, 1, -1)
    given = [set(codes.int().tolist()) & set(range(1, 255)) for codes in table.convert(signals)[:, 0]]
    assert curves.missing_codes.tolist() == [254 - len(codes) for codes in given]
    assert curves.missing_codes.sum() < (curves.dnl == -1).sum()
