"""Python objects named by users."""

from __future__ import annotations

import importlib
import sys
from typing import Any


def import_object(path: str) -> Any:
    """The object `package.module:name`, looked for in the current folder too.

    Raises:
        ImportError, AttributeError: no such module, or nothing of that name in it.
    """
    module, _, name = path.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")
    return getattr(importlib.import_module(module), name)
