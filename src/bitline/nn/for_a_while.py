"""Attributes that are others for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

_counting = Lock()


@contextmanager
def incremented(attributes: dict[str, Any], name: str) -> Iterator[None]:
    """Let a count be more by 1 for a while, whatever other threads do with it.

    Args:
        attributes: of an object.
        name: of the count among them, 0 if there is none.

    Examples:
        >>> attributes = {"promises": 1}
        >>> with incremented(attributes, "promises"):
        ...     attributes
        {'promises': 2}
        >>> attributes
        {'promises': 1}
    """
    with _counting:
        attributes[name] = attributes.get(name, 0) + 1
    try:
        yield
    finally:
        with _counting:
            attributes[name] -= 1


@contextmanager
def replaced(attributes: dict[str, Any], name: str, value: Any) -> Iterator[None]:
    """Let something else be there for a while.

    Args:
        attributes: of an object.
        name: of what is replaced among them.
        value: what is there instead.

    Examples:
        >>> attributes = {"instead": None}
        >>> with replaced(attributes, "instead", 3):
        ...     attributes
        {'instead': 3}
        >>> attributes
        {'instead': None}
    """
    before = attributes[name]
    attributes[name] = value
    try:
        yield
    finally:
        attributes[name] = before
