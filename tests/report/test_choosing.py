"""Designs are chosen on the page of a study as a person would: with a mouse, a finger or the keyboard."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from drawn_page import inaccessible

from bitline.numerics.text import number, percent
from bitline.report.packed import EXACT
from bitline.report.shown_designs import MANY
from bitline.report.study_page import write_study
from bitline.study import DesignResult, Study
from bitline.study.pareto import front
from bitline.study.results import StudyResult

pytestmark = pytest.mark.needs("Chromium", "Playwright")

KINDS = ("offset", "one-sided", "two-sided")


def study_of(count: int) -> StudyResult:
    """Made-up results of a search over many settings."""
    random = np.random.default_rng(0)
    bits, alphas = random.integers(4, 14, count), random.choice(np.round(np.linspace(0, 0.1, 1500), 7), count)
    shares = np.round(1 / (1 + np.exp(5 - bits + 40 * alphas + random.normal(0, 1, count))), 3)
    costs = random.lognormal(0, 1, (count, 3)) * (1.4**bits)[:, None]
    designs = []
    for place in range(count):
        kind = KINDS[place % 3]
        settings = {"adc.bits": int(bits[place]), "cell.device.alpha": float(alphas[place]), "weights.kind": kind}
        cost = dict(zip(("energy_uJ", "area_mm2", "latency_us"), map(float, costs[place]), strict=True))
        design = {"adc": {"bits": settings["adc.bits"]}, "cell": {"device": {"alpha": settings["cell.device.alpha"]}}}
        known = (float(shares[place]),) if place % 50 else ()  # some are not measured yet
        designs.append(DesignResult(f"d{place}", "", settings, design, 1000, known, 0.95, cost, None, (), 1.0, True))
    return StudyResult(Study(name="many"), {}, (), tuple(designs), 0.95)


COUNT = 3000


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    path = tmp_path_factory.mktemp("choosing") / "many.html"
    write_study(path, study_of(COUNT))
    return path


@pytest.fixture(scope="module")
def frame():
    assert max(EXACT, MANY) < COUNT
    return study_of(COUNT).to_frame()


@pytest.fixture
def page(browser, report):
    wrong = []
    opened = browser.new_page(viewport={"width": 1400, "height": 900}, accept_downloads=True)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    opened.goto(report.as_uri())
    opened.wait_for_selector("#designs tbody tr")
    opened.locator("#front").scroll_into_view_if_needed()
    yield opened
    assert wrong == []
    opened.close()


def says(page, text):
    from playwright.sync_api import expect

    expect(page.locator("#count")).to_have_text(text, timeout=20_000)


def downloaded(page, tmp_path) -> pd.DataFrame:
    with page.expect_download() as download:
        page.click("#download")
    download.value.save_as(tmp_path / "designs.csv")
    return pd.read_csv(tmp_path / "designs.csv")


def test_words_and_comparisons_choose_the_designs_of_the_result(page, frame, tmp_path):
    assert page.locator("#designs tbody tr").count() < COUNT
    says(page, "3,000 of 3,000 designs; the first 100 are listed")
    assert page.locator("#designs tbody td:nth-child(4)").first.text_content() == f"{100 * frame['accuracy'].max():.2f}"
    page.fill("#filter", "two-sided bits>=8 accuracy>70")
    wanted = frame[(frame["weights.kind"] == "two-sided") & (frame["adc.bits"] >= 8) & (frame["accuracy"] > 0.7)]
    table = downloaded(page, tmp_path)
    assert 0 < len(wanted) < COUNT
    assert sorted(table["energy_uJ"]) == pytest.approx(sorted(wanted["energy_uJ"]), rel=1e-6)
    page.fill("#filter", "adc.bits=8")
    assert len(downloaded(page, tmp_path)) == (frame["adc.bits"] == 8).sum()
    page.fill("#filter", "")
    page.click("#more")
    assert page.locator("#designs tbody tr").count() == 600
    assert page.evaluate("document.activeElement.closest('tr').rowIndex") == 101


def test_only_the_front_hides_what_is_dominated(page, frame, tmp_path):
    page.get_by_label("only the front").check()
    for cost in ("energy_uJ", "area_mm2"):
        page.locator("#cost").select_option(cost)
        known = frame.dropna(subset="accuracy")
        best = known[front([(own, -share) for own, share in zip(known[cost], known["accuracy"], strict=True)])]
        says(page, f"{len(best)} of 3,000 designs")
        assert sorted(downloaded(page, tmp_path)[cost]) == pytest.approx(sorted(best[cost]), rel=1e-6)
    page.get_by_role("button", name="choose all").click()
    says(page, "3,000 of 3,000 designs; the first 100 are listed")
    assert not page.get_by_label("only the front").is_checked()


def test_a_rectangle_on_the_chart_chooses_what_lies_in_it(page, frame, tmp_path):
    box = page.locator("#front").bounding_box()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 80)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 200, steps=4)
    page.mouse.up()
    ends = page.evaluate(
        "() => [...document.querySelectorAll('#ranges output')].slice(0, 2).map((output) => output.value)"
    )
    (low, high), (least, most) = ([float(word.replace(",", "")) for word in text.split()[1::2]] for text in ends)
    table = downloaded(page, tmp_path)
    assert 10 < len(table) < COUNT / 2
    assert (table["accuracy (%)"].between(low - 0.1, high + 0.1)).all()
    assert (table["energy_uJ"].between(least * 0.99, most * 1.01)).all()
    inner = (100 * frame["accuracy"]).between(low + 0.1, high - 0.1)
    inner &= frame["energy_uJ"].between(least * 1.01, most * 0.99)
    assert {f"{energy:.5g}" for energy in frame["energy_uJ"][inner]} <= {
        f"{energy:.5g}" for energy in table["energy_uJ"]
    }
    assert page.locator("#front rect.brushed").count() == 1
    assert "front" in page.locator("#front").get_attribute("aria-label")


def test_the_keyboard_chooses_by_sliders_and_opens_a_design(page, tmp_path):
    slider = page.get_by_role("slider", name="accuracy (%): at least")
    slider.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    assert slider.get_attribute("aria-valuetext") != "no limit"
    limit = float(slider.get_attribute("aria-valuetext"))
    page.wait_for_function("document.getElementById('count').textContent.startsWith('3,000 of') === false")
    assert (downloaded(page, tmp_path)["accuracy (%)"] >= limit - 0.1).all()
    first = page.locator("#designs tbody tr button").first
    assert first.get_attribute("aria-label").startswith("show ADC bits ")
    first.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "details"
    assert "bits = " in page.text_content("#details pre")
    page.keyboard.press("Escape")
    assert not page.is_visible("#details")
    assert page.evaluate("document.activeElement.ariaLabel") == first.get_attribute("aria-label")


def test_a_click_opens_the_design_of_the_point(page):
    page.get_by_label("only the front").check()
    page.wait_for_function("document.querySelectorAll('#designs tbody tr').length < 100")
    path = page.locator("#front path.front").get_attribute("d")
    place = [float(part) for part in path.removeprefix("M").partition("H")[0].split(",")]
    box = page.locator("#front").bounding_box()
    page.mouse.move(box["x"] + place[0], box["y"] + place[1])
    assert "%" in page.text_content("#front .said")
    page.mouse.down()
    page.mouse.up()
    assert page.is_visible("#details")
    assert page.locator("#front circle.open").count() == 1


def test_numbers_read_as_in_python(page):
    """The page writes numbers itself: to the letter as tables and the terminal do, but for exact halves."""
    random = np.random.default_rng(1)
    values = [0.0, 1029.73, 1360.06, 1000.4, 99.99999, 0.00009999, 1e15, 1.23e-7, -0.04, 123456789.4, 5e-324, 1e300]
    values += [float(value) for value in random.normal(0, 1, 300) * 10.0 ** random.integers(-8, 14, 300)]
    shares = [0.0, 1.0, 0.9996, 0.99999, 0.999999999, 1e-5, 1e-9, 0.125, *map(float, random.random(200))]
    found = page.evaluate(
        """async ([values, shares]) => {
          const { number, share } = await import("bitline/text.js");
          const written = (digits) => values.map((value) => number(value, digits));
          return [written(4), written(3), shares.map((value) => share(value))];
        }""",
        [values, [100 * share for share in shares]],
    )
    assert found == [
        [number(value) for value in values],
        [number(value, 3) for value in values],
        [percent(share) for share in shares],
    ]


@pytest.mark.apart
@pytest.mark.needs("axe")
@pytest.mark.parametrize("width", [1400, 390])
def test_nobody_is_kept_out(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.get_by_label("accuracy (%): at least").fill("100")
    page.locator("#designs tbody tr button").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert inaccessible(page) == [], scheme


def test_unknown_numbers_are_chosen_by_no_comparison(page, frame):
    page.fill("#filter", "accuracy>=0")
    says(page, f"{(~frame['accuracy'].map(math.isnan)).sum():,} of 3,000 designs; the first 100 are listed")
