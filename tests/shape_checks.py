"""Checks the shapes that functions of the package are annotated with, while the tests call them."""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jaxtyping import AbstractArray, install_import_hook

COMPILED = ("_numba.py", "_triton.py")
"""Kernels, whose functions are compiled and must stay as they are."""


UNCHECKED = ("__init__.py", "matrix.py")
"""Packages, which define nothing, and the core, whose warnings have to point at the line of its caller."""


def install() -> None:
    """Check the modules of the package that are imported from now on and know shapes: checks cost every call time."""
    found = find_spec("bitline")
    assert found is not None and found.origin is not None
    root = Path(found.origin).parent
    sources = (path for path in root.rglob("*.py") if not path.name.endswith(COMPILED))
    files = (path.relative_to(root.parent) for path in sources if "bitline.shapes import" in path.read_text("utf-8"))
    modules = [".".join(path.with_suffix("").parts) for path in files if path.name not in UNCHECKED]
    install_import_hook(modules, f"{__name__}.checked")


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that refuses arguments and results of another shape than it is annotated with."""
    hints: dict[str, tuple[type[AbstractArray], ...]] = {}
    signature = inspect.signature(function)

    @functools.wraps(function)
    def wrapper(*arguments: Any, **named: Any) -> Any:
        if not hints:
            hints.update(_shapes(function))
            hints.setdefault("", ())
        if len(hints) == 1:
            return function(*arguments, **named)
        for name, value in signature.bind(*arguments, **named).arguments.items():
            _check(function, name, value, hints.get(name, ()))
        result = function(*arguments, **named)
        _check(function, "return", result, hints.get("return", ()))
        return result

    return wrapper


def _shapes(function: Callable[..., Any]) -> dict[str, tuple[type[AbstractArray], ...]]:
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


def _check(function: Callable[..., Any], name: str, value: Any, shapes: tuple[type[AbstractArray], ...]) -> None:
    if shapes and hasattr(value, "shape") and not any(isinstance(value, shape) for shape in shapes):
        wanted = " or ".join(shape.__name__ for shape in shapes)
        raise AssertionError(
            f"{function.__module__}.{function.__qualname__}: {name} is {value.dtype} {tuple(value.shape)}, not {wanted}"
        )
