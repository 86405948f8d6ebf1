"""The page itself, which needs nothing but this server."""

from __future__ import annotations

import json
from importlib import resources
from urllib.parse import quote

ASSETS = {
    "tokens.css": "text/css",
    "studio.css": "text/css",
    "studio.js": "text/javascript",
    "server.js": "text/javascript",
    "controls.js": "text/javascript",
    "chart.js": "text/javascript",
    "designs.js": "text/javascript",
    "text.js": "text/javascript",
}
"""Files that the page loads, and their types."""


def page(token: str, nonce: str) -> str:
    """The HTML of the page.

    Args:
        token: goes with every request.
        nonce: lets the map of its modules be used.

    Examples:
        >>> page("t", "n").count("?token=t") >= 3
        True
    """
    folder = resources.files("bitline.studio") / "assets"
    body = (folder / "studio.html").read_text(encoding="utf-8")
    address = f"?token={quote(token)}"
    modules = {f"./{name}": f"/assets/{name}{address}" for name in ASSETS if name.endswith(".js")}
    named = {f"studio/{name.removeprefix('./')}": place for name, place in modules.items()}
    imports = json.dumps({"imports": named})
    head = (
        f'<link rel="stylesheet" href="/assets/tokens.css{address}">'
        f'<link rel="stylesheet" href="/assets/studio.css{address}">'
        f'<script type="importmap" nonce="{nonce}">{imports}</script>'
        f'<script type="module" src="/assets/studio.js{address}"></script>'
    )
    return body.replace("<!-- head -->", head)
