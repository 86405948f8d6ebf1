"""Arguments of public functions, held against what the functions are annotated with."""

from __future__ import annotations

import contextlib
import functools
import inspect
import reprlib
import sys
import types
import typing
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import fields
from numbers import Integral, Real
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

from bitline.errors import BitlineError
from bitline.numerics.text import type_in_words

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

WORDS = {
    "bool": "True or False",
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "Path": "a path",
    "Module": "a network (torch.nn.Module)",
    "Tensor": "a tensor",
    "ndarray": "an array of NumPy",
    "NoneType": "None",
    "Callable": "a function",
    "Sequence": "a list",
    "tuple": "a tuple",
    "Mapping": "a dictionary",
    "dict": "a dictionary",
}
"""What messages call a type; others go by their names."""


def checked(error: type[BitlineError]) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """A decorator: a function refuses arguments of other types than it is annotated with.

    Types are checked as deep as tuples go, for which lists may stand, not the items of other lists and dictionaries.
    Ranges and shapes are the function's own business. Where a text is one of several types, a path may stand for it:
    designs have names or files.

    Args:
        error: class of what is raised.

    Examples:
        >>> @checked(BitlineError)
        ... def halve(rows: int, name: str = "array") -> int:
        ...     return rows // 2
        >>> halve(8)
        4
        >>> halve("8")
        Traceback (most recent call last):
        bitline.errors.BitlineError: halve: rows is '8': give a whole number
    """

    def decorate(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def wrapper(*values: Arguments.args, **named: Arguments.kwargs) -> Result:
            check_values(function.__name__, signature.bind(*values, **named).arguments, hints_of(function), error)
            return function(*values, **named)

        return wrapper

    return decorate


def check_fields(record: Any, error: type[BitlineError]) -> None:
    """Refuse fields of a dataclass that are of other types than it says.

    Args:
        record: the dataclass, made.
        error: class of what is raised.

    Raises:
        BitlineError: one of them is.

    Examples:
        >>> from dataclasses import dataclass
        >>> @dataclass
        ... class Die:
        ...     rows: int
        >>> check_fields(Die(rows=None), BitlineError)
        Traceback (most recent call last):
        bitline.errors.BitlineError: Die: rows is None: give a whole number
    """
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    check_values(type(record).__name__, values, hints_of(cast(Hashable, type(record))), error)


def check_values(what: str, values: Mapping[str, Any], hints: Mapping[str, Any], error: type[BitlineError]) -> None:
    """Refuse values of other types.

    Args:
        what: takes them, for messages.
        values: by name.
        hints: types by name; where there is none, anything goes.
        error: class of what is raised.

    Raises:
        BitlineError: the first value of another type, with what to give instead.

    Examples:
        >>> check_values("evaluate", {"batch": 0.5}, {"batch": int | None}, BitlineError)
        Traceback (most recent call last):
        bitline.errors.BitlineError: evaluate: batch is 0.5: give a whole number or None
    """
    for name, value in values.items():
        if name in hints and not fits(value, hints[name]):
            wanted = " or ".join(dict.fromkeys(_in_words(hints[name])))
            raise error(f"{what}: {name} is {_shown(value)}: give {wanted}")


@functools.cache
def hints_of(owner: Any) -> dict[str, Any]:
    """The types of arguments or fields by name, without those that only type checkers import.

    Args:
        owner: a function or a dataclass.

    Examples:
        >>> def halve(rows: int) -> int:
        ...     return rows // 2
        >>> hints_of(halve)["rows"]
        <class 'int'>
    """
    owner = inspect.unwrap(owner)
    names = vars(sys.modules[owner.__module__])
    hints: dict[str, Any] = {}
    for name, hint in inspect.get_annotations(owner).items():
        with contextlib.suppress(NameError):
            hints[name] = eval(hint, names) if isinstance(hint, str) else hint
    return hints


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is of a type.

    Examples:
        >>> fits(8, int | None), fits("8", int), fits(True, int), fits([1, 2], tuple[int, ...])
        (True, False, False, True)
    """
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any or isinstance(hint, TypeVar):
        return True
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, part) for part in parts) or (str in parts and isinstance(value, Path))
    if origin is typing.Annotated:
        return fits(value, parts[0])
    if origin is typing.Literal:
        return any(type(value) is type(part) and value == part for part in parts)
    if hint in (int, float):
        return isinstance(value, Integral if hint is int else Real) and not isinstance(value, bool)
    if origin is Callable:
        return callable(value)
    if origin is tuple:
        return isinstance(value, (tuple, list)) and _all_fit(value, parts)
    if origin is Sequence and isinstance(value, (str, bytes)):
        return False
    return isinstance(value, origin or (type(None) if hint is None else hint))


def _all_fit(values: Sequence[Any], parts: tuple[Any, ...]) -> bool:
    if parts[-1:] == (...,):
        return all(fits(value, parts[0]) for value in values)
    return len(values) == len(parts) and all(map(fits, values, parts))


def _in_words(hint: Any) -> Iterator[str]:
    """What values of a type are called."""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        for part in parts:
            yield from _in_words(part)
    elif origin is typing.Annotated:
        yield from _in_words(parts[0])
    elif origin is typing.Literal:
        yield from map(repr, parts)
    elif origin is tuple and parts:
        inner = " or ".join(dict.fromkeys(_in_words(parts[0])))
        yield f"a tuple, of {inner} each" if parts[-1] is ... else f"a tuple of {len(parts)}, {inner} each"
    else:
        name = (origin or hint).__name__
        yield WORDS.get(name, f"a {name}")


def _shown(value: Any) -> str:
    """A value in one short line."""
    text = value.__name__ if isinstance(value, type) else reprlib.repr(value)
    return type_in_words(value) if "\n" in text or text.startswith("<") or len(text) > 60 else text
