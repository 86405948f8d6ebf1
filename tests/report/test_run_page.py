"""The report of a run in a real Chromium: what is shown and drawn is what was computed."""

from __future__ import annotations

import math

import pytest
from drawn_page import DRAWN, TABLES, agrees, inaccessible, is_percent, opened, written_over
from synthetic import LAYERS, evaluations, study_result

from bitline.numerics.labels import label_of_cost
from bitline.report import write_html, write_study

pytestmark = pytest.mark.needs("Chromium", "Playwright")


def test_every_number_of_the_report_of_a_run(browser, tmp_path):
    results = evaluations()
    result = results[-1]
    write_html(tmp_path / "report.html", results, {"weights": "/home/somebody/weights.pt"})
    assert "somebody" not in (tmp_path / "report.html").read_text()
    page = opened(browser, tmp_path / "report.html")
    accuracies, layers, totals, parts, _ = page.evaluate(TABLES)
    charts = page.evaluate(DRAWN)
    titles = page.locator(".gtitle").all_text_contents()
    assert titles[0].startswith("Accuracy of each chip after 1 hour") and "layer after 1 hour" in titles[2]
    assert "Of 2 chips after 1 hour: median" in page.inner_text("#accuracy-part")
    assert "accuracy after 1 hour, mean of 2" in page.inner_text(".numbers")
    page.screenshot(path=tmp_path / "run.png", full_page=True)
    page.close()
    assert [row[1] for row in accuracies[1:3]] == ["99.996", "100.00"]
    for row, evaluation in zip(accuracies[3:], results, strict=True):
        mean, spread = row[1].split(" ± ")
        assert is_percent(mean, evaluation.mean) and is_percent(spread, evaluation.std)
        low, high = row[2].split(" to ")
        assert is_percent(low, evaluation.confidence_interval[0])
        assert is_percent(high, evaluation.confidence_interval[1])
    for row, layer in zip(layers[1:], result.layers, strict=True):
        assert row[0] == layer.name
        assert [agrees(text, value) for text, value in zip(row[1:4], (1029, 100, 10), strict=True)] == [True] * 3
        assert row[4] == {1029.7: "1,029.7", -0.04: "0.0", math.inf: "exact"}[layer.own_db]
        assert agrees(row[5], layer.accumulated_db, 2)
    for (name, text, unit), (key, value) in zip(totals[1:], result.cost.totals().items(), strict=True):
        assert (name, unit) == (label_of_cost(key, "image").name, label_of_cost(key, "image").unit)
        assert agrees(text, value), (name, text, value)
    for name, energy, area in parts[1:]:
        assert agrees(energy, 1e-6 * result.cost.energies_pJ.get(name, 0.0))
        assert agrees(area, result.cost.areas_mm2.get(name, 0.0))
    chips, times, errors, energies, shares = charts
    for point, share in zip(chips["points"], result.chip_accuracies, strict=True):
        assert point["value"][1] == pytest.approx(100 * share, abs=point["pixel"] / 2)
    ordered = sorted(results, key=lambda evaluation: evaluation.design.cell.time)
    assert times["ticks"] == ["1 s", "1 hour", "1 day"]
    assert times["paths"] == [sorted(times["paths"][0])]
    for point, evaluation in zip(times["points"], ordered, strict=True):
        assert point["value"] == [pytest.approx(evaluation.design.cell.time, rel=0.05),
                                  pytest.approx(100 * evaluation.mean, abs=point["pixel"] / 2)]  # fmt: skip
    assert errors["rows"] == energies["rows"] == list(LAYERS)
    ratios = {"own error": "own_db", "with the layers before": "accumulated_db"}
    for bar in errors["bars"]:
        ratio = next(getattr(layer, ratios[bar["trace"]]) for layer in result.layers if layer.name == bar["name"])
        assert bar["value"] == pytest.approx(abs(ratio) if math.isfinite(ratio) else 0, abs=2 * bar["pixel"])
    for bar in energies["bars"]:
        energy = next(layer.energies_pJ[bar["trace"]] for layer in result.cost.layers if layer.name == bar["name"])
        assert bar["value"] == pytest.approx(1e-6 * energy, abs=2 * bar["pixel"])
    sums = {"energy": result.cost.energies_pJ, "area": result.cost.areas_mm2}
    for bar in shares["bars"]:
        share = sums[bar["name"]].get(bar["trace"], 0.0) / sum(sums[bar["name"]].values())
        assert bar["value"] == pytest.approx(100 * share, abs=2 * bar["pixel"])


@pytest.mark.parametrize("width", [1400, 700, 400])
def test_legends_do_not_lie_on_other_words(browser, tmp_path, width):
    write_html(tmp_path / "report.html", evaluations(), {})
    write_study(tmp_path / "study.html", study_result())
    for name in ("report.html", "study.html"):
        page = opened(browser, tmp_path / name, width)
        assert written_over(page) == []
        page.close()


@pytest.mark.apart
@pytest.mark.needs("axe")
def test_nobody_is_kept_out(browser, tmp_path):
    write_html(tmp_path / "report.html", evaluations(), {})
    write_study(tmp_path / "study.html", study_result())
    for name in ("report.html", "study.html"):
        page = opened(browser, tmp_path / name)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert inaccessible(page) == [], (name, scheme)
        page.close()
