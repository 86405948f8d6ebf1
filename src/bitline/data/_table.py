"""labels.csv, as people and spreadsheets write it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from bitline.config.decoded import decoded
from bitline.data.archives import LARGE
from bitline.errors import DataError

DELIMITERS = ",;\t|"

FILE_NAMES = (
    "file",
    "filename",
    "path",
    "filepath",
    "image",
    "imagename",
    "imagepath",
    "img",
    "imgpath",
    "picture",
    "name",
)
LABEL_NAMES = ("label", "class", "target", "category", "y", "labels", "labelid", "classid", "classname", "classindex")
"""Columns that are taken where there is no `file` or `label`; case, spaces, hyphens and underscores do not matter."""


@dataclass(frozen=True)
class Row:
    """A picture and its label.

    Attributes:
        line: number of its line in the file, from 1.
        file: path of the picture.
        label: the label as it is written.
    """

    line: int
    file: str
    label: str


def read_table(content: bytes, name: str) -> tuple[list[Row], list[str]]:
    """Rows of labels.csv, and notes on what was left out.

    Columns are separated by commas, semicolons, tabs or bars; the first line names them.

    Args:
        content: bytes of the file; UTF-8, UTF-16 with its mark, or else Latin-1.
        name: what messages call the file.

    Raises:
        DataError: the file is too large, a column is missing, a row lacks its picture or its label, or a picture has
            two labels.
    """
    if len(content) > LARGE:
        raise DataError(f"{name} holds {len(content):,} bytes: {LARGE:,} at most are read, use an .npz for more labels")
    notes: list[str] = []
    text = decoded_text(content, name, notes).replace("\r\n", "\n").replace("\r", "\n")
    first, *_ = text.split("\n", 1)
    skipped = 0
    if first.strip().strip('"').lower().startswith("sep="):
        text, skipped = text[len(first) + 1 :], 1
    try:
        head, delimiter, file, label = _columns(text, name)
        lines = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True, strict=True)
        cells = [(lines.line_num + skipped, [cell.strip() for cell in row]) for row in lines]
    except csv.Error as error:
        raise DataError(f"cannot read {name}: {error}; it needs the columns file and label") from None
    found: dict[str, Row] = {}
    repeated = 0
    filled = [(line, row) for line, row in cells if any(row)]
    for line, row in filled[1:]:
        if len(row) <= max(file, label) or any(row[len(head) :]):
            raise DataError(
                f"{name}, line {line}: {len(row)} fields, but there are {len(head)} columns: "
                "write one picture and its label in each line, names with a comma in quotes"
            )
        if not row[file]:
            raise DataError(f"{name}, line {line}: the name of the picture is missing")
        new = Row(line, row[file], row[label])
        earlier = found.setdefault(new.file, new)
        if earlier.label != new.label:
            raise DataError(
                f"{name}, line {line}: {new.file} has the label {new.label!r}, but {earlier.label!r} in line "
                f"{earlier.line}: leave the right one"
            )
        repeated += earlier is not new
    if repeated:
        notes.append(f"{name}: repeated rows that were left out: {repeated}")
    if not found:
        raise DataError(f"{name} names no pictures: write one picture and its label in each line")
    return list(found.values()), notes


def decoded_text(content: bytes, name: str, notes: list[str]) -> str:
    """A text in UTF-8, UTF-16 with its mark, or else Latin-1, which is noted."""
    text, is_latin = decoded(content)
    if is_latin:
        notes.append(f"{name} is not UTF-8: it was read as Latin-1")
    return text


def _columns(text: str, name: str) -> tuple[list[str], str, int, int]:
    """Names of the columns, what separates them, and the places of the picture and of the label."""
    shown: list[str] = []
    for delimiter in DELIMITERS:
        rows = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True, strict=True)
        head = next(([cell.strip() for cell in row] for row in rows if any(cell.strip() for cell in row)), [])
        plain = [plain_name(cell) for cell in head]
        file, label = place_of(plain, "file", FILE_NAMES), place_of(plain, "label", LABEL_NAMES)
        if file is not None and label is not None:
            return head, delimiter, file, label
        shown = max(shown, head, key=len)
    raise DataError(
        f"{name} has the columns {', '.join(shown[:20]) or '(none)'}: its first line must name one column 'file' and "
        "one 'label'"
    )


def plain_name(name: str) -> str:
    """The name of a column in lower case, without spaces, hyphens and underscores."""
    return re.sub(r"[ _-]", "", name.lower())


def place_of(names: Sequence[str], wanted: str, others: Sequence[str]) -> int | None:
    """Place of a column: the one of this name, or else the only one that means the same."""
    if names.count(wanted) == 1:
        return names.index(wanted)
    places = [place for place, name in enumerate(names) if name in others]
    return places[0] if len(places) == 1 else None
