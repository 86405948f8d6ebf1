"""The code of users that results depend on: their devices, converters and networks.

A version of bitline gives the same numbers for the same design, seed and inputs, and a store knows that version. Of a
class that bitline does not know, it can only tell whether the code is the same: the files of the class's module and of
what this module imports at its top, as long as that is the user's. Comments and layout do not count. Not seen are data
files that the code reads, and modules that it imports inside functions.
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
_seen: dict[str, tuple[ModuleSpec | None, bytes | None]] = {}
"""Contents of modules by name, as they were imported; a module that is imported again has another specification."""


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
    contents: set[tuple[str, bytes]] = set()
    unseen = []
    for module in _reached(roots):
        content = _content(module)
        if content is None:
            unseen.append(module.__name__)
        else:
            contents.add((Path(str(module.__file__)).name, content))
    digest = hashlib.blake2b(digest_size=8)
    for _, content in sorted(contents):
        digest.update(hashlib.blake2b(content).digest())
    return Code(tuple(sorted(name for name, _ in contents)), digest.hexdigest(), tuple(sorted(unseen)))


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


def _reached(roots: list[str]) -> list[ModuleType]:
    """Modules, and those that they import at their top and that are a user's or of the same package."""
    packages = {_top(name) for name in roots}
    found: dict[str, ModuleType] = {}
    waiting = [sys.modules[name] for name in roots]
    while waiting:
        module = waiting.pop()
        if module.__name__ in found:
            continue
        found[module.__name__] = module
        for name in {_home(value) for value in list(vars(module).values())}:
            other = sys.modules.get(name)
            if other is not None and _counts(other, packages):
                waiting.append(other)
    return list(found.values())


def _home(value: Any) -> str:
    """Name of the module that something is, or comes from."""
    if isinstance(value, ModuleType):
        return value.__name__
    home = getattr(value if isinstance(value, (type, FunctionType)) else type(value), "__module__", None)
    return home if isinstance(home, str) else ""


def _counts(module: ModuleType, packages: set[str]) -> bool:
    """Whether a module that another one imports is a user's, not of the Python installation."""
    file, top = getattr(module, "__file__", None), _top(module.__name__)
    if file is None or top in KNOWN:
        return False
    return top in packages or not is_installed(file)


def is_installed(file: str) -> bool:
    """Whether a file is of the Python installation or of a package that was installed.

    Examples:
        >>> is_installed(ast.__file__), is_installed("mydev.py")
        (True, False)
    """
    folders = ("site-packages", "dist-packages")
    return file.startswith((*_STANDARD, "<frozen")) or any(part in folders for part in Path(file).parts)


def _content(module: ModuleType) -> bytes | None:
    """What a module's file said when it was imported, or None where there is no file."""
    spec, name = getattr(module, "__spec__", None), module.__name__
    if name not in _seen or _seen[name][0] is not spec:
        _seen[name] = spec, _read(getattr(module, "__file__", None))
    return _seen[name][1]


def _read(file: str | None) -> bytes | None:
    try:
        content = Path(file or "").read_bytes()
        if is_installed(str(file)) or not str(file).endswith(".py"):
            return content
        return ast.unparse(ast.parse(content)).encode()
    except OSError:
        return None
    except (SyntaxError, ValueError, RecursionError):
        return content


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
