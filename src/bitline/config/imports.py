"""Python objects named by users."""

from __future__ import annotations

import importlib
import os
import sys
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from pydantic import ValidationError

from bitline.config.messages import first_line
from bitline.config.part import Part
from bitline.config.trust import module_of, trust
from bitline.config.users_code import failure, users_line
from bitline.errors import DataError

UserPart = TypeVar("UserPart", bound=Part)


def source_of(path: str) -> Path | None:
    """The file that an import would run, found without importing anything, not even packages that it lies in.

    Args:
        path: package.module:name, or the name of a module.

    Returns:
        The module's file, a package's `__init__.py`; None where there is no such module or it has no file.

    Examples:
        >>> source_of("bitline.devices:Device").name, source_of("absent:Device")
        ('__init__.py', None)
    """
    chain = source_chain(path)
    return chain[-1] if chain else None


def source_chain(path: str) -> tuple[Path, ...]:
    """The files that an import would run: those of the packages around a module, then its own.

    Args:
        path: package.module:name, or the name of a module.

    Returns:
        Outermost package first; empty where there is no such module or it has no file.

    Examples:
        >>> [file.parent.name for file in source_chain("bitline.config.part:Part")]
        ['bitline', 'config', 'config']
    """
    files: list[Path] = []
    spec: ModuleSpec | None = None
    steps = module_of(path).split(".")
    if not all(map(str.isidentifier, steps)):
        return ()
    for count in range(1, len(steps) + 1):
        folders = None if spec is None else spec.submodule_search_locations
        spec = _spec(".".join(steps[:count]), None if folders is None else list(folders), count == 1)
        if spec is None:
            return ()
        if spec.has_location and spec.origin is not None:
            files.append(Path(spec.origin))
    return tuple(files) if spec is not None and spec.has_location else ()


def _spec(name: str, folders: list[str] | None, is_outermost: bool) -> ModuleSpec | None:
    """Where a module is, as an import would find it whose packages are in `folders`."""
    if not is_outermost and folders is None:
        return None  # what is no package has no modules
    for finder in sys.meta_path:
        spec = finder.find_spec(name, folders)
        if spec is not None:
            return spec
    return PathFinder.find_spec(name, [os.getcwd()]) if is_outermost else None


def import_module(path: str) -> ModuleType:
    """The module of an import path, looked for in the current folder, too, after everything that is installed.

    Args:
        path: package.module:name.

    Raises:
        ValueError: there is no such module, it is one of Python itself, or importing it fails, in whatever way; the
            message is the end of a sentence.

    Examples:
        >>> import_module("bitline.shapes:Cellwise").__name__
        'bitline.shapes'
        >>> import_module("sys:exit")
        Traceback (most recent call last):
        ValueError: sys is a module of Python itself: name one of your own, which has another name
    """
    module, colon, name = path.partition(":")
    if not colon or not name.isidentifier() or not all(map(str.isidentifier, module.split("."))):
        raise ValueError("it is not the import path of anything: write package.module:name")
    if module.partition(".")[0] in sys.stdlib_module_names:
        raise ValueError(f"{module} is a module of Python itself: name one of your own, which has another name")
    if "" not in sys.path:
        sys.path.append("")  # last: what lies in the current folder stands in for nothing that is installed
    try:
        return importlib.import_module(module)
    except KeyboardInterrupt:
        raise
    except ImportError as error:
        is_there = isinstance(error, ModuleNotFoundError) and not f"{module}.".startswith(f"{error.name}.")
        if is_there and error.name:
            needed = f"{module} needs {error.name}, which is not there{users_line(error)}"
            raise ValueError(f"{needed}: install it, or put it on PYTHONPATH") from error
        reason = f"({first_line(error)}){users_line(error)}"
        raise ValueError(f"{module} cannot be imported {reason}: put it on PYTHONPATH") from error
    except BaseException as error:  # a user's module can raise anything, SystemExit too
        raise ValueError(f"importing {module} fails with {failure(error)}") from error


def import_named(path: str, what: str) -> Any:
    """What a person has named by an import path, whose module is trusted from now on.

    Args:
        path: package.module:name.
        what: it is to be, for messages.

    Raises:
        DataError: there is no such module, or nothing of this name in it.

    Examples:
        >>> import_named("bitline.shapes:Nothing", "the measure")
        Traceback (most recent call last):
        bitline.errors.DataError: cannot import the measure 'bitline.shapes:Nothing': bitline.shapes has no 'Nothing'
    """
    try:
        module = import_module(path)
    except ValueError as error:
        raise DataError(f"cannot import {what} {path!r}: {error}") from error
    trust([path])
    name = path.partition(":")[2]
    if not hasattr(module, name):
        raise DataError(f"cannot import {what} {path!r}: {module.__name__} has no {name!r}")
    return getattr(module, name)


def import_part(path: str, base: type[UserPart], setting: str, values: dict[str, Any]) -> UserPart:
    """A part of a design whose class is a user's; whether its code may run is asked before.

    Args:
        path: import path of the class, package.module:Class.
        base: class that it must derive from.
        setting: dotted name of the setting that named the class, for messages.
        values: the values of its fields, by name.

    Raises:
        ValueError: there is no such module or class, or the class does not accept the values.

    Examples:
        >>> import_part("bitline.shapes:Cellwise", Part, "cell.device", {})
        Traceback (most recent call last):
        ValueError: cell.device is 'bitline.shapes:Cellwise', but bitline.shapes has no class 'Cellwise' derived ...
    """
    module, _, name = path.partition(":")
    try:
        found = getattr(import_module(path), name, None)
    except ValueError as error:
        raise ValueError(f"{setting} is {path!r}, but {error}") from error
    if not (isinstance(found, type) and issubclass(found, base)):
        public = ".".join(base.__module__.split(".")[:2])
        raise ValueError(
            f"{setting} is {path!r}, but {module} has no class {name!r} derived from {public}.{base.__name__}"
        )
    try:
        return found(**values)
    except KeyboardInterrupt:
        raise
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        what = f"{where}: {first['msg']}" if where else str(first["ctx"]["error"])
        raise ValueError(f"{setting} {path!r}: {what}") from None
    except BaseException as error:  # a user's class can raise anything, too
        raise ValueError(f"{setting} {path!r} fails with {failure(error)}") from error
