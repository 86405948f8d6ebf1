"""The code of users that results depend on: their devices, converters and networks.

A version of bitline gives the same numbers for the same design, seed and inputs, and a store knows that version. Of a
class that bitline does not know, it can only tell whether the code is the same: the files of the class's module and of
the modules that it imports at its top, as long as they are the user's. Comments and layout do not count. Of a package
that was installed, the module's file and the version count. Not seen are data files that the code reads, and what it
imports inside functions.
"""

from __future__ import annotations

import ast
import hashlib
import re
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from importlib.util import resolve_name
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from torch import nn

KNOWN = ("bitline", "torch", "numpy", "builtins")
"""Packages whose code is known by their version."""

LISTED = 3
"""Names of files that are shown at most."""

_PATH = re.compile(r"([\w.]+):\w+")
_STANDARD = tuple({sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")})


@dataclass(frozen=True)
class _Source:
    """What the file of a module said when it was imported; nothing where there is no file.

    Attributes:
        content: without comments and layout.
        imports: names of the modules that it may import at its top.
    """

    content: bytes | None = None
    imports: tuple[str, ...] = ()


_seen: dict[str, tuple[ModuleSpec | None, _Source]] = {}
"""Sources of modules by name; a module that is imported again has another specification."""


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
    """The code of modules that are imported.

    Args:
        modules: names of modules; those of bitline and PyTorch do not count.

    Returns:
        Their files and digest, or None where nothing in them is a user's.

    Examples:
        >>> code_of(["fractions"]).files, code_of(["bitline.devices.exact", "torch.nn"])
        (('fractions.py',), None)
    """
    roots = sorted({name for name in modules if _top(name) not in KNOWN and name in sys.modules})
    if not roots:
        return None
    found = _reached(roots)
    contents = {(Path(str(found[name].__file__)).name, source.content) for name, source in _sources(found)
                if source.content is not None}  # fmt: skip
    unseen = [name for name, source in _sources(found) if source.content is None and name in roots]
    digest = hashlib.blake2b(digest_size=8)
    for _, content in sorted(contents):
        digest.update(hashlib.blake2b(content).digest())
    return Code(tuple(sorted({name for name, _ in contents})), digest.hexdigest(), tuple(sorted(unseen)))


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
    paths = sorted({text for text in _texts(settings) if _PATH.fullmatch(text)})
    found = {path: code_of([path.partition(":")[0]]) for path in paths}
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


def _reached(roots: list[str]) -> dict[str, ModuleType]:
    """Modules by name, with those that they import at their top and that are a user's, and the packages of all."""
    found: dict[str, ModuleType] = {}
    waiting = [package for name in roots for package in _with_packages(name)]
    while waiting:
        name = waiting.pop()
        module = sys.modules.get(name)
        if module is None or name in found:
            continue
        found[name] = module
        waiting += [other for other in _source(name, module).imports if _is_users(other)]
    return found


def _sources(found: dict[str, ModuleType]) -> Iterator[tuple[str, _Source]]:
    return ((name, _source(name, module)) for name, module in found.items())


def _is_users(name: str) -> bool:
    """Whether a module is a user's, not of the Python installation."""
    file = getattr(sys.modules.get(name), "__file__", None)
    return file is not None and _top(name) not in KNOWN and not is_installed(file)


def _with_packages(name: str) -> list[str]:
    """The names of a module and of the packages that it is in."""
    parts = name.split(".")
    return [".".join(parts[: count + 1]) for count in range(len(parts))]


def is_installed(file: str) -> bool:
    """Whether a file is of the Python installation or of a package that was installed.

    Examples:
        >>> is_installed(ast.__file__), is_installed("mydev.py")
        (True, False)
    """
    folders = ("site-packages", "dist-packages")
    return file.startswith((*_STANDARD, "<frozen")) or any(part in folders for part in Path(file).parts)


def _source(name: str, module: ModuleType) -> _Source:
    """What a module's file said when it was imported."""
    spec = getattr(module, "__spec__", None)
    if name not in _seen or _seen[name][0] is not spec:
        _seen[name] = spec, _read(module)
    return _seen[name][1]


def _read(module: ModuleType) -> _Source:
    file = str(getattr(module, "__file__", None) or "")
    try:
        content = Path(file).read_bytes()
    except OSError:
        return _Source()
    if is_installed(file) or not file.endswith(".py"):
        version = getattr(sys.modules[_top(module.__name__)], "__version__", "")
        return _Source(content + str(version).encode())
    try:
        tree = ast.parse(content)
        return _Source(ast.unparse(tree).encode(), tuple(dict.fromkeys(_imports(tree.body, module))))
    except (SyntaxError, ValueError, RecursionError, ImportError):
        return _Source(content)


def _imports(statements: Iterable[ast.stmt], module: ModuleType) -> Iterator[str]:
    """Names that may be those of modules, from statements that run when a module is imported."""
    for statement in statements:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                yield from _with_packages(alias.name)
        elif isinstance(statement, ast.ImportFrom):
            origin = "." * statement.level + (statement.module or "")
            package = getattr(module, "__package__", None)
            origin = resolve_name(origin, package) if statement.level and package else origin
            yield from _with_packages(origin)
            yield from (f"{origin}.{alias.name}" for alias in statement.names)
        elif not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)) and not _is_for_types(statement):
            inner = [
                part for part in ast.iter_child_nodes(statement) if isinstance(part, (ast.stmt, ast.ExceptHandler))
            ]
            for part in inner:
                yield from _imports(part.body if isinstance(part, ast.ExceptHandler) else [part], module)


def _is_for_types(statement: ast.stmt) -> bool:
    """Whether it is the part of a module that only type checkers run."""
    return isinstance(statement, ast.If) and ast.unparse(statement.test).endswith("TYPE_CHECKING")


def _texts(settings: Any) -> Iterator[str]:
    if isinstance(settings, str):
        yield settings
    elif isinstance(settings, dict):
        for value in settings.values():
            yield from _texts(value)
    elif isinstance(settings, (list, tuple)):
        for value in settings:
            yield from _texts(value)


def _top(name: str) -> str:
    return name.partition(".")[0]
