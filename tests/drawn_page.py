"""What a page in a browser shows and draws, and whether it is what was computed."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

DRAWN = (Path(__file__).parent / "report" / "drawn.js").read_text()
"""A function that says what Plotly has drawn, in the units of the axes."""


TABLES = """() => [...document.querySelectorAll("table")].map((table) => [...table.querySelectorAll("tr")].map(
  (row) => [...row.querySelectorAll("th, td")].map((cell) => cell.textContent)))"""


WORDS = """() => [...document.querySelectorAll(".js-plotly-plot")].flatMap((chart) => {
  const of = (kind) => [...chart.querySelectorAll(kind)].map((it) => [it.textContent, it.getBoundingClientRect()]);
  const legend = of(".legendtext"), others = of(".xtick text, .ytick text, .xtitle, .ytitle, .gtitle");
  const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  const under = (box) => others.filter(([, other]) => meet(box, other)).map(([other]) => other);
  return legend.flatMap(([name, box]) => under(box).map((other) => name + " on " + other));
})"""


def written_over(page) -> list[str]:
    """Words of legends that lie on names, titles or numbers of axes."""
    return page.evaluate(WORDS)


def columns_of(page):
    """Names of the columns of the table of designs, as filters and downloads use them."""
    return page.evaluate("[...document.querySelectorAll('#designs th')].map((head) => head.dataset.name)")


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


def inaccessible(page) -> list[str]:
    """What axe-core finds that people who use a screen reader, a keyboard or strong contrast cannot use."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response
    assert len(found["passes"]) > 10  # it has looked
    return [f"{fault['id']}: {node['html'][:200]}" for fault in found["violations"] for node in fault["nodes"]]


def opened(browser, path, width=1400):
    page = browser.new_page(viewport={"width": width, "height": 900}, accept_downloads=True)
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(path.as_uri())
    page.wait_for_function("[...document.querySelectorAll('.chart')].every((chart) => chart.querySelector('.gtitle'))")
    page.wait_for_timeout(500)
    return page
