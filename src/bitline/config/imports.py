"""Python objects named by users."""

from __future__ import annotations

import importlib
import sys
from typing import Any, TypeVar

from pydantic import ValidationError

from bitline.config.part import Part

UserPart = TypeVar("UserPart", bound=Part)


def import_object(path: str) -> Any:
    """The object `package.module:name`, looked for in the current folder too.

    Raises:
        ImportError: there is no such module.
        AttributeError: the module has nothing of that name.

    Examples:
        >>> import_object("fractions:Fraction")
        <class 'fractions.Fraction'>
    """
    module, _, name = path.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")
    return getattr(importlib.import_module(module), name)


def import_part(path: str, base: type[UserPart], setting: str, values: dict[str, Any]) -> UserPart:
    """A part of a design whose class is a user's.

    Args:
        path: import path of the class, package.module:Class.
        base: class that it must derive from.
        setting: dotted name of the setting that named the class, for messages.
        values: the values of its fields, by name.

    Raises:
        ValueError: there is no such module or class, or the class does not accept the values.

    Examples:
        >>> import_part("fractions:Fraction", Part, "cell.device", {})
        Traceback (most recent call last):
        ValueError: cell.device is 'fractions:Fraction', but fractions has no class 'Fraction' derived from ...
    """
    module, _, name = path.partition(":")
    try:
        found = import_object(path)
    except AttributeError:
        found = None
    except ImportError as error:
        raise ValueError(
            f"{setting} is {path!r}, but {module} cannot be imported ({error}): put it on PYTHONPATH"
        ) from None
    except Exception as error:  # a user's module can raise anything
        raise ValueError(
            f"{setting} is {path!r}, but importing {module} fails with {type(error).__name__}: {error}"
        ) from None
    if not (isinstance(found, type) and issubclass(found, base)):
        public = ".".join(base.__module__.split(".")[:2])
        raise ValueError(
            f"{setting} is {path!r}, but {module} has no class {name!r} derived from {public}.{base.__name__}"
        )
    try:
        return found(**values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        what = f"{where}: {first['msg']}" if where else str(first["ctx"]["error"])
        raise ValueError(f"{setting} {path!r}: {what}") from None
