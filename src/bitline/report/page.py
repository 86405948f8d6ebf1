"""The shell that all reports share: one HTML file that opens offline, with its style, its charts and their library."""

from __future__ import annotations

import base64
import gzip
import html
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import bitline
from bitline.report.style import METHOD

if TYPE_CHECKING:
    import plotly.graph_objects as go

MAIN = "study.js"
"""The script that begins."""
MODULES = (
    "charts.js", "choose.js", "front.js", "packed.js", "points.js", "ranges.js", "scales.js", "table.js", "text.js",
)  # fmt: skip
"""What it imports, by the name `bitline/charts.js` and so on."""


@dataclass(frozen=True)
class Section:
    """Figures that belong together.

    Attributes:
        name: what it is called in the page's links and identifiers.
        title: what is above it.
        figures: one or more figures.
        note: what is below them; may be empty.
        content: HTML below that; may be empty.
    """

    name: str
    title: str
    figures: tuple[go.Figure, ...] = ()
    note: str = ""
    content: str = ""

    @property
    def html(self) -> str:
        """The section with the places where the script draws its figures."""
        places = "".join(
            f'<div class="chart" id="{place}" role="img" aria-label="{html.escape(_title_of(figure), quote=True)}" '
            f'style="height:{figure.layout.height or 420}px"></div>'
            for place, figure in self.placed
        )
        title = f"<h2>{html.escape(self.title)}</h2>"
        return f'<section id="{self.name}-part">{title}{places}{note(self.note)}{self.content}</section>'

    @property
    def placed(self) -> list[tuple[str, go.Figure]]:
        """The figures with the identifiers of their places."""
        return [(f"chart-{self.name}-{index}", figure) for index, figure in enumerate(self.figures)]


def _title_of(figure: go.Figure) -> str:
    return str(figure.layout.title.text or "chart")


def page(title: str, body: Iterable[str], sections: Sequence[Section], data: dict[str, Any]) -> str:
    """The whole file.

    Args:
        title: of the window.
        body: HTML of the page, in order.
        sections: whose figures the script draws.
        data: what else the script uses, by the name of its element.

    Examples:
        >>> text = page("bits", ["<h1>bits</h1>"], [], {})
        >>> "<title>bits</title>" in text, "cdn" in text.partition("<body>")[2]
        (True, False)
    """
    figures = [
        {"id": place, **json.loads(figure.to_json())} for section in sections for place, figure in section.placed
    ]
    elements = "".join(
        f'<script type="application/json" id="{name}">{_json(value)}</script>'
        for name, value in {**data, "figures": figures}.items()
    )
    library = f'<script type="application/octet-stream" id="plotly">{_library()}</script>' if figures else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_asset('study.css')}</style></head>"
        f"<body><main>{''.join(body)}{note(f'bitline {bitline.__version__}; {METHOD}')}</main>"
        f'{elements}{library}{_modules()}<script type="module">{_asset(MAIN)}</script></body></html>\n'
    )


def cards(numbers: Iterable[tuple[str, str]]) -> str:
    """The numbers that matter most, each with its name; empty ones are left out.

    Examples:
        >>> cards([("energy", "2.2 µJ"), ("area", "")])
        '<div class="numbers"><div><b>2.2 µJ</b>energy</div></div>'
    """
    boxes = (f"<div><b>{html.escape(value)}</b>{html.escape(name)}</div>" for name, value in numbers if value)
    return f'<div class="numbers">{"".join(boxes)}</div>'


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """A table, which scrolls where it is wider than the page.

    Args:
        heads: names of the columns.
        rows: cells as text.
        words: columns at the left that hold words; those behind them hold numbers.

    Examples:
        >>> "<td class=\\"number\\">10</td>" in table(["layer", "rows"], [["fc", "10"]])
        True
    """
    kinds = ["" if place < words else ' class="number"' for place in range(len(heads))]
    head = "".join(f'<th scope="col"{kind}>{html.escape(name)}</th>' for kind, name in zip(kinds, heads, strict=True))
    body = "".join(
        f"<tr>{''.join(f'<td{kind}>{html.escape(cell)}</td>' for kind, cell in zip(kinds, row, strict=True))}</tr>"
        for row in rows
    )
    return scrolling(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")


def scrolling(content: str) -> str:
    """HTML that may be wider than the page; the keyboard reaches it, too.

    Examples:
        >>> scrolling("<table></table>")
        '<div class="scroll" tabindex="0"><table></table></div>'
    """
    return f'<div class="scroll" tabindex="0">{content}</div>'


def note(text: str) -> str:
    """A line in soft letters; nothing where there is no text.

    Examples:
        >>> note("a < b"), note("")
        ('<p class="soft">a &lt; b</p>', '')
    """
    return f'<p class="soft">{html.escape(text)}</p>' if text else ""


def contents(sections: Iterable[Section]) -> str:
    """Links to the sections of a long page.

    Examples:
        >>> contents([Section("cost", "Cost")])
        '<nav aria-label="contents"><a href="#cost-part">Cost</a></nav>'
    """
    links = (f'<a href="#{section.name}-part">{html.escape(section.title)}</a>' for section in sections)
    return f'<nav aria-label="contents">{"".join(links)}</nav>'


@cache
def _library() -> str:
    """Plotly's script, packed: 2 MB in place of 4.8."""
    from plotly.offline import get_plotlyjs

    return base64.b64encode(gzip.compress(get_plotlyjs().encode(), mtime=0)).decode()


def _json(value: Any) -> str:
    """JSON inside a script element, which no text of it can end or open: '<' only stands in words."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _modules() -> str:
    """The map that gives the page its modules by name; they lie in it, as a page from a disk may load nothing."""
    imports = {
        f"bitline/{name}": f"data:text/javascript;base64,{base64.b64encode(_asset(name).encode()).decode()}"
        for name in MODULES
    }
    return f'<script type="importmap">{_json({"imports": imports})}</script>'


def _asset(name: str) -> str:
    return (resources.files("bitline.report") / "assets" / name).read_text(encoding="utf-8")
