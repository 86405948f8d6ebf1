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
        ImportError, AttributeError: no such module, or nothing of that name in it.
    """
    module, _, name = path.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")
    return getattr(importlib.import_module(module), name)


def import_part(path: str, base: type[UserPart], setting: str, values: dict[str, Any]) -> UserPart:
    """A part of a design whose class is a user's.

    Args:
        path: package.module:Class.
        base: what the class has to derive from.
        setting: that names it, for messages.
        values: of its fields.

    Raises:
        ValueError: no such module or class, or values that it does not take.
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
