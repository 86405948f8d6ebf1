"""Reports in a real Chromium: what is shown and drawn is what was computed; filter, no errors, readable on a phone."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pandas as pd
import pytest
from optional import BROWSERS
from synthetic import LAYERS, evaluations, study_result

from bitline.report import write_html
from bitline.report.study_page import write_study
from bitline.study import Study, read_results, sweep

pytestmark = pytest.mark.needs("Chromium", "Playwright")
STUDY = Study(
    name="browser",
    description="bits & rows <of> the ADC",
    model={"name": "synthetic:small_network"},
    data={"source": "fashion-mnist", "images": 30, "calibration_images": 20},
    design={"set": {"cell.device.alpha": 0.05}},
    axes=[
        {"setting": "adc.bits", "values": [4, 6, 8]},
        {"setting": "array.rows", "values": [72, 1152]},
    ],
    run={"chips": 2},
)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    sweep(STUDY, folder / "browser.sqlite")
    path = folder / "report.html"
    write_study(path, read_results(folder / "browser.sqlite"))
    assert path.stat().st_size < 6e6
    return path


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as started:
        one = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield one
        one.close()


@pytest.fixture
def page(browser, report):
    problems: list[str] = []
    one = browser.new_page(viewport={"width": 1100, "height": 900}, accept_downloads=True)
    one.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    one.on("pageerror", lambda error: problems.append(str(error)))
    one.on("request", lambda request: problems.append(request.url) if request.url.startswith("http") else None)
    one.goto(report.as_uri())
    one.wait_for_selector("#chart-accuracy-0 .main-svg")
    yield one
    assert problems == []
    one.close()


def test_every_chart_is_drawn_with_axis_titles(page):
    charts = page.locator(".chart")
    assert charts.count() >= 9
    for index in range(charts.count()):
        chart = charts.nth(index)
        assert chart.locator(".main-svg").count() > 0
        assert chart.get_attribute("aria-label")
    titles = page.locator(".ytitle").all_text_contents()
    assert "accuracy (%)" in titles
    assert any("energy" in title for title in page.locator(".xtitle").all_text_contents())


def test_the_table_sorts_and_filters(page):
    rows = page.locator("#designs tbody tr")
    assert rows.count() == 6
    page.fill("#filter", "adc.bits>5 rows=72")
    assert rows.count() == 2
    assert page.text_content("#count") == "2 of 6 designs"
    page.fill("#filter", "")
    head = page.locator("#designs th", has_text="adc.bits")
    head.locator("button").click()
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    first = [cell.text_content() for cell in rows.nth(0).locator("td").all()]
    assert first[0] == "8"
    page.fill("#filter", "nothing like it")
    assert rows.count() == 0


def test_a_design_opens_from_the_table_and_from_a_point(page):
    page.locator("#designs tbody tr").nth(2).click()
    assert page.is_visible("#details")
    assert "bits = 6" in page.text_content("#details pre")
    page.evaluate("document.getElementById('details').hidden = true")
    page.locator("#chart-pareto-0").scroll_into_view_if_needed()
    point = page.locator("#chart-pareto-0 .scatterlayer .trace .point").first
    box = point.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.up()
    page.wait_for_selector("#details:not([hidden])")


def test_the_data_can_be_downloaded(page, tmp_path):
    page.fill("#filter", "rows=72")
    with page.expect_download() as download:
        page.click("#download")
    download.value.save_as(tmp_path / "designs.csv")
    lines = (tmp_path / "designs.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("adc.bits,array.rows,accuracy (%)")
    assert len(lines) == 4


def test_it_is_readable_on_a_phone_and_in_the_dark(browser, report, tmp_path):
    phone = browser.new_page(viewport={"width": 390, "height": 800}, color_scheme="dark")
    phone.goto(report.as_uri())
    phone.wait_for_selector("#chart-accuracy-0 .main-svg")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 392
    paper = phone.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == "rgb(20, 23, 29)"
    ink = phone.evaluate("getComputedStyle(document.querySelector('#chart-accuracy-0 .gtitle')).fill")
    assert ink == "rgb(230, 233, 239)"
    phone.screenshot(path=tmp_path / "phone.png", full_page=True)
    phone.close()


def test_names_with_markup_do_no_harm(page):
    assert "bits & rows <of> the ADC" in page.text_content("main")


DRAWN = (Path(__file__).parent / "drawn.js").read_text()
"""A function that says what Plotly has drawn, in the units of the axes."""

TABLES = """() => [...document.querySelectorAll("table")].map((table) => [...table.querySelectorAll("tr")].map(
  (row) => [...row.querySelectorAll("th, td")].map((cell) => cell.textContent)))"""


def agrees(text: str, value: float | None, digits: int = 3) -> bool:
    """Whether a text is a number rounded to its last place, which is at least the given digit; empty if unknown."""
    if value is None or math.isnan(value):
        return text == ""
    if not math.isfinite(value):
        return text == {math.inf: "inf", -math.inf: "-inf"}[value]
    mantissa, _, exponent = text.replace(",", "").partition("e")
    last = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    shown = float(text.replace(",", ""))
    whole = math.copysign(1, shown) == math.copysign(1, value) or (value == 0 and not text.startswith("-"))
    return (
        whole and abs(shown - value) <= 0.5001 * last and abs(shown - value) <= 0.51 * 10 ** (1 - digits) * abs(value)
    )


def is_percent(text: str, share: float) -> bool:
    """Whether a text is a share in per cent to two decimals or more; 0 and 100 only where it is."""
    ends = {"0.00": share == 0, "100.00": share == 1}
    return agrees(text, 100 * share, digits=1) and ends.get(text, True)


def opened(browser, path):
    page = browser.new_page(viewport={"width": 1400, "height": 900}, accept_downloads=True)
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(path.as_uri())
    page.wait_for_function(
        "[...document.querySelectorAll('.js-plotly-plot')].every((chart) => chart.querySelector('.gtitle'))"
    )
    page.wait_for_timeout(500)
    return page


@pytest.fixture(scope="module")
def synthetic(browser, tmp_path_factory):
    """A report of numbers that span many decades: its page, its tables and its charts."""
    path = tmp_path_factory.mktemp("synthetic") / "study.html"
    write_study(path, study_result())
    page = opened(browser, path)
    yield page, page.evaluate(TABLES), {chart["id"]: chart for chart in page.evaluate(DRAWN)}
    page.close()


def test_every_cell_of_the_table_is_the_number(synthetic):
    result = study_result()
    frame = result.to_frame()
    head, *rows = synthetic[1][0]
    assert len(rows) == len(frame)
    for (_, known), row, design in zip(frame.iterrows(), rows, result.designs, strict=True):
        for name, text in zip(head, row, strict=True):
            if name in design.settings:
                assert text == str(design.settings[name])
            elif name in ("accuracy (%)", "std (%)", "screened (%)"):
                share = known[{"accuracy (%)": "accuracy", "std (%)": "std", "screened (%)": "screened_accuracy"}[name]]
                assert text == "" if math.isnan(share) else is_percent(text, share), (name, text, share)
            else:
                value = known["chips" if name == "chips" else name]
                assert agrees(text, value), (name, text, value)
    assert {"energy_uJ", "images_per_s", "accuracy (%)", "cell.time"} <= set(head)


def test_every_point_of_every_chart_is_the_number(synthetic):
    result = study_result()
    frame = result.to_frame().set_index("key")
    charts = synthetic[2]
    measured = {one.key: one for one in result.designs if one.accuracies}
    for index, name in enumerate(result.settings):
        chart = charts[f"chart-accuracy-{index}"]
        assert {point["key"] for point in chart["points"]} == set(measured)
        for point in chart["points"]:
            one, value = measured[point["key"]], frame.loc[point["key"], name]
            label, share = point["text"].rsplit(": ", 1)
            assert label == str(one.settings[name])
            assert is_percent(share, one.mean)
            assert point["value"][1] == pytest.approx(100 * one.mean, abs=point["pixel"] / 2)
            x = point["value"][0]
            assert x == label if isinstance(x, str) else x == pytest.approx(value, rel=0.02)
            width = 0 if math.isnan(one.half_width) else 100 * one.half_width
            for end, wanted in zip(sorted(point["ends"]), (-width, width), strict=False):
                assert end == pytest.approx(min(100, max(0, 100 * one.mean + wanted)), abs=point["pixel"])
        assert any(point["ends"] for point in chart["points"])
        assert all(path == sorted(path) for path in chart["paths"])
    assert charts["chart-accuracy-0"]["ticks"] == ["1 s", "1 hour", "1 day", "30 days"]
    assert charts["chart-accuracy-1"]["ticks"] == ["1e1", "1000", "inf"]
    assert charts["chart-accuracy-3"]["ticks"] == ["full", "calibrated"]
    for index, name in enumerate(("energy_uJ", "area_mm2", "latency_us")):
        costed = {key for key, one in measured.items() if one.cost}
        points = charts[f"chart-pareto-{index}"]["points"]
        assert {point["key"] for point in points} == costed
        for point in points:
            share, cost = point["text"].rsplit("<br>", 1)[1].split(" %, ")
            assert agrees(cost, frame.loc[point["key"], name])
            assert is_percent(share, frame.loc[point["key"], "accuracy"])
            assert point["value"][0] == pytest.approx(frame.loc[point["key"], name], rel=0.1)  # pixels of 16 decades
            assert point["value"][1] == pytest.approx(100 * frame.loc[point["key"], "accuracy"], abs=point["pixel"] / 2)


def test_every_cell_and_bar_of_the_other_charts_is_the_number(synthetic):
    result, charts = study_result(), synthetic[2]
    maps = [chart for name, chart in charts.items() if name.startswith("chart-maps")]
    assert len(maps) == 6
    frame = result.to_frame().dropna(subset="accuracy")
    words = {name: {one.values[name]: str(one.settings[name]) for one in result.designs} for name in result.settings}
    pairs = [(a, b) for index, a in enumerate(result.settings) for b in result.settings[index + 1 :]]
    for (across, down), chart in zip(pairs, maps, strict=True):
        best = frame.groupby([across, down])["accuracy"].max()
        wanted = {(words[across][x], words[down][y]): share for (x, y), share in best.items()}
        assert {(cell["x"], cell["y"]) for cell in chart["cells"] if cell["value"] is not None} == set(wanted)
        for cell in chart["cells"]:
            share = wanted.get((cell["x"], cell["y"]), math.nan)
            assert cell["text"] == "" if math.isnan(share) else agrees(cell["text"], 100 * share, 1)
            assert cell["value"] is None or cell["value"] == pytest.approx(100 * share)
    layers = charts["chart-layers-0"]["cells"]
    labels = dict(zip(dict.fromkeys(cell["y"] for cell in layers), result.designs, strict=True))
    for cell in layers:
        ratio = next(layer.own_db for layer in labels[cell["y"]].layers if layer.name == cell["x"])
        assert cell["value"] == (ratio if math.isfinite(ratio) else None)
        assert cell["text"] == ("" if not math.isfinite(ratio) else "0.0" if ratio == -0.04 else f"{ratio:,.1f}")
    ranges = charts["chart-ranges-0"]["points"]
    assert len(ranges) == 2 * len(LAYERS) * 15  # one of the first 16 designs has no cost
    for point in ranges:
        assert point["text"] in ("slice 0: 99.996", "slice 1: 0.001")
        assert point["value"][1] == pytest.approx(99.996 if point["text"].startswith("slice 0") else 1e-3, rel=0.1)
    designs = {one.key: one for one in result.designs}
    for chart, key, scale in (
        (charts["chart-cost-0"], "energies_pJ", 1e-6),
        (charts["chart-cost-1"], "areas_mm2", 1.0),
    ):
        assert len(chart["bars"]) >= 2 * (len(designs) - 1)
        for bar in chart["bars"]:
            value = scale * designs[bar["key"]].cost[key].get(bar["trace"], 0.0)
            assert agrees(bar["text"], value)
            assert bar["value"] == pytest.approx(value, abs=2 * bar["pixel"])


def test_the_table_sorts_by_size_and_by_the_order_of_the_study(synthetic):
    page, _, _ = synthetic
    result = study_result()
    frame = result.to_frame()
    for column, name in enumerate(page.locator("#designs th").all_text_contents()):
        head = page.locator("#designs th").nth(column).locator("button")
        for descending in (False, True):
            head.click()
            shown = [row.split("|")[column] for row in page.evaluate(
                "() => [...document.querySelectorAll('#designs tbody tr')].map("
                "(row) => [...row.children].map((cell) => cell.textContent).join('|'))"
            )]  # fmt: skip
            if name in result.settings:
                levels = [next(str(one.settings[name]) for one in result.designs if one.values[name] == level)
                          for level in result.levels(name)]  # fmt: skip
                places = [levels.index(text) for text in shown]
                assert places == sorted(places, reverse=descending)
            else:
                values = [float(text.replace(",", "")) for text in shown if text]
                assert values == sorted(values, reverse=descending)
                assert shown[len(values) :] == [""] * (len(shown) - len(values))
    page.fill("#filter", "cell.time>=3600")
    assert page.locator("#designs tbody tr").count() == (frame["cell.time"] >= 3600).sum()
    page.fill("#filter", "")


def test_the_download_holds_the_numbers_and_no_formulas(synthetic, tmp_path):
    page, _, _ = synthetic
    page.locator("#designs th").nth(0).locator("button").click()
    with page.expect_download() as download:
        page.click("#download")
    download.value.save_as(tmp_path / "designs.csv")
    table = pd.read_csv(tmp_path / "designs.csv")
    frame = study_result().to_frame()
    for name in ("energy_uJ", "power_W", "cell.time", "arrays"):
        assert sorted(table[name].dropna()) == pytest.approx(sorted(frame[name].dropna()), rel=1e-12)


def test_every_number_of_the_report_of_a_run(browser, tmp_path):
    results = evaluations()
    result = results[-1]
    write_html(tmp_path / "report.html", results, {})
    page = opened(browser, tmp_path / "report.html")
    accuracies, layers, totals, parts, _ = page.evaluate(TABLES)
    charts = page.evaluate(DRAWN)
    page.screenshot(path=tmp_path / "run.png", full_page=True)
    page.close()
    assert [row[1] for row in accuracies[1:3]] == ["99.996", "100.00"]
    for row, one in zip(accuracies[3:], results, strict=True):
        mean, spread = row[1].split(" ± ")
        assert is_percent(mean, one.mean) and is_percent(spread, one.std)
        low, high = row[2].split(" to ")
        assert is_percent(low, one.confidence_interval[0]) and is_percent(high, one.confidence_interval[1])
    for row, layer in zip(layers[1:], result.layers, strict=True):
        assert row[0] == layer.name
        assert [agrees(text, value) for text, value in zip(row[1:4], (1029, 100, 10), strict=True)] == [True] * 3
        assert row[4] == {1029.7: "1,029.7", -0.04: "0.0", math.inf: "exact"}[layer.own_db]
        assert agrees(row[5], layer.accumulated_db, 2)
    for (name, text), (key, value) in zip(totals[1:], result.cost.totals().items(), strict=True):
        assert name == key.replace("_", " ")
        assert agrees(text, value), (name, text, value)
    for name, energy, area in parts[1:]:
        assert agrees(energy, 1e-6 * result.cost.energies_pJ.get(name, 0.0))
        assert agrees(area, result.cost.areas_mm2.get(name, 0.0))
    chips, times, errors, energies, shares = charts
    for point, share in zip(chips["points"], result.chip_accuracies, strict=True):
        assert point["value"][1] == pytest.approx(100 * share, abs=point["pixel"] / 2)
    ordered = sorted(results, key=lambda one: one.design.cell.time)
    assert times["ticks"] == ["1 s", "1 hour", "1 day"]
    assert times["paths"] == [sorted(times["paths"][0])]
    for point, one in zip(times["points"], ordered, strict=True):
        assert point["value"] == [pytest.approx(one.design.cell.time, rel=0.05),
                                  pytest.approx(100 * one.mean, abs=point["pixel"] / 2)]  # fmt: skip
    assert errors["ticks"] == energies["ticks"] == list(LAYERS)
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
