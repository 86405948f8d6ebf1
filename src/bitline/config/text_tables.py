"""Tables in text files, whatever separates their columns: which line each row is on, and rows that cannot be meant."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bitline.config.decoded import decoded

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = ("\t", ";", "|", ",")
"""Between the columns of a text file, the ones first that are never inside a number."""
COMMENT = "#"

Line = tuple[int, list[str]]
"""The number of a line in its file, from 1, and its fields."""


def read_text_table(path: Path) -> tuple[pd.DataFrame, str]:
    """The rows of a text file as texts, numbered by their lines, and what stands before decimals.

    Fields are separated by tabs, semicolons, bars or commas, whichever the header has, or by spaces where header and
    rows have as many words. Blank lines and lines that begin with '#' are left out; the last of these is the header
    where only numbers follow.

    Args:
        path: of the file, in UTF-8, UTF-16 or a Windows encoding.

    Raises:
        ValueError: it is no text, has no rows, or a row has more fields than the header.

    Examples:
        >>> path = Path("cells.csv")
        >>> _ = path.write_text("# die 3\\n\\ntarget;measured\\n5,0;4,9\\n")
        >>> frame, decimal = read_text_table(path)
        >>> decimal, frame.to_dict("index")
        (',', {4: {'target': '5,0', 'measured': '4,9'}})
    """
    import pandas as pd  # here, for the start-up of what does not need it

    lines = [(number, text.strip(" \r")) for number, text in enumerate(_decoded(path).split("\n"), 1) if text.strip()]
    comments = [(number, text.lstrip(f"{COMMENT} ")) for number, text in lines if text.startswith(COMMENT)]
    kept = [(number, text) for number, text in lines if not text.startswith(COMMENT)]
    if comments and (not kept or _is_number(re.split(r"[\t;|, ]", kept[0][1])[0])):
        kept = [comments[-1], *kept]
    if not kept:
        raise ValueError("it has no header and no rows")
    separator = _separator(kept)
    (_, header), *rows = ((number, _fields(text, separator)) for number, text in kept)
    cells = [_fitting(row, header) for row in rows]
    decimal = "," if separator != "," and any(re.search(r"\d,\d", text) for _, text in kept[1:]) else "."
    names = [name or f"Unnamed: {place}" for place, name in enumerate(header)]
    return pd.DataFrame(cells, index=[number for number, _ in rows], columns=names, dtype=object), decimal


def _decoded(path: Path) -> str:
    text, _ = decoded(path.read_bytes())
    if "\0" in text:
        raise ValueError("it is no text: save the table as a .csv file")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _separator(lines: Sequence[tuple[int, str]]) -> str | None:
    """What separates fields; None for spaces."""
    (_, head), *rows = lines
    known = next((mark for mark in SEPARATORS if mark in head), None)
    words = len(head.split())
    if known is None and rows and words > 1 and len(rows[0][1].split()) == words:
        return None
    return known or ","


def _fields(text: str, separator: str | None) -> list[str]:
    if separator is None:
        return text.split()
    try:
        return [field.strip() for field in next(csv.reader([text], delimiter=separator, skipinitialspace=True))]
    except csv.Error as error:  # a field of 130,000 characters
        raise ValueError(str(error)) from None


def _fitting(row: Line, header: Sequence[str]) -> list[str | float]:
    """A field for each column, NaN where there is none."""
    number, fields = row
    while len(fields) > len(header) and not fields[-1]:
        fields = fields[:-1]
    if len(fields) > len(header):
        raise ValueError(
            f"line {number} has {len(fields)} fields and the header {len(header)}: give each column a header, and "
            "decimal commas another separator, such as ';'"
        )
    return [field or math.nan for field in fields] + [math.nan] * (len(header) - len(fields))


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?", text.strip(), re.IGNORECASE))
