"""The page in a real Chromium, used as a person would, with the keyboard too."""

from __future__ import annotations

import re

import pytest
from drawn_page import inaccessible

from bitline.design import Design

pytestmark = pytest.mark.needs("Chromium", "Playwright")

UNNAMED = """() => [...document.querySelectorAll("button, input, select, [role=button], [role=img], progress")]
  .filter((part) => !(part.textContent.trim() || part.ariaLabel || part.labels?.length))
  .map((part) => part.outerHTML)"""
"""Elements that a screen reader has no name for."""


def is_fault(message):
    """Whether a browser complains, other than of a change that the server refuses with a sentence."""
    return message.type == "error" and "status of 422" not in message.text


@pytest.fixture
def page(browser, server):
    opened = browser.new_page(viewport={"width": 1400, "height": 900}, accept_downloads=True)
    wrong = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda message: wrong.append(message.text) if is_fault(message) else None)
    opened.goto(server.address)
    opened.wait_for_selector("tr.same, #table tbody tr")
    opened.wait_for_selector("svg.chain")
    assert not opened.locator("#alarm").text_content()
    yield opened
    opened.close()
    assert wrong == []


def says(page, name, text):
    """Wait until an element has this text."""
    from playwright.sync_api import expect

    expect(page.locator(f"#{name}")).to_have_text(text, timeout=20_000)


def test_a_design_is_built_saved_and_compared(page, server):
    cards = page.locator("#numbers b")
    before = cards.nth(1).text_content()
    slider = page.get_by_label("resolution (bits)")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    says(page, "label", "adc.bits = 7")
    assert slider.get_attribute("aria-valuetext") == "7"
    assert page.evaluate("document.activeElement.id") == "set-adc-bits"
    assert cards.nth(1).text_content() != before
    assert "7-bit uniform ADC" in page.locator("svg.chain").get_attribute("aria-label")
    with page.expect_download() as download:
        page.get_by_role("button", name="save as TOML").click()
    assert Design.load(download.value.path(), allow_code=False).adc.bits == 7
    page.get_by_role("button", name="compare adc.bits = 8").click()
    page.get_by_role("button", name="compare adc.bits = 3").click()
    page.wait_for_selector("#compared table")
    assert "adc.bits" in page.locator("#compared").text_content()


def test_points_are_loaded_by_keyboard_and_designs_filtered(page):
    page.locator("#chart circle.point[aria-label*='adc.bits = 3']").focus()
    assert "adc.bits = 3" in page.locator("#chart .said").text_content()
    page.keyboard.press("Enter")
    says(page, "label", "adc.bits = 3")
    assert "measured" in page.locator("#words").text_content()
    for words in ("bits = 8", "adc.bits>5", "design=adc.bits"):
        page.get_by_label("show designs with these words").fill(words)
        assert page.locator("#table tbody tr").count() == (1 if "8" in words or ">" in words else 0)


def test_designs_are_chosen_by_a_rectangle_or_sliders(page):
    table = page.locator("#table tbody tr")
    slider = page.get_by_role("slider", name="energy, µJ: at most")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    says(page, "count", "1 of 2 designs")
    assert "adc.bits = 3" in table.text_content()
    assert page.locator("#chart circle.point").count() == 1
    page.get_by_role("button", name="choose all").click()
    says(page, "count", "2 designs")
    assert slider.get_attribute("aria-valuetext") == "no limit"
    page.locator("#chart").scroll_into_view_if_needed()
    dear = page.locator("#chart circle.point[aria-label*='adc.bits = 8']").bounding_box()
    page.mouse.move(dear["x"] - 40, dear["y"] - 30)
    page.mouse.down()
    page.mouse.move(dear["x"] + 30, dear["y"] + 40, steps=4)
    page.mouse.up()
    says(page, "count", "1 of 2 designs")
    assert "adc.bits = 8" in table.text_content()


def test_an_impossible_change_is_refused_with_the_reason(page):
    page.get_by_role("combobox", name="device").select_option(label="reram-wan-2022")
    says(page, "label", "cell.device.kind = reram-wan-2022")
    page.get_by_role("slider", name="read after").fill("3")
    says(page, "alarm", re.compile("cell.time"))
    assert page.get_by_role("slider", name="read after").get_attribute("aria-valuetext") == "0 s"
    page.get_by_role("combobox", name="begin with").select_option(label="isaac")
    says(page, "alarm", "")


def test_everything_has_a_name_and_fits_a_phone(page):
    unnamed = page.evaluate(UNNAMED)
    assert unnamed == []
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.needs("axe")
def test_nobody_is_kept_out(page):
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert inaccessible(page) == [], scheme
