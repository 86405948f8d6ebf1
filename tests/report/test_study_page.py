"""The report of a study in a real Chromium: what is shown and drawn is what was computed; readable on a phone."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from drawn_page import DRAWN, TABLES, agrees, columns_of, is_percent, opened, written_over
from synthetic import LAYERS, study_result

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


@pytest.fixture
def page(browser, report):
    problems: list[str] = []
    shown = browser.new_page(viewport={"width": 1100, "height": 900}, accept_downloads=True)
    shown.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    shown.on("pageerror", lambda error: problems.append(str(error)))
    shown.on("request", lambda request: problems.append(request.url) if request.url.startswith("http") else None)
    shown.goto(report.as_uri())
    shown.wait_for_selector("#chart-accuracy-0 .main-svg")
    yield shown
    assert problems == []
    shown.close()


def test_every_chart_is_drawn_with_axis_titles(page):
    charts = page.locator(".chart")
    assert charts.count() >= 9
    assert page.locator(".modebar").count() == 0
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
    head = page.locator("#designs th[data-name='adc.bits']")
    assert "ADC resolution (bits)" in head.text_content()
    head.locator("button").click()
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    first = [cell.text_content() for cell in rows.nth(0).locator("td").all()]
    assert first[0] == "8"
    page.fill("#filter", "nothing like it")
    assert rows.count() == 0


def test_a_design_opens_from_the_table_and_from_a_point(page):
    page.locator("#designs tbody tr").nth(2).locator("td").nth(2).click()
    assert page.is_visible("#details")
    assert "bits = 6" in page.text_content("#details pre")
    page.locator("#close").click()
    assert not page.is_visible("#details")
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


CUT = """() => [...document.querySelectorAll(".js-plotly-plot")].flatMap((chart) => {
  const page = chart.getBoundingClientRect();
  const words = [...chart.querySelectorAll(".xtick text, .ytick text, .xtitle, .ytitle, .gtitle, .legendtext")];
  return words.filter((word) => word.getBoundingClientRect().left < page.left - 1
    || word.getBoundingClientRect().right > page.right + 1).map((word) => `${chart.id}: ${word.textContent}`);
})"""
"""Words of charts that are cut at their sides."""


def test_no_word_is_cut_on_a_phone_and_every_design_has_its_name(browser, report):
    phone = opened(browser, report, width=400)
    assert phone.evaluate(CUT) == []
    charts = {chart["id"]: chart["rows"] for chart in phone.evaluate(DRAWN)}
    energies, areas = charts["chart-cost-0"], charts["chart-cost-1"]
    assert len(set(energies)) == 6 and areas == energies
    assert energies[0].endswith(("72", "1152"))
    assert written_over(phone) == []
    phone.close()


def test_names_with_markup_do_no_harm(page):
    assert "bits & rows <of> the ADC" in page.text_content("main")


@pytest.fixture(scope="module")
def synthetic(browser, tmp_path_factory):
    """A report of numbers that span many decades: its page, its tables and its charts."""
    path = tmp_path_factory.mktemp("synthetic") / "study.html"
    write_study(path, study_result())
    page = opened(browser, path)
    (table,) = (table for table in page.evaluate(TABLES) if len(table) == 1 + len(study_result().designs))
    yield page, [[columns_of(page), *table[1:]]], {chart["id"]: chart for chart in page.evaluate(DRAWN)}
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
    measured = {design.key: design for design in result.designs if design.chip_values}
    for index, name in enumerate(("cell.time", "cell.on_off_ratio")):  # no designs differ in the others alone
        chart = charts[f"chart-accuracy-{index}"]
        assert {point["key"] for point in chart["points"]} == set(measured)
        for point in chart["points"]:
            design, value = measured[point["key"]], frame.loc[point["key"], name]
            label, share = point["text"].rsplit(": ", 1)
            assert label == str(design.settings[name])
            assert is_percent(share, design.mean)
            assert point["value"][1] == pytest.approx(100 * design.mean, abs=point["pixel"] / 2)
            x = point["value"][0]
            assert x == label if isinstance(x, str) else x == pytest.approx(value, rel=0.02)
            width = 0 if math.isnan(design.half_width) else 100 * design.half_width
            for end, wanted in zip(sorted(point["ends"]), (-width, width), strict=False):
                assert end == pytest.approx(min(100, max(0, 100 * design.mean + wanted)), abs=point["pixel"])
        assert any(point["ends"] for point in chart["points"])
        assert all(path == sorted(path) for path in chart["paths"])
    assert charts["chart-accuracy-0"]["ticks"] == ["1 s", "1 hour", "1 day", "30 days"]
    assert charts["chart-accuracy-1"]["ticks"] == ["10", "1000", "inf"]
    assert "chart-accuracy-2" not in charts
    for index, name in enumerate(("energy_uJ", "area_mm2", "latency_us")):
        costed = {key for key, design in measured.items() if design.cost}
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
    assert len(maps) == 5
    frame = result.to_frame().dropna(subset="accuracy")
    words = {
        name: {design.values[name]: str(design.settings[name]) for design in result.designs} for name in result.settings
    }
    pairs = [(a, b) for index, a in enumerate(result.settings) for b in result.settings[index + 1 :]][:-1]
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
    assert len(ranges) == 2 * len(LAYERS)  # all designs have the same ranges, but one that has none
    for point in ranges:
        assert point["text"] in ("slice 0: 99.996", "slice 1: 0.001")
        assert point["value"][0] == pytest.approx(99.996 if point["text"].startswith("slice 0") else 1e-3, rel=0.1)
    designs = {design.key: design for design in result.designs}
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
    for column, name in enumerate(columns_of(page)):
        head = page.locator("#designs th").nth(column).locator("button")
        for descending in (False, True):
            head.click()
            shown = [row.split("|")[column] for row in page.evaluate(
                "() => [...document.querySelectorAll('#designs tbody tr')].map("
                "(row) => [...row.children].map((cell) => cell.textContent).join('|'))"
            )]  # fmt: skip
            if name in result.settings:
                levels = [next(str(design.settings[name]) for design in result.designs if design.values[name] == level)
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
