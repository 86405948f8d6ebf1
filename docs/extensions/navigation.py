"""The contents beside every page, two levels deep: Sphinx would copy all names of the reference for every page."""

from __future__ import annotations

from functools import partial
from typing import Any

from sphinx.application import Sphinx

DEPTH = 2
"""Levels of pages: a section's page and the pages in its contents."""


def shorten(app: Sphinx, page: str, template: str, context: dict[str, Any], document: Any) -> None:
    """Before the theme asks for the contents, which it does without a limit."""
    if "toctree" in context:
        context["toctree"] = partial(_toctree, context["toctree"])


def _toctree(whole: Any, **options: Any) -> str:
    return str(whole(**{**options, "maxdepth": DEPTH}))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", shorten, priority=100)
    return {"parallel_read_safe": True}
