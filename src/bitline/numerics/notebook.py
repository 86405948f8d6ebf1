"""Results as notebooks show them: small tables in the colours of the page, light or dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

MOST = 12
"""Rows that are shown."""
BLUE = "#0072b2"
"""Of marks."""
STRIP = 320
"""Width of a strip in pixels."""
CELL = "padding:.15em .8em .15em 0;border:0;background:none;color:inherit"


def table_html(title: str, rows: Sequence[Sequence[str]], last: Sequence[str] = (), most: int = MOST) -> str:
    """A title, a table and further lines, as HTML; the arguments are those of `summary.summary`.

    Colours are those of the page around it, so that it can be read on a dark one.

    Args:
        title: above the table.
        rows: cells as text; the first row is the head. The first column stands at the left, the others at the right.
        last: lines below the table.
        most: rows below the head that are shown at most.

    Examples:
        >>> table_html("1 layer", [("layer", "MACs"), ("<fc>", "640")]).count("&lt;fc&gt;")
        1
    """
    head, *body = rows
    lines = [_row(head, "th"), *(_row(row, "td") for row in body[:most])]
    hidden = len(body) - most
    notes = [*([f"and {hidden:,} more"] if hidden > 0 else []), *last]
    below = "".join(f'<div style="opacity:.75">{escape(line)}</div>' for line in notes)
    return (
        f'<div style="font-size:.9em"><b>{escape(title)}</b>'
        f'<table style="border-collapse:collapse;margin:.3em 0;color:inherit">{"".join(lines)}</table>{below}</div>'
    )


def folded_html(title: str, content: str) -> str:
    """HTML that is shown where somebody opens it.

    Examples:
        >>> folded_html("layers", "<p>fc</p>")
        '<details><summary style="cursor:pointer">layers</summary><p>fc</p></details>'
    """
    return f'<details><summary style="cursor:pointer">{escape(title)}</summary>{content}</details>'


def strip_html(shares: Sequence[float], what: str) -> str:
    """A strip with a mark for each share, from the smallest to the largest per cent around them.

    Args:
        shares: fractions.
        what: they are, for those who do not see it.

    Examples:
        >>> strip_html([0.9, 0.92], "accuracy of each chip").count("<circle")
        2
    """
    percents = [100 * share for share in shares]
    low, high = max(0.0, min(percents) - 1), min(100.0, max(percents) + 1)
    span = max(high - low, 1e-9)
    places = [8 + (percent - low) / span * (STRIP - 16) for percent in percents]
    marks = "".join(f'<circle cx="{place:.1f}" cy="10" r="5" fill="{BLUE}" fill-opacity=".6"/>' for place in places)
    label = escape(f"{what}: {', '.join(f'{percent:.2f} %' for percent in percents)}", quote=True)
    ends = (f'<text x="0" y="30">{low:.1f} %</text>', f'<text x="{STRIP}" y="30" text-anchor="end">{high:.1f} %</text>')
    return (
        f'<svg width="{STRIP}" height="34" role="img" aria-label="{label}" font-size="11" fill="currentColor">'
        f'<path d="M0 10H{STRIP}" stroke="currentColor" stroke-opacity=".3"/>{marks}{"".join(ends)}</svg>'
    )


def _row(cells: Sequence[str], tag: str) -> str:
    aligned = ["left", *["right"] * (len(cells) - 1)]
    inner = "".join(
        f'<{tag} style="{CELL};text-align:{side}">{escape(cell)}</{tag}>'
        for cell, side in zip(cells, aligned, strict=True)
    )
    return f'<tr style="background:none">{inner}</tr>'
