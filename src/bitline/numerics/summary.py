"""Results as a person reads them in a terminal: a title and a few aligned lines of at most 80 columns."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH = 80
"""Longest line."""
MOST = 12
"""Rows that are shown."""
SHORTEST = 12
"""Characters that the first cell of a row has at least, however wide the others are."""
GAP = "  "
"""Between two columns."""


def summary(title: str, rows: Sequence[Sequence[str]], last: Sequence[str] = (), most: int = MOST) -> str:
    """A title, a table and further lines as one text.

    Args:
        title: first line.
        rows: cells of the table; the first row is its head. The first column stands at the left and is cut where it is
            long; the others stand at the right.
        last: lines below the table.
        most: rows below the head that are shown at most; a line counts the others.

    Examples:
        >>> print(summary("2 layers", [("layer", "MACs"), ("conv1", "9,216"), ("fc", "640")], ["float32"]))
        2 layers
        layer   MACs
        conv1  9,216
        fc       640
        float32
        >>> print(summary("3 layers", [("layer",), ("a",), ("b",), ("c",)], most=1))
        3 layers
        layer
        a
        and 2 more
    """
    shown = rows[: most + 1]
    widths = [max(map(len, column)) for column in zip(*(others for _, *others in shown), strict=True)]
    room = max(SHORTEST, WIDTH - sum(len(GAP) + width for width in widths))
    names = [cut(row[0], room) for row in shown]
    longest = max(map(len, names))
    texts = [
        GAP.join([f"{name:<{longest}}", *(f"{cell:>{width}}" for cell, width in zip(row[1:], widths, strict=True))])
        for name, row in zip(names, shown, strict=True)
    ]
    hidden = len(rows) - 1 - most
    more = [f"and {hidden:,} more"] if hidden > 0 else []
    return "\n".join(cut(line.rstrip()) for line in [title, *texts, *more, *last])


def cut(text: str, width: int = WIDTH) -> str:
    """A text on one line, cut where it is long.

    Examples:
        >>> cut("a long\\nname", 8)
        'a long …'
    """
    line = " ".join(text.splitlines())
    return line if len(line) <= width else f"{line[: width - 1]}…"


def counted(count: int, noun: str) -> str:
    """How many there are of something.

    Examples:
        >>> counted(1, "layer"), counted(1200, "image")
        ('1 layer', '1,200 images')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
