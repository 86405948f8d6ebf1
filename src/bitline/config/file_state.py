"""What tells that a file has changed, without reading it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FileState:
    """A file as it is now: another file at the same path, and the same file with other content, are other ones.

    Attributes:
        text: size, times and place on the disk; empty where there is no file.
        changed: when it was changed last, in nanoseconds.
    """

    text: str
    changed: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileState:
        """The state of a file that the system describes so."""
        numbers = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev)
        return cls(" ".join(map(str, numbers)), max(status.st_mtime_ns, status.st_ctime_ns))

    @classmethod
    def at(cls, path: Path) -> FileState:
        """The state of the file at a path.

        Examples:
            >>> FileState.at(Path("nowhere.csv"))
            FileState(text='', changed=0)
        """
        try:
            return cls.of(path.stat())
        except (OSError, ValueError):
            return cls("", 0)
