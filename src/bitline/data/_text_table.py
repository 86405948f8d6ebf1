"""Tables of labelled texts, as people and programs write them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

from bitline.data._table import LABEL_NAMES, decoded_text, place_of, plain_name
from bitline.errors import DataError

TEXT_NAMES = ("sentence", "question", "content", "review", "comment", "utterance", "query", "document", "texts")
"""Columns that are taken where there is no `text`; case, spaces, hyphens and underscores do not matter."""
LABEL_HEADERS = (*LABEL_NAMES, "intent", "score")
DELIMITERS = {".csv": ",;\t|", ".tsv": "\t"}

Row = tuple[str, str, str]
"""Where a text stands, for messages, the text, and its label."""


def rows_of(path: Path, notes: list[str]) -> list[Row]:
    """The rows of a table.

    Args:
        path: a .csv or .tsv, whose first line names the columns, or a .jsonl, with an object in each line.
        notes: get what is to be said of how the table was read.

    Raises:
        DataError: the table cannot be read, has no rows, or lacks a column, or a row lacks its text.
    """
    rows = _of_json(path) if path.suffix.lower() == ".jsonl" else _of_csv(path, notes)
    if not rows:
        raise DataError(f"{path} has no rows: write a text and its label in each")
    for place, text, _ in rows:
        if not text.strip():
            raise DataError(f"{place}: the text is missing")
    return rows


def _of_csv(path: Path, notes: list[str]) -> list[Row]:
    text = decoded_text(path.read_bytes(), str(path), notes)
    head: list[str] = []
    try:
        for delimiter in DELIMITERS[path.suffix.lower()]:
            lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
            shown = [cell.strip() for cell in next((row for row in lines if any(row)), [])]
            places = _columns(shown)
            if places is not None:
                first, second = places
                return [_row(path, lines.line_num, row, len(shown), first, second) for row in lines if any(row)]
            head = max(head, shown, key=len)
    except csv.Error as error:
        raise DataError(f"cannot read {path}: {error}; it needs the columns text and label") from None
    raise _missing(path, head)


def _row(path: Path, line: int, row: list[str], columns: int, text: int, label: int) -> Row:
    if len(row) <= max(text, label) or any(row[columns:]):
        raise DataError(
            f"{path}, line {line}: {len(row)} fields, but there are {columns} columns: write one text and its label in "
            "each line, texts with a comma in quotes"
        )
    return f"{path}, line {line}", row[text], row[label].strip()


def _of_json(path: Path) -> list[Row]:
    rows = []
    for number, line in enumerate(decoded_text(path.read_bytes(), str(path), []).split("\n"), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            raise DataError(
                f"{path}, line {number}: no JSON: write an object with 'text' and 'label' in each line"
            ) from None
        names = list(map(str, entry)) if isinstance(entry, dict) else []
        places = _columns(names)
        if places is None:
            raise _missing(f"{path}, line {number},", names)
        text, label = (entry[names[place]] for place in places)
        if not isinstance(text, str) or isinstance(label, (dict, list, bool, type(None))):
            raise DataError(f"{path}, line {number}: write the text as a string, and the label as a string or a number")
        rows.append((f"{path}, line {number}", text, str(label).strip()))
    return rows


def _columns(names: Sequence[str]) -> tuple[int, int] | None:
    """Places of the text and of the label; None where one is missing."""
    plain = [plain_name(name) for name in names]
    text, label = place_of(plain, "text", TEXT_NAMES), place_of(plain, "label", LABEL_HEADERS)
    return None if text is None or label is None else (text, label)


def _missing(place: object, names: Sequence[str]) -> DataError:
    return DataError(
        f"{place} has the columns {', '.join(names[:20]) or '(none)'}: it needs one column 'text' (or "
        f"{', '.join(TEXT_NAMES[:3])}, ...) and one 'label' (or {', '.join(LABEL_HEADERS[1:5])}, ...)"
    )
