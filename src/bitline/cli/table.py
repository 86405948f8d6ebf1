"""Tables as text in which nothing is cut: a table that is too wide is stacked, and only prose is wrapped."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from bitline.numerics.labels import INFERENCE, label_of_cost
from bitline.numerics.text import number

GAP = "  "
"""Between two columns."""
NARROWEST = 30
"""Characters that prose needs at least beside other columns; in less room it stands below its row."""
INDENT = "    "
"""Before prose that stands below its row."""

Say = Callable[[str], str]
"""Makes a text printable where it is shown."""


@dataclass(frozen=True)
class Cell:
    """A value whose text is not that of its column's other values.

    Attributes:
        value: as JSON and CSV give it.
        text: as the table shows it.
    """

    value: Any
    text: str


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        key: its name in JSON and CSV, with the unit, as in 'energy_uJ'.
        head: first line of its head.
        unit: second line of its head.
        show: text of a value.
        kind: numbers stand at the right and are never wrapped, names at the left; prose may be wrapped.
    """

    key: str
    head: str
    unit: str = ""
    show: Callable[[Any], str] = number
    kind: Literal["number", "name", "prose"] = "number"


def name(key: str, head: str | None = None, unit: str = "") -> Column:
    """A column of names or short words; its head is its key if not given."""
    return Column(key, key if head is None else head, unit, _word, "name")


def prose(key: str, head: str | None = None) -> Column:
    """A column of several words, the first or the last one; its head is its key if not given."""
    return Column(key, key if head is None else head, show=_word, kind="prose")


def cost_column(key: str, sample: str = INFERENCE) -> Column:
    """A column of a number of the cost.

    Args:
        key: as `label_of_cost` takes it.
        sample: what a sample of the network is called.
    """
    label = label_of_cost(key, sample).brief
    return Column(key, label.name, label.unit)


@dataclass(frozen=True)
class Line:
    """A line of a printed table.

    Attributes:
        text: without spaces at its end.
        is_head: whether it belongs to the title or to the heads of the columns.
    """

    text: str
    is_head: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of values with what is needed to show them.

    Attributes:
        name: in JSON.
        columns: the first one identifies a row and is repeated where a table is stacked.
        rows: a value, or a `Cell`, for each column.
        title: a line above it.
        footer: a last row that is set apart, such as a sum; not in JSON and CSV.
        records: what JSON and CSV give instead of the rows; a function where making it takes time.

    Examples:
        >>> table = Table("bits", (name("design"), Column("energy_uJ", "energy", "µJ")), [("sonos-a", 0.4213)])
        >>> print("\\n".join(line.text for line in table.lines()))
        design   energy
                     µJ
        ───────────────
        sonos-a  0.4213
        >>> table.data()
        [{'design': 'sonos-a', 'energy_uJ': 0.4213}]
    """

    name: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Any]]
    title: str = ""
    footer: Sequence[Any] | None = None
    records: Sequence[dict[str, Any]] | Callable[[], Sequence[dict[str, Any]]] | None = None

    def data(self) -> list[dict[str, Any]]:
        """The values of every row by the keys of their columns, as JSON and CSV give them."""
        if self.records is not None:
            return list(self.records() if callable(self.records) else self.records)
        keys = [column.key for column in self.columns]
        return [dict(zip(keys, map(_value, row), strict=True)) for row in self.rows]

    def width(self, say: Say = str) -> int:
        """Characters of its widest line where nothing is wrapped or stacked."""
        return _together(_widths(self._text(say)))

    def lines(self, width: int | None = None, say: Say = str) -> list[Line]:
        """The table as text.

        Args:
            width: characters of a line at most; None for as many as it takes.
            say: makes every text printable.
        """
        title = [Line(text, is_head=True) for text in _wrapped(say(self.title), width)] if self.title else []
        columns = self._text(say)
        below = self._prose_below(columns, width)
        beside = [column for column in columns if not (below and column.kind == "prose")]
        blocks = _stacked(beside, width)
        lines = title
        for index, block in enumerate(blocks):
            notes = below if index == len(blocks) - 1 else []
            lines += [Line("")] * (index > 0) + self._block(_fitted(block, width), notes, say)
        return lines

    def _text(self, say: Say) -> list[_Text]:
        rows = [*self.rows, *([self.footer] if self.footer is not None else [])]
        return [
            _Text(say(column.head), say(column.unit), [say(_shown(column, row[at])) for row in rows], column.kind)
            for at, column in enumerate(self.columns)
        ]

    def _prose_below(self, columns: list[_Text], width: int | None) -> list[list[str]]:
        """The lines of prose below every row, where there is no room for it beside the other columns."""
        last = columns[-1]
        if width is None or last.kind != "prose" or len(columns) == 1:
            return []
        others = _together(_widths(columns[:-1])) + len(GAP)
        if others + _least(last) <= width:
            return []
        return [[INDENT + line for line in _wrapped(cell, width - len(INDENT))] for cell in last.cells]

    def _block(self, columns: list[_Text], below: list[list[str]], say: Say) -> list[Line]:
        heads = [[column.head for column in columns]]
        if any(column.unit for column in columns):
            heads.append([column.unit for column in columns])
        lines = [Line(_row(columns, texts), is_head=True) for texts in heads if any(texts)]
        rule = Line(say("─") * _together(_widths(columns)))
        lines += [rule]
        for at in range(len(columns[0].cells)):
            if self.footer is not None and at == len(self.rows):
                lines.append(rule)
            parts = [column.parts(at) for column in columns]
            for line in range(max(map(len, parts))):
                lines.append(Line(_row(columns, [part[line] if line < len(part) else "" for part in parts])))
            lines += [Line(text) for text in (below[at] if below else [])]
        return lines


@dataclass(frozen=True)
class _Text:
    """A column as text, and the width that its cells are wrapped to, if any."""

    head: str
    unit: str
    cells: list[str]
    kind: str
    room: int | None = None

    @property
    def width(self) -> int:
        return self.room or max(map(text_width, (self.head, self.unit, *self.cells)))

    def parts(self, row: int) -> list[str]:
        return _wrapped(self.cells[row], self.room)


def text_width(text: str) -> int:
    """Columns of a terminal that a text takes: two for wide characters, none for those that change the one before."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) > 0 for character in text)


def _stacked(columns: list[_Text], width: int | None) -> list[list[_Text]]:
    """The columns in blocks that fit, each with the first column before it."""
    first, *others = columns
    blocks = [[first]]
    for column in others:
        least = _together([_least(before) for before in (*blocks[-1], column)])
        if width is not None and least > width and len(blocks[-1]) > 1:
            blocks.append([first])
        blocks[-1].append(column)
    return blocks


def _least(column: _Text) -> int:
    return min(NARROWEST, column.width) if column.kind == "prose" else column.width


def _fitted(columns: list[_Text], width: int | None) -> list[_Text]:
    """The columns of a block, with words wrapped that leave no room for numbers: prose first, then names."""
    excess = 0 if width is None else _together(_widths(columns)) - width
    fitted = list(columns)
    for at in sorted(range(len(columns)), key=lambda at: columns[at].kind != "prose"):
        column = columns[at]
        if excess > 0 and column.kind != "number":
            room = max(min(column.width, max(8, text_width(column.head))), column.width - excess)
            excess -= column.width - room
            fitted[at] = replace(column, room=room)
    return fitted


def _row(columns: list[_Text], texts: list[str]) -> str:
    cells = []
    for column, text in zip(columns, texts, strict=True):
        space = " " * (column.width - text_width(text))
        cells.append(space + text if column.kind == "number" else text + space)
    return GAP.join(cells).rstrip()


def _wrapped(text: str, width: int | None) -> list[str]:
    if width is None or text_width(text) <= width:
        return [text]
    return textwrap.wrap(text, max(1, width)) or [""]


def _widths(columns: Sequence[_Text]) -> list[int]:
    return [column.width for column in columns]


def _together(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _shown(column: Column, value: Any) -> str:
    return value.text if isinstance(value, Cell) else column.show(value)


def _value(value: Any) -> Any:
    return value.value if isinstance(value, Cell) else value


def _word(value: Any) -> str:
    return "" if value is None else str(value)
