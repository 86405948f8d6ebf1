"""Types of settings in the reference as a reader would say them: "whole number, at least 1"."""

from __future__ import annotations

import sys

from docutils import nodes
from pydantic import BaseModel
from sphinx import addnodes
from sphinx.application import Sphinx

from bitline.config.described import values_of


def values(module: str, name: str) -> str:
    """What an attribute of a class takes, in words; empty where it is no setting."""
    owner: object = sys.modules.get(module)
    *classes, own = name.split(".")
    for part in classes:
        owner = getattr(owner, part, None)
    is_setting = (
        isinstance(owner, type) and issubclass(owner, BaseModel) and own in owner.model_fields and own != "kind"
    )
    return values_of(owner, own) if is_setting else ""  # type: ignore[arg-type]


def say(app: Sphinx, domain: str, kind: str, content: addnodes.desc_content) -> None:
    """Put these words in the place of an attribute's type."""
    if domain != "py" or kind != "attribute":
        return
    for signature in content.parent.findall(addnodes.desc_signature):
        words = values(signature.get("module", ""), signature.get("fullname", ""))
        types = [part for part in signature.findall(addnodes.desc_annotation) if part.astext().startswith(":")]
        if words and types:
            types[0].children = [addnodes.desc_sig_punctuation("", ":"), nodes.Text(f" {words}")]


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("object-description-transform", say)
    return {"parallel_read_safe": True}
