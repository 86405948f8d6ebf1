"""The command that shows transfer curves."""

from __future__ import annotations

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
