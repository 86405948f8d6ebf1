"""Every setting of a design, from the design itself, where a page says `<!-- settings: SECTION -->`."""

from __future__ import annotations

import re
from typing import Any

from bitline.config.described import Described, described
from bitline.design import Design


def fill(app: Any, page: str, source: list[str]) -> None:
    """A page with tables in place of its marks."""
    source[0] = re.sub(r"<!-- settings: (\w+) -->", lambda mark: table(mark[1]), source[0])


def table(section: str) -> str:
    """The settings of one section as a table of Markdown."""
    rows = [row for row in described(Design) if re.split(r"\W", row.name)[0] == section]
    return "\n".join(["| setting | default | values | meaning |", "| --- | --- | --- | --- |", *map(_row, rows)])


def _row(row: Described) -> str:
    only = f"*Only where `{row.condition}`.*" if row.condition else ""
    meaning = " ".join(filter(None, (row.meaning, only)))
    default = f"`{row.default}`" if row.default else ""
    cells = (f'<span id="{row.name}">`{row.name}`</span>', default, row.values, meaning)
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def setup(app: Any) -> dict[str, bool]:
    app.connect("source-read", fill)
    return {"parallel_read_safe": True}
