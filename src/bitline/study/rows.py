"""Rows of a store as values: what cannot be right is refused, whoever wrote it.

Each function raises ValueError, TypeError or KeyError for a row that is damaged; `checked` says which row it is.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from bitline.errors import StudyError
from bitline.evaluation.layer_errors import LayerSums
from bitline.study.results import COSTS
from bitline.study.stored_json import StoredJson
from bitline.study.task import Kind, Shard
from bitline.study.values import is_genuine, unpack

Read = TypeVar("Read")

KINDS = get_args(Kind)
NUMBERS = frozenset((int, float, type(None)))
"""Types of the numbers of a cost in JSON; None stands for one that there is not."""
_SUMS = {field.name for field in fields(LayerSums)}


def checked(path: Path, table: str, rows: Iterable[tuple[Any, ...]], read: Callable[..., Read]) -> list[Read]:
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
        >>> checked(Path("study.sqlite"), "results", rows, shard)
        Traceback (most recent call last):
        bitline.errors.StudyError: the store study.sqlite is damaged: row 7 of its table 'results': 99 of 5 images ...
    """
    found = []
    for number, *values in rows:
        try:
            found.append(read(*values))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise damaged(path, f"row {number} of its table {table!r}", str(error)) from None
    return found


def damaged(path: Path, place: str, what: str) -> StudyError:
    """The error for what cannot be right in a store.

    Args:
        path: of the store.
        place: where in it.
        what: what is wrong there, as a clause.

    Examples:
        >>> print(damaged(Path("study.sqlite"), "its fact 'images'", "'many' is no number"))
        the store study.sqlite is damaged: its fact 'images': 'many' is no number; use a copy, or give another --out ...
    """
    return StudyError(
        f"the store {path} is damaged: {place}: {what}; use a copy, or give another --out to measure it again"
    )


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
    if not (type(chip) is type(start) is type(stop) is type(correct) is int and min(chip, start, stop, correct) >= 0):
        counts = {"chip": chip, "start": start, "stop": stop, "correct": correct}
        wrong = next(name for name, value in counts.items() if type(value) is not int or value < 0)
        raise ValueError(f"{wrong} is {counts[wrong]!r}")
    if stop <= start:
        raise ValueError(f"images {start} to {stop} were classified")
    if correct > stop - start:
        raise ValueError(f"{correct} of {stop - start} images were right")
    if not (isinstance(seconds, (int, float)) and isinstance(setup, (int, float))):
        raise ValueError(f"seconds is {seconds!r}, of which {setup!r} of preparation")
    return Shard(kind, key, chip, start, stop, correct, seconds, setup)


def each_image(chip: Any, start: Any, stop: Any, packed: Any) -> tuple[int, int, NDArray[np.float64]]:
    """A chip, its first image, and the values of each image from there on, (images, columns)."""
    if type(chip) is not int or not 0 <= start < stop:
        raise ValueError(f"images {start} to {stop} of chip {chip!r} were classified")
    return chip, start, unpack(packed, stop - start)


def shard_of_values(*values: Any) -> Shard:
    """A row as for `sealed_shard`, whose last entry is the values of its samples."""
    *others, packed = values
    found = sealed_shard(*others)
    return replace(found, values=unpack(packed, found.stop - found.start))


def layers(chip: Any, text: Any) -> tuple[int, list[LayerSums]]:
    """A chip, and the sums of the errors of its layers."""
    layers = values_of(text, list)
    for layer in layers:
        if not isinstance(layer, dict) or layer.keys() != _SUMS or not isinstance(layer["name"], str):
            raise ValueError("its layers have other sums than those of layers")
        if not all(is_real(value) for name, value in layer.items() if name != "name"):
            raise ValueError(f"a sum of layer {layer['name']!r} is no number")
    return int(chip), [LayerSums(**layer) for layer in layers]


def design(key: Any, accuracy_key: Any, reference_key: Any, name: Any, settings: Any, content: Any) -> dict[str, Any]:
    """A row of the table of designs, without its cost."""
    texts = {"key": key, "accuracy_key": accuracy_key, "reference_key": reference_key, "name": name}
    for column, value in texts.items():
        if not isinstance(value, str):
            raise ValueError(f"{column} is {value!r}")
    values_of(content, dict)
    return {**texts, "settings": values_of(settings, dict), "design": StoredJson(content, {})}


def cost(key: Any, text: Any) -> tuple[str, StoredJson]:
    """The cost of a design, by its key; the numbers of result tables are at hand."""
    content = values_of(text, dict)
    numbers = [content[name] for name in COSTS if name in content]
    for name in ("energies_pJ", "areas_mm2"):
        numbers += values_of(content.get(name, {}), dict).values()
    shares = values_of(content.get("adc_ranges", {}), dict).values()
    if not {list}.issuperset(map(type, shares)):
        raise ValueError("its ADC ranges are no lists")
    numbers += chain.from_iterable(shares)
    notes = values_of(content.get("notes", []), list)
    if not NUMBERS.issuperset(map(type, numbers)):
        wrong = next(value for value in numbers if type(value) not in NUMBERS)
        raise ValueError(f"a cost of the design is {wrong!r}")
    if not all(isinstance(note, str) for note in notes):
        raise ValueError("notes on its cost are no texts")
    at_hand = {name: content[name] for name in COSTS if name in content}
    return str(key), StoredJson(text, {**at_hand, "notes": [sys.intern(note) for note in notes]})


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
    try:
        found = json.loads(content) if isinstance(content, (str, bytes)) else content
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, kind):
        raise ValueError(f"{str(content)[:40]!r} is not a {kind.__name__}")
    return found


def is_real(value: Any) -> bool:
    """Whether a value is a number, infinity and NaN included; True and False are none.

    Examples:
        >>> is_real(1.5), is_real(float("inf")), is_real(True), is_real("1.5")
        (True, True, False, False)
    """
    return isinstance(value, (int, float)) and not isinstance(value, bool)
