"""Conditions on the columns of a table of results, such as 'adc.bits >= 6 and accuracy > 90%'.

They are a language of their own: a column, a relation and a value, joined by 'and'. Nothing in them is evaluated.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bitline.config.messages import nearest
from bitline.devices.duration import UNITS_S, parse_duration
from bitline.errors import StudyError
from bitline.study.words import in_words, is_known, is_number

RELATIONS: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge, "<=": operator.le, "!=": operator.ne, "==": operator.eq,
    ">": operator.gt, "<": operator.lt, "=": operator.eq,
}  # fmt: skip
"""Relations as they are written, the longer ones first."""
EQUALITY = ("=", "==", "!=")
"""Relations that words can have."""
COLUMN = r"[^\W\d][\w.]*"
"""Names of columns, but for those of a table that have other characters."""
RELATION_AND_VALUE = (
    r"""\s*(?P<relation>[<>!=]=|[<>=])\s*"""
    r"""(?P<value>"[^"]*"|'[^']*'|[^\s"'<>=!,](?:[^"'<>=!,]*?[^\s"'<>=!,])?)\s*(?:$|,|(?<=\s)and(?=\s))"""
)
"""The rest of a condition, with what joins it to the next one."""
ROUNDING = 1e-12
"""Numbers that differ by less than this share of them are equal: means over chips are rounded sums."""
SECONDS = ("time", "seconds")
"""Last words of the names of columns of times in seconds; those of other times end with their unit."""
OTHERWISE = re.compile(r"\bor\b", re.IGNORECASE)
WITH_UNIT = re.compile(r"(?P<number>[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)\s*(?!(?:and|or|in)\b)[^\W\d]\S*")
EXAMPLE = "write conditions such as 'adc.bits >= 6 and accuracy > 90%'"


@dataclass(frozen=True)
class Condition:
    """What a design must satisfy in one column.

    Attributes:
        column: a key of a row, such as 'adc.bits'.
        relation: a key of `RELATIONS`.
        value: a number, or a word as it was written.

    Examples:
        >>> Condition("adc.bits", ">=", 6).holds({"adc.bits": 8})
        True
        >>> Condition("adc.kind", "=", "SAR").holds({"adc.kind": "sar"})
        True
    """

    column: str
    relation: str
    value: float | str

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Whether a row satisfies it; a row whose value is not known satisfies nothing.

        Args:
            row: values by column.
        """
        found = row.get(self.column)
        if found is None or found != found:  # NaN is not equal to itself
            return False
        if is_number(found) and is_number(self.value):
            are_equal = math.isclose(found, float(self.value), rel_tol=ROUNDING)
            return RELATIONS[self.relation](self.value if are_equal else found, self.value)
        if self.relation not in EQUALITY:
            return False
        return RELATIONS[self.relation](_word(found), _word(self.value))


def read_conditions(
    text: str, rows: Sequence[Mapping[str, Any]], shares: Collection[str] = ("accuracy",)
) -> tuple[Condition, ...]:
    """Conditions that are joined by 'and' or commas.

    Values are numbers, shares in per cent ('90%'), times with a unit ('1 day', '200 us') for columns of times, and
    words, which may be quoted.

    Args:
        text: the conditions.
        rows: the table that they are about: columns and words that it does not have are refused.
        shares: columns of fractions, which nothing above 1 is compared with.

    Raises:
        StudyError: it is no condition, or the table has no such column or word, or words have no order.

    Examples:
        >>> rows = [{"adc.bits": 6, "adc.kind": "sar", "accuracy": 0.91}]
        >>> read_conditions("adc.bits >= 6 and accuracy > 90%", rows)[1]
        Condition(column='accuracy', relation='>', value=0.9)
        >>> read_conditions("adc.bit >= 6", rows)
        Traceback (most recent call last):
        bitline.errors.StudyError: the condition 'adc.bit >= 6' is about 'adc.bit': did you mean 'adc.bits'?
        >>> read_conditions("adc.kind > sar", rows)
        Traceback (most recent call last):
        bitline.errors.StudyError: the condition 'adc.kind > sar' compares words: use = or !=
    """
    found: list[Condition] = []
    at = 0
    names = {name for row in rows for name in row}
    own = sorted((name for name in names if not re.fullmatch(COLUMN, name)), key=len, reverse=True)
    columns = "|".join((*map(re.escape, own), COLUMN))
    condition = re.compile(rf"\s*(?P<column>{columns}){RELATION_AND_VALUE}")
    while at < len(text) or not found:
        match = condition.match(text, at)
        if match is None:
            if OTHERWISE.search(text, at):
                raise StudyError(f"{text!r} has an 'or', and all conditions must hold: {EXAMPLE}")
            raise StudyError(f"{text[at:].strip()!r} is no condition: {EXAMPLE}")
        found.append(_read(match, rows, shares))
        at = match.end()
        if at == len(text) and match[0].rstrip().endswith(","):
            raise StudyError(f"{text!r} ends with a comma: {EXAMPLE}")
    return tuple(found)


def _read(match: re.Match[str], rows: Sequence[Mapping[str, Any]], shares: Collection[str]) -> Condition:
    column, relation, written = match["column"], match["relation"], match["value"]
    about = f"the condition '{column} {relation} {written}'"
    check_column(column, rows, f"{about} is about")
    values = [value for row in rows if is_known(value := row.get(column))]
    if rows and not values:
        raise StudyError(f"{about}: no design has a known {column}")
    numbers = any(is_number(value) for value in values)
    value = _number(written, column, about) if numbers else written
    if isinstance(value, str):
        word = value.strip("\"'")
        if relation not in EQUALITY:
            unit = WITH_UNIT.fullmatch(word) if numbers else None
            if unit is not None:
                alone = f"'{column} {relation} {unit['number']}'"
                raise StudyError(f"{about}: write the number alone, in the unit of the column, such as {alone}")
            raise StudyError(f"{about} compares {f'numbers with {word!r}' if numbers else 'words'}: use = or !=")
        known = {_word(value): str(in_words(value)) for value in values}
        if _word(word) not in known:
            raise StudyError(f"{about}: no design has {word!r} there{nearest(word, sorted(known.values()))}")
        return Condition(column, relation, word)
    if value != value:
        raise StudyError(f"{about}: no number is larger, smaller or equal to it")
    if column in shares and value > 1:
        raise StudyError(f"{about}: {column} is a fraction of 1: write '{column} {relation} {written}%'")
    return Condition(column, relation, value)


def check_column(column: str, rows: Iterable[Mapping[str, Any]], what: str) -> None:
    """Refuse a column that a table does not have.

    Args:
        column: its name.
        rows: of the table.
        what: the start of the message, before the name.

    Raises:
        StudyError: no row has it.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    if column not in names:
        raise StudyError(f"{what} {column!r}{nearest(column, names)}")


def _number(written: str, column: str, about: str) -> float | str:
    """A number, a share in per cent, or a time in the unit of a column; anything else as it was written.

    Raises:
        StudyError: a time, and the column has none.
    """
    share = written.endswith("%")
    try:
        value = float(written.removesuffix("%"))
    except ValueError:
        return _time(written, column, about)
    return float(Decimal(written.removesuffix("%")) / 100) if share and math.isfinite(value) else value


def _time(written: str, column: str, about: str) -> float | str:
    """A time in the unit of a column; anything else as it was written.

    Raises:
        StudyError: the column has no times.
    """
    try:
        seconds = float(parse_duration(written))
    except ValueError:
        return written
    last = re.split(r"[._]", column)[-1]
    unit = 1.0 if last in SECONDS else UNITS_S.get(last) if "_" in column else None
    if unit is None:
        raise StudyError(f"{about}: {column} is no time")
    return seconds / unit


def _word(value: Any) -> str:
    return str(in_words(value)).casefold()
