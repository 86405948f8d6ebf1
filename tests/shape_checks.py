"""Checks the shapes that functions of the package are annotated with, while the tests call them."""

from __future__ import annotations

import ast
import dataclasses
import functools
import inspect
import sys
import types
import typing
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from typing import Any

from jaxtyping import AbstractArray, jaxtyped

COMPILED = ("_numba.py", "_triton.py")
"""Kernels, whose functions are compiled and must stay as they are."""
UNCHECKED = ("__init__.py", "matrix.py")
"""Packages, which define nothing, and the core, whose warnings have to point at the line of its caller."""
SHAPES = "bitline.shapes"


def install() -> None:
    """Check the modules of the package that are imported from now on.

    Only functions with shapes among their annotations are touched: jaxtyping's own hook touches every function of a
    module and checks arguments twice, which took up to half of a test's time.
    """
    sys.meta_path.insert(0, Finder())


class Finder(MetaPathFinder):
    """Finds the modules of the package, for `Loader` to change."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith("bitline."):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None and not spec.origin.endswith((*COMPILED, *UNCHECKED)):
            spec.loader = Loader(fullname, spec.origin)
        return spec


class Loader(SourceFileLoader):
    """Loads a module with its shapes checked."""

    def get_code(self, fullname: str) -> types.CodeType | None:
        source = Path(self.path).read_text("utf-8")
        if f"from {SHAPES} import" not in source:
            return super().get_code(fullname)
        return compile(with_checks(ast.parse(source)), self.path, "exec", dont_inherit=True)


def with_checks(module: ast.Module) -> ast.Module:
    """A module whose functions with shapes among their annotations are `checked`, and its classes of such fields."""
    imports = [node for node in module.body if isinstance(node, ast.ImportFrom) and node.module == SHAPES]
    shapes = {alias.asname or alias.name for node in imports for alias in node.names}

    def known(*annotations: ast.expr | None) -> bool:
        nodes = (node for annotation in annotations if annotation for node in ast.walk(annotation))
        return any(isinstance(node, ast.Name) and node.id in shapes for node in nodes)

    for node in list(ast.walk(module)):
        if isinstance(node, ast.FunctionDef) and known(node.returns, *(part.annotation for part in _arguments(node))):
            node.decorator_list.append(_decorator("checked"))  # innermost: others may lose annotations
        elif isinstance(node, ast.ClassDef) and known(*(part.annotation for part in _fields(node))):
            node.decorator_list.insert(0, _decorator("with_checked_fields"))  # outermost: once it is a data class
    return ast.fix_missing_locations(module)


def _arguments(function: ast.FunctionDef) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def _fields(kind: ast.ClassDef) -> list[ast.AnnAssign]:
    return [part for part in kind.body if isinstance(part, ast.AnnAssign)]


def _decorator(name: str) -> ast.expr:
    return ast.parse(f"__import__({__name__!r}).{name}", mode="eval").body


def with_checked_fields(kind: type) -> type:
    """A class whose fields, if it is a data class, are checked when it is made."""
    if dataclasses.is_dataclass(kind):
        kind.__init__ = checked(kind.__init__)  # type: ignore[misc]
    return kind


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that refuses arguments and results of another shape than it is annotated with."""
    parameters = list(inspect.signature(function).parameters)

    @functools.cache  # at the first call: annotations may name what is defined below the function
    def shapes() -> tuple[list[tuple[int, str, Shapes]], Shapes]:
        found = _shapes(function)
        wanted = [(place, name, found[name]) for place, name in enumerate(parameters) if name in found]
        return wanted, found.get("return", ())

    @functools.wraps(function)
    def wrapper(*arguments: Any, **named: Any) -> Any:
        wanted, returned = shapes()
        with jaxtyped("context"):  # axes of one name have one length within a call
            for place, name, shape in wanted:
                value = arguments[place] if place < len(arguments) else named.get(name)
                _check(function, name, value, shape)
            result = function(*arguments, **named)
            _check(function, "return", result, returned)
        return result

    return wrapper


Shapes = tuple[type[AbstractArray], ...]


def _shapes(function: Callable[..., Any]) -> dict[str, Shapes]:
    """The shapes among the annotations of a function, by the name of what has them."""
    found = {}
    for name, hint in getattr(function, "__annotations__", {}).items():
        if isinstance(hint, str):
            try:
                hint = eval(hint, function.__globals__)
            except NameError:  # of something that only type checkers import
                continue
        parts = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
        shapes = tuple(part for part in parts if isinstance(part, type) and issubclass(part, AbstractArray))
        if shapes:
            found[name] = shapes
    return found


def _check(function: Callable[..., Any], name: str, value: Any, shapes: Shapes) -> None:
    if shapes and hasattr(value, "shape") and not any(isinstance(value, shape) for shape in shapes):
        wanted = " or ".join(shape.__name__ for shape in shapes)
        raise AssertionError(
            f"{function.__module__}.{function.__qualname__}: {name} is {value.dtype} {tuple(value.shape)}, not {wanted}"
        )
