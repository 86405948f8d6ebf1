"""What screen readers and keyboards need beyond what Sphinx and the theme write, in every page; a test runs axe."""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx

PARAMETERS = re.compile(r"<dl>\n((?:<dd>.*?</dd>\n)+)</dl>\s*")
"""A long signature: Sphinx writes its parameters as definitions of nothing."""


def mended(html: str) -> str:
    """A page whose landmarks have names, whose headings have levels, and whose wide parts are scrolled with keys, too.

    Examples:
        >>> mended('<p role="heading">Guides</p><pre>bitline run</pre>')
        '<p role="heading" aria-level="2">Guides</p><pre tabindex="0">bitline run</pre>'
    """
    html = PARAMETERS.sub(lambda found: f'<span class="sig-lines">{_spans(found[1])}</span>', html)
    html = re.sub(r'role="heading"(?! aria-level)', 'role="heading" aria-level="2"', html)
    html = html.replace("</strong> -- ", "</strong> – ").replace("<pre>", '<pre tabindex="0">')
    html = html.replace('<div class="table-wrapper', '<div tabindex="0" class="table-wrapper')
    html = html.replace('<aside class="sidebar-drawer">', '<aside class="sidebar-drawer" aria-label="All pages">')
    return re.sub(r'<aside class="(toc-drawer[^"]*)">', r'<aside class="\1" aria-label="This page">', html)


def _spans(definitions: str) -> str:
    return definitions.replace("<dd>", "<span>").replace("</dd>", "</span>")


def mend(app: Sphinx, exception: Exception | None) -> None:
    """When all pages are written."""
    if exception is None:
        for page in Path(app.outdir).rglob("*.html"):
            page.write_text(mended(page.read_text(encoding="utf-8")), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", mend)
    return {"parallel_read_safe": True}
