"""Rows of a store as values: what cannot be right is refused, whoever wrote it.

Each function raises ValueError, TypeError or KeyError for a row that is damaged; `checked` says which row it is.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import fields
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic_core import from_json

from bitline.errors import StudyError
from bitline.evaluation.layer_errors import LayerSums
from bitline.numerics.labels import COSTS
from bitline.study.stored_costs import TOTALS, Totals, halves
from bitline.study.task import Kind, Shard
from bitline.study.values import is_genuine, unpack

Read = TypeVar("Read")

KINDS = frozenset(get_args(Kind))
NUMBERS = frozenset((int, float, type(None)))
"""Types of the numbers of a cost in JSON; None stands for one that there is not."""


class StoredDesign(NamedTuple):
    """What a store says of a design besides all its settings and its cost.

    Attributes:
        key, accuracy_key, reference_key: as of its `Point`.
        name: of the design.
        settings: what the axes set, by dotted name.
    """

    key: str
    accuracy_key: str
    reference_key: str
    name: str
    settings: dict[str, Any]


_SUMS = {field.name for field in fields(LayerSums)}
END_OF_SUMS = 40
"""Characters at the end of the sums of a chip's layers that have the number of images, their last entry."""
_IMAGES = re.compile(r'"images": ([0-9]{1,15})\}\]$')


def read_rows(path: Path, table: str, rows: Iterable[tuple[Any, ...]], read: Callable[..., Read]) -> list[Read]:
    """What rows say.

    Args:
        path: of the store, for messages.
        table: name of the table, for messages.
        rows: the number of each row, and then what `read` takes.
        read: makes a value of a row.

    Raises:
        StudyError: a row is damaged.

    Examples:
        >>> rows = [(7, "analog", "a1", 0, 0, 5, 99, 0.5, 0.0)]
        >>> read_rows(Path("study.sqlite"), "results", rows, shard)
        Traceback (most recent call last):
        bitline.errors.StudyError: the store study.sqlite is damaged: row 7 of its table 'results': 99 of 5 images ...
    """
    found: list[Read] = []
    row: tuple[Any, ...] = ()
    try:
        for row in rows:
            found.append(read(*row[1:]))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise damaged(path, f"row {row[0]} of its table {table!r}", str(error)) from None
    return found


def damaged(path: Path, place: str, what: str) -> StudyError:
    """The error for what cannot be right in a store.

    Args:
        path: of the store.
        place: where in it.
        what: what is wrong there, as a clause.

    Examples:
        >>> print(damaged(Path("study.sqlite"), "its fact 'images'", "'many' is no number"))
        the store study.sqlite is damaged: its fact 'images': 'many' is no number; use a copy, or run ...
    """
    return StudyError(f"the store {path} is damaged: {place}: {what}; use a copy, or run the study with another --out")


def sealed_shard(end: Any, *row: Any) -> Shard:
    """A row of the table of results, with `row` as for `shard`, and `end` where its checksum stands."""
    found = shard(*row)
    if not isinstance(end, bytes) or not is_genuine(end, *row[:6]):
        images = f"images {found.start} to {found.stop}"
        raise ValueError(f"{found.correct} of {images} were right, which is not what was written")
    return found


def shard(kind: Any, key: Any, chip: Any, start: Any, stop: Any, correct: Any, seconds: Any, setup: Any) -> Shard:
    """What was measured, and what came of it."""
    if kind not in KINDS or not isinstance(key, str):
        raise ValueError(f"{kind!r} with the key {key!r} was measured")
    if not (
        type(chip) is type(start) is type(stop) is type(correct) is int
        and chip >= 0 and start >= 0 and stop >= 0 and correct >= 0
    ):  # fmt: skip
        counts = {"chip": chip, "start": start, "stop": stop, "correct": correct}
        wrong = next(name for name, value in counts.items() if type(value) is not int or value < 0)
        raise ValueError(f"{wrong} is {counts[wrong]!r}")
    if stop <= start:
        raise ValueError(f"images {start} to {stop} were classified")
    if correct > stop - start:
        raise ValueError(f"{correct} of {stop - start} images were right")
    if not (isinstance(seconds, (int, float)) and isinstance(setup, (int, float))):
        raise ValueError(f"seconds is {seconds!r}, of which {setup!r} of preparation")
    return Shard(sys.intern(kind), key, chip, start, stop, correct, seconds, setup)


def each_image(chip: Any, start: Any, stop: Any, packed: Any) -> tuple[int, int, NDArray[np.float64]]:
    """A chip, its first image, and the values of each image from there on, (images, columns)."""
    if type(chip) is not int or not 0 <= start < stop:
        raise ValueError(f"images {start} to {stop} of chip {chip!r} were classified")
    return chip, start, unpack(packed, stop - start)


def shard_of_values(*values: Any) -> Shard:
    """A row as for `sealed_shard`, whose last entry is the values of its samples."""
    *others, packed = values
    found = sealed_shard(*others)
    return found._replace(values=unpack(packed, found.stop - found.start))


def layers(chip: Any, text: Any) -> tuple[int, list[LayerSums]]:
    """A chip, and the sums of the errors of its layers."""
    layers = values_of(text, list)
    for layer in layers:
        if not isinstance(layer, dict) or layer.keys() != _SUMS or not isinstance(layer["name"], str):
            raise ValueError("its layers have other sums than those of layers")
        if not all(is_real(value) for name, value in layer.items() if name != "name"):
            raise ValueError(f"a sum of layer {layer['name']!r} is no number")
    return int(chip), [LayerSums(**layer) for layer in layers]


def compared(key: Any, chip: Any, end: Any) -> tuple[tuple[str, int], int]:
    """The key of a design and a chip, and on how many images its layers were compared, from the end of their sums."""
    found = _IMAGES.search(end) if isinstance(end, str) else None
    if found is None or not isinstance(key, str):
        raise ValueError(f"its layers have other sums than those of layers: {end!r}")
    return (key, int(chip)), int(found[1])


def design(key: Any, accuracy_key: Any, reference_key: Any, name: Any, settings: Any) -> StoredDesign:
    """A row of the table of designs, without all its settings and its cost."""
    if not (type(key) is type(accuracy_key) is type(reference_key) is type(name) is str):
        texts = {"key": key, "accuracy_key": accuracy_key, "reference_key": reference_key, "name": name}
        wrong = next(column for column, value in texts.items() if not isinstance(value, str))
        raise ValueError(f"{wrong} is {texts[wrong]!r}")
    said = {sys.intern(setting): value for setting, value in values_of(settings, dict).items()}
    return StoredDesign(key, accuracy_key, sys.intern(reference_key), sys.intern(name), said)


def all_settings(content: Any) -> dict[str, Any]:
    """All settings of a design."""
    return values_of(content, dict)


def some_settings(key: Any, content: Any, found: Any) -> tuple[str, str | None]:
    """The key of a design and some of its settings as JSON, as the database found them.

    Args:
        key: of the design.
        content: all its settings; None where the database found that they are an object.
        found: some of them, or None.
    """
    if content is not None:
        values_of(content, dict)
    return key, found


def totals(key: Any, text: Any) -> tuple[str, Totals]:
    """The key of a design, and the totals of its cost with the notes on them."""
    found = values_of(text, dict)
    if not TOTALS.issuperset(found):  # written by an earlier version, with the parts
        found = halves(cost(found))[0]
    elif not (NUMBERS.issuperset(map(type, map(found.get, COSTS))) and _are_texts(found.get("notes", []))):
        cost(found)  # says what is wrong
    if "notes" in found:
        found["notes"] = [sys.intern(note) for note in found["notes"]]
    return str(key), Totals(found)


def cost(text: Any, parts: Any = None) -> dict[str, Any]:
    """The cost of a design, of its totals and what they are made of; earlier versions kept both in one text."""
    content: dict[str, Any] = values_of(text, dict) | ({} if parts is None else values_of(parts, dict))
    numbers = [content[name] for name in COSTS if name in content]
    for name in ("energies_pJ", "areas_mm2"):
        if name in content:
            numbers += values_of(content[name], dict).values()
    if "adc_ranges" in content:
        shares = values_of(content["adc_ranges"], dict).values()
        if not {list}.issuperset(map(type, shares)):
            raise ValueError("its ADC ranges are no lists")
        numbers += chain.from_iterable(shares)
    notes = values_of(content.get("notes", []), list)
    if not NUMBERS.issuperset(map(type, numbers)):
        wrong = next(value for value in numbers if type(value) not in NUMBERS)
        raise ValueError(f"a cost of the design is {wrong!r}")
    if not _are_texts(notes):
        raise ValueError("notes on its cost are no texts")
    return content


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def session(began: Any, versions: Any, hardware: Any) -> dict[str, Any]:
    """A row of the table of sessions."""
    return {"began": str(began), "versions": values_of(versions, dict), "hardware": values_of(hardware, dict)}


def failure(key: Any, message: Any) -> tuple[str, str]:
    """What failed, and why."""
    if not isinstance(key, str) or not isinstance(message, str):
        raise ValueError(f"the design {key!r} failed with {message!r}")
    return key, message


def fact(name: Any, value: Any) -> tuple[str, str]:
    """A row of the table of facts."""
    if not isinstance(name, str) or not isinstance(value, str):
        raise ValueError(f"{name!r} is {value!r}")
    return name, value


def values_of(content: Any, kind: type[Read]) -> Read:
    """Values of a type, from JSON where they are text.

    Args:
        content: JSON, or the values.
        kind: their type: a list or a dictionary.

    Raises:
        ValueError: it is no JSON, or something else.

    Examples:
        >>> values_of('{"adc.bits": 6}', dict)
        {'adc.bits': 6}
        >>> values_of("[6", list)
        Traceback (most recent call last):
        ValueError: '[6' is not a list
    """
    if type(content) is kind:
        return content
    found = _from_json(content) if isinstance(content, (str, bytes)) else content
    if not isinstance(found, kind):
        raise ValueError(f"{str(content)[:40]!r} is not a {kind.__name__}")
    return found


def _from_json(text: str | bytes) -> Any:
    """What JSON says, or None where it is none. Pydantic reads it three times as fast, but not every text."""
    try:
        return from_json(text)
    except ValueError:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return None


def is_real(value: Any) -> bool:
    """Whether a value is a number, infinity and NaN included; True and False are none.

    Examples:
        >>> is_real(1.5), is_real(float("inf")), is_real(True), is_real("1.5")
        (True, True, False, False)
    """
    return isinstance(value, (int, float)) and not isinstance(value, bool)
