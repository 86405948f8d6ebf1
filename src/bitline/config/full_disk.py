"""What is said where a file cannot be written: its name, and what to do."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FULL = tuple(getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG") if hasattr(errno, name))
"""What the system says of a disk that is full, a quota that is used up, or a file that would be too large."""


@contextmanager
def naming_full_disk(path: Path, part: Path | None = None) -> Iterator[None]:
    """Name a file that cannot be written, and what to do about it: the system does not name one that it has opened.

    Args:
        path: the file as a person knows it.
        part: what is written in its place; nothing else where it is None.

    Raises:
        OSError: of the same number, in place of one without the name of a file, or with that of `part`.

    Examples:
        >>> with naming_full_disk(Path("results.json")):
        ...     raise OSError(errno.ENOSPC, "No space left on device")
        Traceback (most recent call last):
        OSError: [Errno 28] No space left on device: make room there, or write to another place: 'results.json'
    """
    try:
        yield
    except OSError as error:
        is_of_part = part is not None and error.filename == str(part)
        if not is_of_part and not (error.filename is None and error.errno in FULL):
            raise
        remedy = "make room there, or write to another place" if error.errno in FULL else "write to another place"
        raise OSError(error.errno, f"{error.strerror}: {remedy}", str(path)) from error
