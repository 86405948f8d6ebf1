"""The reference: docstrings as they are written here, in the words that Sphinx's autodoc reads.

Docstrings have Google's sections, and otherwise Markdown: code between single backticks, indented equations, tables.
Shapes of tensors keep the names of bitline/shapes.py, settings show no signature, and what several packages list is
documented once.
"""

from __future__ import annotations

import inspect
import pydoc
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from types import FunctionType
from typing import Any

from docutils import nodes
from pydantic import BaseModel
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.ext.napoleon import GoogleDocstring

import bitline.shapes

SECTION = re.compile(r"(Args|Arguments|Attributes|Examples?|Notes?|Raises|Returns|Yields):$")
CODE = re.compile(r"(`[^`]+`)")
PYDANTIC = {"model_config", "model_post_init", "model_fields", "model_computed_fields"}
LONG = 60
"""Characters of a default above which it is not shown."""
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
    if block[0].strip() in ("Returns:", "Yields:"):  # napoleon takes what is before a colon for a type; here it is none
        block = [block[0], re.sub(r"^( *)", r"\1: ", block[1]), *block[2:]]
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
    """Before napoleon reads a docstring; napoleon would take the words before a colon for the type of an attribute."""
    converted = as_restructured_text(lines)
    if kind in ("attribute", "property", "data"):
        app.env.current_document["bitline:docstring"] = converted
    lines[:] = converted


def mend(app: Sphinx, kind: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """After napoleon has read the docstring of an attribute: its words again, and the default of a setting."""
    if kind in ("attribute", "property", "data"):
        converted = app.env.current_document["bitline:docstring"]
        lines[:] = GoogleDocstring(converted, app.config, app, "method", name, value, options).lines()
        lines += default_of(name)


def default_of(name: str) -> list[str]:
    """What says the default of a field of settings, which Python does not keep as an attribute of its class."""
    path, _, own = name.rpartition(".")
    owner: Any = pydoc.locate(path)
    if not (inspect.isclass(owner) and issubclass(owner, BaseModel)) or own not in owner.model_fields:
        return []
    field = owner.model_fields[own]
    if field.is_required() or len(repr(field.default)) > LONG:
        return []
    default = field.get_default(call_default_factory=True)
    return ["", f"Default: ``{default!r}``"] if len(repr(default)) <= LONG else []


def without_validation(
    app: Sphinx, kind: str, name: str, value: Any, options: Any, signature: str | None, returned: str | None
) -> tuple[str, None] | None:
    """No signature for settings: it would repeat all fields, with what validates them."""
    return ("", None) if kind == "class" and inspect.isclass(value) and issubclass(value, BaseModel) else None


def is_elsewhere(app: Sphinx, kind: str, name: str, value: Any, skipped: bool, options: Any) -> bool | None:
    """Leave out what another package documents, and fields that the docstring of their class explains."""
    if name in PYDANTIC:
        return True
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


def link_exactly(app: Sphinx, document: nodes.document) -> None:
    """Sphinx searches for names in annotations everywhere: the axis "rows" of a shape would link to any `rows`."""
    for reference in document.findall(addnodes.pending_xref):
        if reference.get("refspecific") is False:
            del reference["refspecific"]


def setup(app: Sphinx) -> dict[str, bool]:
    app.setup_extension("sphinx.ext.autodoc")
    shapes = {name: f"bitline.shapes.{name}" for name in vars(bitline.shapes) if name[0].isupper()}
    app.config.autodoc_type_aliases = shapes
    app.connect("autodoc-process-docstring", convert, priority=400)  # that of napoleon is 500
    app.connect("autodoc-process-docstring", mend, priority=600)
    app.connect("autodoc-skip-member", is_elsewhere)
    app.connect("doctree-read", link_exactly)
    app.connect("autodoc-process-signature", without_validation)
    return {"parallel_read_safe": True}
