"""The command that compares the cost model with published chips."""

import json

from bitline.cost.chips import compare_chips, compare_with_intervals
from bitline.report.figures.chips import chips_figure


def test_command_compares_and_draws(bitline, tmp_path, monkeypatch):
    rows = [row for row in compare_chips() if row.chip in ("NeuRRAM", "AIMC2") or row.chip.startswith("Lee")]
    monkeypatch.setattr("bitline.cost.chips.compare_with_intervals", lambda: iter(rows))
    picture = tmp_path / "chips.png"
    status, output, _ = bitline("chips", "--out", picture, "--json")
    assert status == 0
    found = json.loads(output)
    assert len(found["chips"]) == len(rows)
    assert list(found["chips"][0])[:4] == ["chip", "point", "quantity", "chip_value"]
    assert "NeuRRAM, 3/1 bits, 1 phase: TOPS/W " in bitline("chips")[1]
    assert {agreement["name"] for agreement in found["agreement"]} >= {"NeuRRAM TOPS/W", "blind TOPS/W"}
    assert picture.stat().st_size > 20_000
    assert bitline("chips", "--out", tmp_path / "chips.txt")[0] == 2


def test_intervals_are_drawn():
    first = next(compare_with_intervals())
    assert first.interval is not None
    assert first.interval.low < first.model_value < first.interval.high
    assert len(chips_figure([*compare_chips(), first]).axes) == 3
