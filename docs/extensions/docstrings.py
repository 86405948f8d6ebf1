"""The reference: docstrings as they are written here, in the words that Sphinx's autodoc reads.

Docstrings have Google's sections, and otherwise Markdown: code between single backticks, indented equations, tables.
Shapes of tensors keep the names of bitline/shapes.py, settings show no signature, and what several packages list is
documented once.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from types import FunctionType
from typing import Any

from pydantic import BaseModel
from sphinx.application import Sphinx

import bitline.shapes

SECTION = re.compile(r"(Args|Arguments|Attributes|Examples?|Notes?|Raises|Returns|Yields):$")
CODE = re.compile(r"(`[^`]+`)")
PYTHON_NAME = re.compile(r"[A-Za-z_][\w.]*")


def as_restructured_text(lines: list[str]) -> list[str]:
    """A docstring in Markdown as reStructuredText; sections are left to napoleon.

    Args:
        lines: of the docstring.
    """
    written: list[str] = []
    in_section = False
    for block in _blocks(lines):
        indent = len(block[0]) - len(block[0].lstrip())
        if not indent:
            in_section = bool(SECTION.match(block[0]))
        if all(line.lstrip().startswith("|") for line in block):
            written += _table(block)
        elif indent >= 4 and not in_section:
            written += ["::", "", *block]
        else:
            written += _prose(block)
        written.append("")
    return written


def _blocks(lines: list[str]) -> Iterator[list[str]]:
    """Groups of lines between empty lines."""
    block: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            block.append(line)
        elif block:
            yield block
            block = []


def _prose(block: list[str]) -> list[str]:
    """A block with its code marked and everything else escaped; from the first `>>>` on it is an example."""
    end = next((number for number, line in enumerate(block) if line.lstrip().startswith(">>>")), len(block))
    parts = CODE.split("\n".join(block[:end]))
    text = "".join(_code(part) if part.startswith("`") and len(part) > 1 else _escaped(part) for part in parts)
    return [*(text.split("\n") if end else []), *block[end:]]


def _code(span: str) -> str:
    """Code between backticks; a name that is documented becomes a link."""
    content = span[1:-1]
    return f":py:obj:`{content}`" if PYTHON_NAME.fullmatch(content) else f"``{content}``"


def _escaped(text: str) -> str:
    text = re.sub(r"\|", r"\\|", text)
    text = re.sub(r"(?<=\w)_(?!\w)", r"\\_", text)
    emphasised = re.compile(r"(?<![\w*\\])\*(\w[^*\n]*\w)\*(?![\w*])")
    held = emphasised.sub("\0\\1\0", text)
    return re.sub(r"\*", r"\\*", held).replace("\0", "*")


def _table(block: list[str]) -> list[str]:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in block]
    written = [".. list-table::", "   :header-rows: 1", ""]
    for row in (rows[0], *rows[2:]):
        cells = ["".join(_prose([cell])) if cell else "" for cell in row]
        written += [f"   {'* -' if not number else '  -'} {cell}".rstrip() for number, cell in enumerate(cells)]
    return written


def convert(app: Sphinx, kind: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Before napoleon reads a docstring."""
    lines[:] = as_restructured_text(lines)


def without_validation(
    app: Sphinx, kind: str, name: str, value: Any, options: Any, signature: str | None, returned: str | None
) -> tuple[str, None] | None:
    """No signature for settings: it would repeat all fields, with what validates them."""
    return ("", None) if kind == "class" and inspect.isclass(value) and issubclass(value, BaseModel) else None


def is_elsewhere(app: Sphinx, kind: str, name: str, value: Any, skipped: bool, options: Any) -> bool | None:
    """Leave out what another package documents, and fields that the docstring of their class explains."""
    module, owner = app.env.current_document.autodoc_module, app.env.current_document.autodoc_class
    if owner:
        described = inspect.getdoc(getattr(import_module(module), owner)) or ""
        _, _, attributes = described.partition("Attributes:\n")
        return True if re.search(rf"^ +([\w, ]+, )?{name}(, [\w, ]+)?:", attributes, re.MULTILINE) else None
    return True if home_of(value, name) not in (None, module) else None


def home_of(value: Any, name: str) -> str | None:
    """The package that documents a class or function which several list: the outermost of those around its module."""
    if not isinstance(value, type | FunctionType):
        return None
    parts = value.__module__.split(".")
    around = (".".join(parts[:count]) for count in range(1, len(parts) + 1))
    return next((package for package in around if name in getattr(sys.modules[package], "__all__", ())), None)


def setup(app: Sphinx) -> dict[str, bool]:
    app.setup_extension("sphinx.ext.autodoc")
    shapes = {name: f"bitline.shapes.{name}" for name in vars(bitline.shapes) if name[0].isupper()}
    app.config.autodoc_type_aliases = shapes
    app.connect("autodoc-process-docstring", convert, priority=400)  # napoleon's is 500
    app.connect("autodoc-skip-member", is_elsewhere)
    app.connect("autodoc-process-signature", without_validation)
    return {"parallel_read_safe": True}
