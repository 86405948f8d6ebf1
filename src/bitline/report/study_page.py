"""The report of a study: one HTML file that opens offline, holds its figures and data, and says how it was made."""

from __future__ import annotations

import html
import json
from importlib import resources
from pathlib import Path
from typing import Any

from plotly.offline import get_plotlyjs

import bitline
from bitline.config.files import write_text
from bitline.measures import ACCURACY, Measure
from bitline.numerics.text import number
from bitline.report.figures.chain import chain_drawing
from bitline.report.figures.study_series import label_of, measured
from bitline.report.shown_designs import shown_designs
from bitline.report.study_rows import columns_of, rows_of, shared_lines, stored_design
from bitline.report.study_sections import Section, sections_of
from bitline.report.style import METHOD
from bitline.study.results import StudyResult
from bitline.study.task import FLOAT

LARGEST_ERRORS = 20
"""Failed designs that are listed."""


def write_study(path: Path, result: StudyResult) -> None:
    """Write the report of a study.

    Args:
        path: file to write; an existing one is replaced in one step.
        result: results of the study, which need not be finished.

    Examples:
        >>> from bitline.study import Study
        >>> result = StudyResult(Study(name="bits"), facts={}, sessions=(), designs=(), float_accuracy=0.9123)
        >>> write_study(Path("bits.html"), result)
        >>> page = Path("bits.html").read_text()
        >>> "<title>bitline: bits</title>" in page, "<b>91.23 %</b>floating point" in page
        (True, True)
    """
    sections = sections_of(result)
    shown = shown_designs(result)
    columns = columns_of(shown)
    rows, lines = shared_lines(rows_of(shown))
    body = [
        _head(result),
        _chain(result),
        *(_section(section) for section in sections),
        _table(columns, _left_out(result, shown), _example(result.measure)),
        _how(result, path),
    ]
    data = {
        "columns": [{"name": name} for name in columns],
        "lines": lines,
        "rows": rows,
        "figures": [
            {"id": _chart_id(section, index), **json.loads(figure.to_json())}
            for section in sections
            for index, figure in enumerate(section.figures)
        ],
    }
    write_text(path, _page(f"bitline: {result.study.name}", "".join(body), data))


def _page(title: str, body: str, data: dict[str, Any]) -> str:
    """The whole file.

    Args:
        title: of the window.
        body: what is shown.
        data: what the script draws, by the name of its element.
    """
    style, script = _asset("study.css"), _asset("study.js")
    elements = "".join(
        f'<script type="application/json" id="{name}">{_json(value)}</script>' for name, value in data.items()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{style}</style><script>{get_plotlyjs()}</script></head>"
        f"<body><main>{body}</main>{elements}<script>{script}</script></body></html>\n"
    )


def _head(result: StudyResult) -> str:
    study, done = result.study, measured(result)
    finished = sum(design.finished for design in result.designs)
    numbers = [("designs", number(len(result.designs))), ("finished", number(finished))]
    if done:
        measure = result.measure
        best = max(done, key=lambda design: measure.sign * design.mean)
        numbers += [("images", f"{best.images:,}"), (f"best {measure.name}", measure.shown(best.mean))]
    if result.float_accuracy is not None:
        numbers.append(("floating point", result.measure.shown(result.float_accuracy)))
    boxes = "".join(f"<div><b>{html.escape(value)}</b>{html.escape(name)}</div>" for name, value in numbers)
    return (
        f'<h1>{html.escape(study.name)}</h1><p class="soft">{html.escape(study.description)}</p>'
        f'<div class="numbers">{boxes}</div>{_failures(result)}{"".join(map(_note, result.notes))}'
    )


def _failures(result: StudyResult) -> str:
    failed = [(label_of(design), design.error) for design in result.designs if design.error]
    count = f"{len(failed)} designs failed:" if failed else ""
    if result.error:
        failed.insert(0, (FLOAT, result.error))
    listed = "".join(f"<li>{html.escape(name)}: {html.escape(error)}</li>" for name, error in failed[:LARGEST_ERRORS])
    return f"<p>{count}</p><ul>{listed}</ul>" if failed else ""


def _chain(result: StudyResult) -> str:
    if not result.designs:
        return ""
    title = "<h2>What was run</h2>"
    design = stored_design(result.designs[0].design)
    if design is None:
        return f"{title}{_note('The design cannot be drawn on this machine; the table below has all its settings.')}"
    varied = ", ".join(result.settings)
    note = f"The first design; the study varies {varied}." if varied else "The design."
    return f'{title}<div class="scroll">{chain_drawing(design)}</div>{_note(note)}'


def _section(section: Section) -> str:
    """A section with the places where the script draws its figures."""
    places = "".join(
        f'<div class="chart" id="{_chart_id(section, index)}" role="img" '
        f'aria-label="{html.escape(figure.layout.title.text, quote=True)}" '
        f'style="min-height:{figure.layout.height or 420}px"></div>'
        for index, figure in enumerate(section.figures)
    )
    title = f"<h2>{html.escape(section.title)}</h2>"
    return f'<section id="{section.name}-part">{title}{places}{_note(section.note)}</section>'


def _chart_id(section: Section, index: int) -> str:
    return f"chart-{section.name}-{index}"


def _left_out(result: StudyResult, shown: StudyResult) -> str:
    """What the table leaves out, in words."""
    if len(shown.designs) == len(result.designs):
        return ""
    best = "most accurate" if result.measure == ACCURACY else "best"
    return (
        f"{len(shown.designs):,} of {len(result.designs):,} designs: those that no other one beats in "
        f"{result.measure.name} and a cost, the {best} ones, and an even choice of the others. 'bitline results' "
        "exports all of them."
    )


def _example(measure: Measure) -> str:
    """What can be written into the filter."""
    return "accuracy&gt;90 energy&lt;2" if measure == ACCURACY else "chips&gt;1 energy&lt;2"


def _table(columns: list[str], note: str, example: str) -> str:
    heads = "".join(
        f'<th scope="col"><button type="button" title="sort">{html.escape(name)}</button></th>' for name in columns
    )
    return (
        f'<h2 id="table">{"Designs" if note else "All designs"}</h2>{_note(note)}'
        '<div class="bar"><input type="search" id="filter" '
        f'placeholder="filter: words, or {example}" aria-label="filter designs">'
        '<span id="count" class="soft" role="status"></span>'
        '<button class="button" id="download" type="button">download CSV</button></div>'
        f'<div class="scroll"><table id="designs"><thead><tr>{heads}</tr></thead><tbody></tbody></table></div>'
        '<div id="details" hidden><h3></h3><pre></pre></div>'
    )


def _how(result: StudyResult, path: Path) -> str:
    facts = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{html.escape(value)}</td></tr>" for name, value in result.facts.items()
    )
    sessions = "".join(
        f"<tr><td>{html.escape(session['began'])}</td><td>{html.escape(_words(session['versions']))}</td>"
        f"<td>{html.escape(_words({k: v for k, v in session['hardware'].items() if k != 'node'}))}</td></tr>"
        for session in result.sessions
    )
    notes = dict.fromkeys(note for design in result.designs for note in design.costs.get("notes", []))
    listed = "".join(f"<li>{html.escape(note)}</li>" for note in notes)
    command = f"bitline sweep {result.study.name}.toml --out {path.stem}.sqlite\nbitline report {path.stem}.sqlite"
    return (
        f"<h2>How to reproduce it</h2><p>Save the study as {html.escape(result.study.name)}.toml and run</p>"
        f"<pre>{html.escape(command)}</pre><pre>{html.escape(result.study.to_toml())}</pre>"
        f'<div class="scroll"><table>{facts}</table></div>'
        f'<h3>Runs</h3><div class="scroll"><table>{sessions}</table></div>'
        + (f"<h3>Notes on cost</h3><ul>{listed}</ul>" if listed else "")
        + f'<p class="soft">bitline {bitline.__version__}; {METHOD}</p>'
    )


def _note(note: str) -> str:
    return f'<p class="soft">{html.escape(note)}</p>' if note else ""


def _words(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items() if value is not None)


def _json(value: Any) -> str:
    """JSON inside a script element, which no text of it can end or open: '<' only stands in words."""
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c")


def _asset(name: str) -> str:
    return (resources.files("bitline.report") / "assets" / name).read_text(encoding="utf-8")
