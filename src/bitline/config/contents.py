"""Files that settings name, recognised by their content."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from bitline.errors import DesignError


class _Read(Protocol):
    """What was read of a file, with the hash of the file."""

    @property
    def content(self) -> str: ...


Read = TypeVar("Read", bound=_Read)


def plain_value(value: Any) -> Any:
    """A path as its name, numbers and arrays of NumPy, PyTorch and pandas as Python's; other values as they are.

    Examples:
        >>> from pathlib import Path
        >>> import numpy as np
        >>> plain_value(Path("cells.csv")), plain_value(np.arange(2)), plain_value(6)
        ('cells.csv', [0, 1], 6)
    """
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    listed = getattr(value, "tolist", None)
    return value if listed is None else listed()


def same_content(settings: Mapping[str, Any], found: str, section: str) -> str:
    """The hash of a file, if it is that of the design, or the design has none yet.

    Args:
        settings: of the section: its `file`, and the `content` that a saved design has of it.
        found: hash of the file as it is.
        section: that names the file, for messages.

    Raises:
        ValueError: it is another file than when the design was saved.

    Examples:
        >>> same_content({"file": "cells.csv"}, "8a1f", "cell.device")
        '8a1f'
        >>> same_content({"file": "cells.csv", "content": "77b0"}, "8a1f", "cell.device")
        Traceback (most recent call last):
        ValueError: cell.device.file 'cells.csv' has changed since the design was saved (content 8a1f, not 77b0): ...
    """
    known = settings.get("content")
    if known not in (None, "", found):
        raise ValueError(
            f"{section}.file {settings['file']!r} has changed since the design was saved (content {found}, not "
            f"{known}): bring the old file back, or remove {section}.content from the design"
        )
    return found


def unchanged(read: Callable[[], Read], known: str, setting: str) -> Read:
    """What a file says, if it is that from which a design was made.

    Args:
        read: reads the file; raises ValueError where that fails.
        known: hash of the file when the design was made.
        setting: that names the file, and the name, for messages.

    Raises:
        DesignError: the file is gone, or says something else by now.
    """
    try:
        found = read()
    except ValueError as error:
        raise DesignError(str(error)) from None
    if found.content != known:
        raise DesignError(f"{setting} has changed since the design was made: make or load the design again")
    return found
