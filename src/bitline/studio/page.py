"""The page itself, which needs nothing but this server."""

from __future__ import annotations

import json
from importlib import resources
from urllib.parse import quote

ASSETS = {
    "study.css": "text/css",
    "studio.css": "text/css",
    "studio.js": "text/javascript",
    "server.js": "text/javascript",
    "controls.js": "text/javascript",
    "chart.js": "text/javascript",
    "designs.js": "text/javascript",
    "choose.js": "text/javascript",
    "ranges.js": "text/javascript",
    "scales.js": "text/javascript",
    "text.js": "text/javascript",
}
"""Files that the page loads, and their types."""
SHARED = dict.fromkeys(("study.css", "choose.js", "ranges.js", "scales.js", "text.js"), "bitline.report")
"""Files of other packages: colours, tables, buttons and how one chooses are those of reports."""


def asset(name: str) -> str:
    """The text of a file that the page loads.

    Args:
        name: one of `ASSETS`.

    Examples:
        >>> ":root" in asset("study.css")
        True
    """
    folder = resources.files(SHARED.get(name, "bitline.studio")) / "assets"
    return (folder / name).read_text(encoding="utf-8")


def page(token: str, nonce: str) -> str:
    """The HTML of the page.

    Args:
        token: goes with every request.
        nonce: lets the map of its modules be used.

    Examples:
        >>> page("t", "n").count("?token=t") >= 3
        True
    """
    body = asset("studio.html")
    address = f"?token={quote(token)}"
    modules = {f"bitline/{name}": f"/assets/{name}{address}" for name in ASSETS if name.endswith(".js")}
    imports = json.dumps({"imports": modules})
    head = (
        f'<link rel="stylesheet" href="/assets/study.css{address}">'
        f'<link rel="stylesheet" href="/assets/studio.css{address}">'
        f'<script type="importmap" nonce="{nonce}">{imports}</script>'
        f'<script type="module" src="/assets/studio.js{address}"></script>'
    )
    return body.replace("<!-- head -->", head)
