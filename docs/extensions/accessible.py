"""What screen readers and keyboards need beyond what the theme writes; tests run axe on the pages."""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

PARAMETERS = re.compile(r"<dl>\n((?:<dd>.*?</dd>\n)+)</dl>")
"""A long signature: Sphinx writes its parameters as definitions of nothing."""


def mended(html: str) -> str:
    """The content of a page."""
    html = PARAMETERS.sub(lambda found: f'<span class="sig-lines">{_spans(found[1])}</span>', html)
    html = html.replace("<pre>", '<pre tabindex="0">')  # what may be wider than a page is scrolled with the keys, too
    return html.replace('<div class="table-wrapper', '<div tabindex="0" class="table-wrapper')


def _spans(definitions: str) -> str:
    return definitions.replace("<dd>", "<span>").replace("</dd>", "</span>")


def mend(app: Sphinx, page: str, template: str, context: dict[str, Any], document: Any) -> None:
    """After the theme has made the contents of a page."""
    if "body" in context:
        context["body"] = mended(context["body"])
    if "furo_navigation_tree" in context:
        tree = context["furo_navigation_tree"]
        context["furo_navigation_tree"] = tree.replace('role="heading"', 'role="heading" aria-level="2"')


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", mend, priority=900)
    return {"parallel_read_safe": True}
