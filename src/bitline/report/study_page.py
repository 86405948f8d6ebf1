"""The report of a study: one HTML file that opens offline, holds its figures and data, and says how it was made."""

from __future__ import annotations

import html
import shlex
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

from bitline.config.files import write_text
from bitline.measures import ACCURACY
from bitline.numerics.text import number
from bitline.report.figures.chain import chain_drawing
from bitline.report.figures.study_series import label_of, measured
from bitline.report.labels import label_of_setting
from bitline.report.packed import EXACT, packed_rows
from bitline.report.page import Section, cards, contents, note, page, scrolling, table
from bitline.report.shown_designs import shown_designs
from bitline.report.study_rows import columns_of, designs_of, head_of, stored_design
from bitline.report.study_sections import sections_of
from bitline.study.results import StudyResult
from bitline.study.store import ASIDE, FRONT
from bitline.study.task import FLOAT

CHOOSE = "Choose a design"
CHOSEN_FROM = 100_000
"""Designs that the page has to choose from; of more, the same choice as for its charts, but larger."""
LARGEST_ERRORS = 20
"""Failed designs that are listed."""


def write_study(path: Path, result: StudyResult) -> None:
    """Write the report of a study.

    Args:
        path: file to write; an existing one is replaced in one step.
        result: results of the study, which need not be finished.

    Examples:
        >>> from bitline.study import Study
        >>> result = StudyResult(Study(name="bits"), facts={}, sessions=(), designs=(), float_value=0.9123)
        >>> write_study(Path("bits.html"), result)
        >>> page = Path("bits.html").read_text()
        >>> "<title>bitline: bits</title>" in page, "<b>91.23 %</b>floating point" in page
        (True, True)
    """
    sections = sections_of(result)
    listed = shown_designs(result, CHOSEN_FROM)
    designs, lines = designs_of(listed, shown_designs(result))
    body = [
        _head(result),
        contents([*sections, Section("choose", CHOOSE)]) if sections else "",
        _chain(result),
        *(section.html for section in sections),
        _chooser(listed, _left_out(result, listed)),
        _how(result, path),
    ]
    data = {"packed": packed_rows(listed), "in-full": designs, "lines": lines}
    write_text(path, page(f"bitline: {result.study.name}", body, sections, data))


def _head(result: StudyResult) -> str:
    study, done = result.study, measured(result)
    finished = sum(design.finished for design in result.designs)
    numbers = [("designs", number(len(result.designs))), ("finished", number(finished))]
    if done:
        measure = result.measure
        best = min(done, key=lambda design: design.rank)
        numbers += [
            (f"{measure.sample}s", f"{best.images:,}"),
            (f"best {measure.name}", measure.shown(best.mean)),
        ]
    if result.float_value is not None:
        numbers.append(("floating point", result.measure.shown(result.float_value)))
    return (
        f"<h1>{html.escape(study.name)}</h1>{note(study.description)}"
        f"{cards(numbers)}{_failures(result)}{''.join(map(note, result.notes))}"
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
        return f"{title}{note('The design cannot be drawn on this machine; the table below has all its settings.')}"
    varied = ", ".join(label_of_setting(name).name for name in result.settings)
    words = f"The first design; the study varies {varied}." if varied else "The design."
    return f"{title}{scrolling(chain_drawing(design))}{note(words)}"


def _left_out(result: StudyResult, listed: StudyResult) -> str:
    """What the table leaves out, in words."""
    if len(listed.designs) < len(result.designs):
        best = "most accurate" if result.measure == ACCURACY else "best"
        return (
            f"{len(listed.designs):,} of {len(result.designs):,} designs: those that no other one beats in "
            f"{result.measure.name} and a cost, the {best} ones, and an even choice of the others. 'bitline results' "
            "exports all of them."
        )
    return "Numbers have seven digits here; 'bitline results' exports all." if len(listed.designs) > EXACT else ""


def _chooser(result: StudyResult, left_out: str) -> str:
    """Where designs are chosen: a chart, ranges, words, and the table of those that are chosen."""
    example = "accuracy&gt;90 energy&lt;2" if result.measure == ACCURACY else "chips&gt;1 energy&lt;2"
    sample = result.measure.sample
    heads = "".join(
        f'<th scope="col" data-name="{html.escape(name, quote=True)}"><button type="button" '
        f'title="sort by {html.escape(name, quote=True)}">{html.escape(head_of(name, sample))}</button></th>'
        for name in columns_of(result)
    )
    text = (resources.files("bitline.report") / "assets" / "chooser.html").read_text(encoding="utf-8")
    parts = {"title": CHOOSE, "note": note(left_out), "measure": html.escape(result.measure.name), "example": example}
    parts["table"] = scrolling(f'<table id="designs"><thead><tr>{heads}</tr></thead><tbody></tbody></table>')
    return Template(text).substitute(parts)


def _how(result: StudyResult, path: Path) -> str:
    sessions = [
        (
            session["began"],
            _words(session["versions"]),
            _words({**session["hardware"], "node": None}),
        )
        for session in result.sessions
    ]
    notes = dict.fromkeys(note for design in result.designs for note in design.costs.get("notes", []))
    listed = "".join(f"<li>{html.escape(note)}</li>" for note in notes)
    began = "explore" if FRONT in result.facts else "sweep"
    file, store = shlex.quote(f"{result.study.name}.toml"), shlex.quote(f"{path.stem}.sqlite")
    command = f"bitline {began} {file} --out {store}\nbitline report {store}"
    facts = [(name, value) for name, value in result.facts.items() if name not in ASIDE]
    return (
        f"<h2>How to reproduce it</h2><p>Save the study as {html.escape(result.study.name)}.toml and run</p>"
        f'<pre tabindex="0">{html.escape(command)}</pre><pre tabindex="0">{html.escape(result.study.to_toml())}</pre>'
        + table(["what results depend on", "value"], facts, words=2)
        + f"<h3>Runs</h3>{table(['began', 'versions', 'machine'], sessions, words=3)}"
        + (f"<h3>Notes on cost</h3><ul>{listed}</ul>" if listed else "")
    )


def _words(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items() if value is not None)
