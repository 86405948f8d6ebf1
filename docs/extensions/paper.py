"""Figures and verdicts of the paper's studies, from the result files in docs/paper/results.

A page asks for a study with a line `<!-- study: NAME -->`: it gets, for every network that has results, the figure,
the verdicts and where they come from. Other marks are

- `<!-- verdicts -->`: all verdicts in one table,
- `<!-- counts -->`: how many there are of each kind,
- `<!-- value: NETWORK STUDY NUMBER -->`: the value of one verdict with its interval (the first is number 1),
- `<!-- point: NETWORK STUDY PANEL LINE POINT FACTOR -->`: one value of a figure times a factor (counted from 0).

The gallery asks for the figure of a network alone with `<!-- figure: NETWORK STUDY -->`.

Nothing that is measured is written into a page by hand.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from html import escape
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from bitline.numerics.text import number
from bitline.paper import Drawing, Verdict, catalogue, corrected
from extensions.made import folder_of, link_to

RESULTS = Path(__file__).parent.parent / "paper" / "results"
NETWORKS = {
    "fashion-resnet": "Fashion-MNIST ResNet",
    "cifar-resnet20": "CIFAR-10 ResNet-20",
    "cifar-resnet56": "CIFAR-10 ResNet-56",
    "resnet18": "ImageNet ResNet-18",
    "resnet50": "ImageNet ResNet-50",
    "several": "several networks",
}
"""Folders of results, in the order of a page, and how they are called there."""
MARKS = {"holds": "✓ holds", "does not hold": "✗ does not hold", "not decided": "? not decided"}

Results = dict[str, dict[str, dict[str, Any]]]
"""Content of result files by network and study."""


def results() -> Results:
    """All result files; those of studies that are not in the catalogue are an error."""
    known = catalogue()
    found: Results = {}
    for network in NETWORKS:
        files = sorted((RESULTS / network).glob("*.json"))
        found[network] = {path.stem: json.loads(path.read_text()) for path in files}
        unknown = [name for name in found[network] if name not in known]
        if unknown:
            raise ExtensionError(f"docs/paper/results/{network}/{unknown[0]}.json belongs to no study of the paper")
    return found


def fill(app: Sphinx, page: str, source: list[str]) -> None:
    """Put results in the place of a page's marks, and draw the figures that it then shows."""
    if not page.startswith(("paper/", "gallery/")):
        return
    source[0] = filled(source[0], link_to(app, page))
    for network, studies in results().items():
        for name, content in studies.items():
            if f"/{network}-{name}.svg" in source[0]:
                figure = Drawing.from_dict(content["figure"]).figure()
                path = folder_of(app) / f"{network}-{name}.svg"
                figure.savefig(path, format="svg", bbox_inches="tight", metadata={"Date": None})


def filled(markdown: str, pictures: str) -> str:
    """Markdown with results in the place of its marks.

    Args:
        markdown: text of a page.
        pictures: folder of the figures, as the page calls it.
    """
    found = results()
    markdown = re.sub(r"<!-- study: (\S+) -->", lambda match: _study(match[1], found, pictures), markdown)
    markdown = re.sub(r"<!-- figure: (\S+) (\S+) -->", lambda match: _figure(match, found, pictures), markdown)
    markdown = re.sub(r"<!-- value: (\S+) (\S+) (\d+) -->", lambda match: _value(match, found), markdown)
    markdown = re.sub(
        r"<!-- point: (\S+) (\S+) (\d+) (\d+) (\d+) (\S+) -->", lambda match: _point(match, found), markdown
    )
    markdown = markdown.replace("<!-- counts -->", _counts(found))
    return markdown.replace("<!-- verdicts -->", _verdicts(found))


def _study(name: str, found: Results, pictures: str) -> str:
    """A tab for each network that has results of the study."""
    if name not in catalogue():
        raise ExtensionError(f"the paper has no study {name!r}")
    blocks = []
    for network, studies in found.items():
        if name not in studies:
            continue
        content = studies[name]
        picture = f"![{content['title']}]({pictures}/{network}-{name}.svg)"
        lines = [picture, "", *_table(content["verdicts"]), ""]
        lines += [f"- {remark}" for remark in content["remarks"]]
        lines += ["", f"<small>{_provenance(content['provenance'])}</small>"]
        blocks += [f":::{{tab-item}} {NETWORKS[network]}", f":sync: {network}", "", *lines, "", ":::"]
    if not blocks:
        raise ExtensionError(f"there are no results of study {name!r}: run it and keep its .json in docs/paper/results")
    return "\n".join(["::::{tab-set}", ":sync-group: network", "", *blocks, "::::"])


def _figure(match: re.Match[str], found: Results, pictures: str) -> str:
    network, name = match.groups()
    if name not in found.get(network, {}):
        raise ExtensionError(f"{match[0]} names no result in docs/paper/results")
    content = found[network][name]
    caption = f"*{NETWORKS[network]}: {content['title']}.* <small>{_provenance(content['provenance'])}</small>"
    return f"![{content['title']}]({pictures}/{network}-{name}.svg)\n\n{caption}"


def _table(contents: list[dict[str, Any]]) -> list[str]:
    """Each claim with its verdict, and the quantity that decided: its value, its interval, and the bound claimed."""
    rows = ["| claim | verdict | quantity | value | claimed | paper |", "| --- | --- | --- | ---: | --- | --- |"]
    for verdict in map(Verdict.from_dict, contents):
        mark = f"{MARKS[verdict.words]} ({verdict.needed})" if verdict.needed else MARKS[verdict.words]
        cells = (verdict.claim, mark, verdict.quantity, verdict.found, verdict.claimed, verdict.published)
        rows.append(f"| {' | '.join(map(_cell, cells))} |")
    return rows


def _cell(text: str) -> str:
    return escape(text, quote=False).replace("|", "\\|")


def _provenance(facts: dict[str, Any]) -> str:
    others = f"; others: {', '.join(facts['others'])}" if facts.get("others") else ""
    return escape(
        f"{facts['model']}{others}; data {facts['data']}; {facts['images']} images, {facts['calibration images']} for "
        f"calibration, {facts['chips']} chips, seed {facts['seed']}; bitline {facts['bitline']}, PyTorch "
        f"{facts['torch']}, Python {facts['python']}; {facts['date']}, {facts['seconds']} s"
    )


def _value(match: re.Match[str], found: Results) -> str:
    try:
        content = found[match[1]][match[2]]["verdicts"][int(match[3]) - 1]
    except (KeyError, IndexError):
        raise ExtensionError(f"{match[0]} names no verdict in docs/paper/results") from None
    return Verdict.from_dict(content).found


def _point(match: re.Match[str], found: Results) -> str:
    network, study, panel, line, point, factor = match.groups()
    try:
        value = found[network][study]["figure"]["panels"][int(panel)]["lines"][int(line)]["y"][int(point)]
    except (KeyError, IndexError):
        raise ExtensionError(f"{match[0]} names no point of a figure in docs/paper/results") from None
    return number(None if value is None else value * float(factor), 3) or "unknown"


def _counts(found: Results) -> str:
    """How many claims are decided in each way, if those of a network are read together; see `corrected`."""
    counted: Counter[str] = Counter()
    for studies in found.values():
        verdicts = [Verdict.from_dict(verdict) for content in studies.values() for verdict in content["verdicts"]]
        counted.update(corrected(verdicts))
    return ", ".join(f"{counted[word]} {word}" for word in MARKS)


def _verdicts(found: Results) -> str:
    networks = [network for network in NETWORKS if found[network]]
    head = ["study", "claim", *(NETWORKS[network] for network in networks)]
    rows = [f"| {' | '.join(head)} |", "|" + " --- |" * len(head)]
    for name, study in catalogue().items():
        claims: dict[str, dict[str, str]] = {}
        for network in networks:
            for verdict in found[network].get(name, {}).get("verdicts", ()):
                claims.setdefault(verdict["claim"], {})[network] = MARKS[verdict["verdict"]].split()[0]
        for claim, words in claims.items():
            cells = [f"{study.shows}", _cell(claim), *(words.get(network, "") for network in networks)]
            rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", fill)
    return {"parallel_read_safe": True}
