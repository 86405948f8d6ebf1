"""One process at a time writes to a store."""

from __future__ import annotations

import fcntl
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bitline.errors import StudyError


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a store, which the system gives back when the process ends, however it ends.

    Args:
        path: the store; the lock is a file beside it, with `.lock` after its name.

    Raises:
        StudyError: another process holds it.

    Examples:
        >>> with locked(Path("study.sqlite")), locked(Path("study.sqlite")):
        ...     pass
        Traceback (most recent call last):
        bitline.errors.StudyError: the store study.sqlite is in use by process ...: wait until it is done, ...
    """
    lock = path.with_name(path.name + ".lock")
    with lock.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            owner = file.read().strip() or "another process"
            raise StudyError(
                f"the store {path} is in use by {owner}: wait until it is done, or give another --out"
            ) from None
        file.truncate(0)
        file.write(f"process {os.getpid()} on {platform.node()}")
        file.flush()
        yield
        file.truncate(0)
