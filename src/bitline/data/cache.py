"""The folder in which bitline keeps decoded images between runs; everything in it can be made again, and be deleted."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ENVIRONMENT = "BITLINE_CACHE"
"""Environment variable with another folder; with 'off' or nothing in it, nothing is kept."""
LARGEST = 20 << 30
"""Bytes that are kept, or those of the latest images where these are more."""
FREE = 1 << 30
"""Bytes of the disk that are left to others."""


@dataclass(frozen=True)
class Cache:
    """A folder of files that are made again where they are missing; the ones that were used last are kept.

    Attributes:
        folder: its place; it need not exist.

    Examples:
        >>> Cache(Path("kept")).file("pixels", "1f0c")
        PosixPath('kept/pixels/1f0c')
    """

    folder: Path

    @classmethod
    def of_user(cls) -> Cache | None:
        """The cache of this user; None if it is switched off or there is no place for one."""
        named = os.environ.get(ENVIRONMENT)
        if named is not None:
            return None if named.strip().lower() in ("", "0", "off") else cls(Path(named).expanduser().absolute())
        base = os.environ.get("XDG_CACHE_HOME", "")
        try:
            return cls((Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "bitline")
        except RuntimeError:  # nobody's home
            return None

    def file(self, kind: str, name: str) -> Path:
        """The place of a file, which need not exist."""
        return self.folder / kind / name

    def files(self, kind: str, suffix: str = "") -> list[Path]:
        """Files of a kind, the one that was used last first."""
        found = [
            (used, path) for used, _, path in self._all() if path.parent.name == kind and path.name.endswith(suffix)
        ]
        return [path for _, path in sorted(found, reverse=True)]

    def used(self, path: Path) -> None:
        """Note that a file was used now."""
        with suppress(OSError):
            os.utime(path)

    def make_room(self, size: int) -> None:
        """Delete what was not used for longest, until a file of `size` bytes has its place.

        Processes that have a deleted file open keep it until they end.

        Raises:
            OSError: there is no room, or the folder cannot be made.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        kept = sorted(self._all())
        total = sum(length for _, length, _ in kept)
        for _, length, path in kept:
            if total + size <= LARGEST and self._has_room(size):
                break
            with suppress(OSError):
                path.unlink()
                total -= length
        if not self._has_room(size):
            raise OSError(f"no room for {size:,} bytes in {self.folder}")

    def _has_room(self, size: int) -> bool:
        return shutil.disk_usage(self.folder).free >= size + FREE

    def _all(self) -> list[tuple[int, int, Path]]:
        """When each file was used last, in nanoseconds, its bytes, and its path."""
        found = []
        for kind in ("pixels", "digests"):
            with suppress(OSError), os.scandir(self.folder / kind) as entries:
                for entry in entries:
                    with suppress(OSError):
                        status = entry.stat()
                        found.append((status.st_mtime_ns, status.st_size, Path(entry.path)))
        return found
