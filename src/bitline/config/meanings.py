"""What settings mean: the docstrings below them, read from the source of their class when somebody asks.

Pydantic can read them too, when it makes a class; on Python before 3.13 that took two thirds of bitline's own part of
`from bitline import Design`, in every process.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from functools import cache

from pydantic import BaseModel


def meaning(model: type[BaseModel], name: str) -> str:
    """What a setting of a class means; empty where nobody says so, or the source of the class is not there.

    Args:
        model: the class, which has the setting itself or inherits it.
        name: of the setting.

    Examples:
        >>> from bitline.readout import Adc
        >>> meaning(Adc, "bits")
        'Resolution: 2^bits levels.'
    """
    field = model.model_fields.get(name)
    return (field.description if field else None) or meanings(model).get(name, "")


@cache
def meanings(model: type[BaseModel]) -> dict[str, str]:
    """What the settings of a class mean, by name; a setting that a class defines anew needs a docstring there."""
    found: dict[str, str] = {}
    for part in reversed(model.__mro__):
        own = dict(_docstrings(part)) if issubclass(part, BaseModel) and part is not BaseModel else {}
        found |= {name: own.get(name, "") for name in inspect.get_annotations(part)}
    return {name: text for name, text in found.items() if text}


def _docstrings(part: type) -> Iterator[tuple[str, str]]:
    """The annotated names of a class that a text follows, and this text."""
    try:
        source = inspect.getsource(part)
    except (OSError, TypeError):  # of what was typed in
        return
    tree = ast.parse(f"if True:\n{source}" if source[0].isspace() else source)
    defined = next(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    for setting, after in zip(defined.body, defined.body[1:], strict=False):
        match setting, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, inspect.cleandoc(text)
