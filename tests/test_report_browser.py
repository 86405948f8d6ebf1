"""The report of a study in a real Chromium: charts, table, filter, no errors, readable on a phone."""

from __future__ import annotations

import shutil

import pytest
from optional import BROWSERS

from bitline.report.study_html import write_study
from bitline.study import Study, read_results, sweep

pytestmark = pytest.mark.needs("Chromium", "Playwright")
STUDY = Study(
    name="browser",
    description="bits & rows <of> the ADC",
    data={"images": 30, "calibration_images": 20},
    design={"set": {"cell.device.alpha": 0.05}},
    axes=[
        {"setting": "adc.bits", "values": [4, 6, 8]},
        {"setting": "array.rows", "values": [72, 1152]},
    ],
    run={"trials": 2},
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
