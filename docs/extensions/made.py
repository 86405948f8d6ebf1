"""Where extensions put what they make: beside Sphinx's own caches, not among the sources."""

from __future__ import annotations

import os
from pathlib import Path

from sphinx.application import Sphinx


def folder_of(app: Sphinx) -> Path:
    """The folder of pictures and files that a build makes; it is there."""
    folder = Path(app.doctreedir) / "made"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def link_to(app: Sphinx, page: str) -> str:
    """The same folder as a page calls it.

    Args:
        app: the build.
        page: name of the page, without its suffix.
    """
    return Path(os.path.relpath(folder_of(app), Path(app.srcdir, page).parent)).as_posix()
