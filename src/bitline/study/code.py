"""The code of users that results depend on: their devices, converters and networks.

Bitline itself says what changed in its numbers (`design.changes`), and a store knows which changes it has met. Of a
class that bitline does not know, it can only tell whether the code is the same: the files of the class's module and of
the modules that it imports at its top, as long as they are the user's. Comments and layout do not count. Of a package
that was installed, the module's file and the version count. Not seen are data files that the code reads, and what it
imports inside functions.
"""

from __future__ import annotations

import ast
import hashlib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import resolve_name
from pathlib import Path
from types import FunctionType
from typing import Any

from torch import nn

from bitline.config.imports import source_of
from bitline.config.trust import module_of
from bitline.config.users_code import is_installed
from bitline.measures import Measure
from bitline.measures.named import NamedMeasure

KNOWN = ("bitline", "torch", "numpy", "builtins")
"""Packages whose code is known by their version."""

LISTED = 3
"""Names of files that are shown at most."""

_PATH = re.compile(r"([\w.]+):\w+")


@dataclass(frozen=True)
class _Source:
    """What the file of a module says, or said when it was imported; nothing where there is no file.

    Attributes:
        file: name of the file.
        content: without comments and layout.
        imports: names of the user's modules that it imports at its top.
    """

    file: str = ""
    content: bytes | None = None
    imports: tuple[str, ...] = ()


_seen: dict[str, tuple[object, _Source]] = {}
"""Sources of modules by name, and what they were seen of: a module that is imported again has another specification."""


@dataclass(frozen=True)
class Code:
    """The code behind some modules.

    Attributes:
        files: names of its files.
        digest: of what they say, 16 hexadecimal digits.
        unseen: modules of which there is no file, as in a notebook: their changes are not noticed.

    Examples:
        >>> str(Code(("lab.py", "mydev.py"), "3f2ac0d5b1e86497", ()))
        'lab.py, mydev.py 3f2ac0d5b1e86497'
    """

    files: tuple[str, ...]
    digest: str
    unseen: tuple[str, ...]

    def __str__(self) -> str:
        more = len(self.files) - LISTED
        names = [*self.files[:LISTED], *([f"{more} more"] if more > 0 else [])]
        unseen = [f"no file of {name}" for name in self.unseen]
        return ", ".join([*names[:-1], f"{names[-1]} {self.digest}", *unseen] if names else unseen)


def code_of(modules: Iterable[str]) -> Code | None:
    """The code of modules, which is the same whether they are imported yet or not; nothing is imported here.

    Args:
        modules: names of modules; those of bitline, PyTorch and Python itself do not count.

    Returns:
        Their files and digest, or None where nothing in them is a user's.

    Examples:
        >>> code_of(["rich"]).files, code_of(["bitline.devices.exact", "torch.nn", "fractions"])
        (('__init__.py',), None)
    """
    roots = sorted({name for name in modules if not _is_known(name) and (name in sys.modules or _file(name))})
    if not roots:
        return None
    found = _reached(roots)
    contents = {(source.file, source.content) for source in found.values() if source.content is not None}
    unseen = [name for name in roots if found[name].content is None]
    digest = hashlib.blake2b(digest_size=8)
    for _, content in sorted(contents):
        digest.update(hashlib.blake2b(content).digest())
    return Code(tuple(sorted({name for name, _ in contents})), digest.hexdigest(), tuple(unseen))


def code_of_design(settings: Any) -> dict[str, Code]:
    """The code of the classes that a design names by their import paths.

    Args:
        settings: of a design or of a view, as plain values.

    Returns:
        For each import path, package.module:Class, what `code_of` says; empty where there is none.

    Examples:
        >>> code_of_design({"cell": {"device": {"kind": "bitline.devices.exact:Exact"}}})
        {}
    """
    paths = sorted({text for text in _texts(settings) if ":" in text and _PATH.fullmatch(text)})
    found = {path: code_of([module_of(path)]) for path in paths}
    return {path: code for path, code in found.items() if code is not None}


def code_of_network(network: nn.Module, *modules: str) -> Code | None:
    """The code that a network runs: `forward` of its modules, and what it calls.

    Args:
        network: any network.
        modules: names of further modules, such as that of the function that builds it.

    Examples:
        >>> code_of_network(nn.Linear(4, 2)) is None
        True
    """
    homes = {type(module).__module__ for module in network.modules()}
    homes |= {value.__module__ for module in network.modules() for value in vars(module).values()
              if isinstance(value, FunctionType)}  # fmt: skip
    return code_of([*homes, *modules])


def code_of_measure(measure: Measure) -> Code | None:
    """The code of a measure of a user's; None for those that come with bitline.

    Args:
        measure: of a study.

    Examples:
        >>> from bitline.measures import ACCURACY
        >>> code_of_measure(ACCURACY) is None
        True
    """
    return code_of([module_of(measure.path)]) if isinstance(measure, NamedMeasure) else None


def _reached(roots: list[str]) -> dict[str, _Source]:
    """Sources of modules by name, with those that they import at their top, and the packages of all."""
    found: dict[str, _Source] = {}
    waiting = [package for name in roots for package in _with_packages(name)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = _source(name)
            waiting += found[name].imports
    return found


def _is_known(name: str) -> bool:
    """Whether a module's code is known by a version."""
    return _top(name) in KNOWN or (_top(name) in sys.stdlib_module_names and name != "__main__")


def _is_users(name: str) -> bool:
    """Whether a module is a user's, not of the Python installation."""
    file = None if _is_known(name) else _file(name)
    return file is not None and not is_installed(file)


def _file(name: str) -> str | None:
    """The file of a module: that which it was imported from, or that which an import would run."""
    if name in sys.modules:
        return getattr(sys.modules[name], "__file__", None)
    file = source_of(name)
    return None if file is None else str(file)


def _with_packages(name: str) -> list[str]:
    """The names of a module and of the packages that it is in."""
    parts = name.split(".")
    return [".".join(parts[: count + 1]) for count in range(len(parts))]


def _source(name: str) -> _Source:
    """What a module's file said when it was imported, or says now where it is not yet."""
    file = _file(name)
    token: object = getattr(sys.modules.get(name), "__spec__", None) or _state(file)
    known = _seen.get(name)
    is_same = known is not None and (known[0] is token or (isinstance(token, tuple) and known[0] == token))
    if known is None or not is_same:
        known = _seen[name] = token, _read(name, file)
    return known[1]


def _state(file: str | None) -> tuple[object, ...]:
    try:
        state = os.stat(file or "")
    except OSError:
        return (file,)
    return (file, state.st_mtime_ns, state.st_size)


def _read(name: str, file: str | None) -> _Source:
    path = Path(file or "")
    try:
        content = path.read_bytes()
    except OSError:
        return _Source()
    if is_installed(str(path)) or path.suffix != ".py":
        version = getattr(sys.modules.get(_top(name)), "__version__", "")
        return _Source(path.name, content + str(version).encode())
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    try:
        tree = ast.parse(content)
        imports = [other for other in dict.fromkeys(_imports(tree.body, package)) if _is_users(other)]
        return _Source(path.name, ast.unparse(tree).encode(), tuple(imports))
    except (SyntaxError, ValueError, RecursionError, ImportError):
        return _Source(path.name, content)


def _imports(statements: Iterable[ast.stmt], package: str) -> Iterator[str]:
    """Names that may be those of modules, from statements that run when a module is imported."""
    for statement in statements:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                yield from _with_packages(alias.name)
        elif isinstance(statement, ast.ImportFrom):
            origin = "." * statement.level + (statement.module or "")
            origin = resolve_name(origin, package) if statement.level and package else origin
            yield from _with_packages(origin)
            yield from (f"{origin}.{alias.name}" for alias in statement.names)
        elif not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)) and not _is_for_types(statement):
            inner = [
                part for part in ast.iter_child_nodes(statement) if isinstance(part, (ast.stmt, ast.ExceptHandler))
            ]
            for part in inner:
                yield from _imports(part.body if isinstance(part, ast.ExceptHandler) else [part], package)


def _is_for_types(statement: ast.stmt) -> bool:
    """Whether it is the part of a module that only type checkers run."""
    return isinstance(statement, ast.If) and ast.unparse(statement.test).endswith("TYPE_CHECKING")


def _texts(settings: Any) -> list[str]:
    found, waiting = [], [settings]
    while waiting:
        values = waiting.pop()
        if isinstance(values, str):
            found.append(values)
        elif isinstance(values, dict):
            waiting += values.values()
        elif isinstance(values, (list, tuple)):
            waiting += values
    return found


def _top(name: str) -> str:
    return name.partition(".")[0]
