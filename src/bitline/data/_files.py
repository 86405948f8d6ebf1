"""Files of a folder or of an archive, seen alike."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bitline.config.file_state import FileState
from bitline.data.archives import archive, content_of
from bitline.errors import DataError

TABLE = "labels.csv"


class Files(Protocol):
    """Files below a place; paths are relative to it, with slashes."""

    @property
    def name(self) -> str:
        """What messages call the place."""

    def entries(self, folder: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names of the folders and of the files in a folder, both sorted."""

    def read(self, file: str) -> bytes | None:
        """What a file holds; None if there is no such file."""

    def has(self, file: str) -> bool:
        """Whether there is such a file."""

    @property
    def place(self) -> Path:
        """The folder or archive, with its whole path."""

    def state(self, file: str) -> FileState:
        """What changes when the file, or the archive, does."""


@dataclass(frozen=True)
class FolderFiles:
    """Files of a folder on disk."""

    root: Path

    @property
    def name(self) -> str:
        return str(self.root)

    def entries(self, folder: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        try:
            with os.scandir(self.root / folder) as found:
                names = sorted((entry.name, entry.is_dir()) for entry in found)
        except OSError as error:
            raise DataError(f"cannot read the folder {self.root / folder}: {error.strerror}") from None
        return tuple(name for name, is_dir in names if is_dir), tuple(name for name, is_dir in names if not is_dir)

    def read(self, file: str) -> bytes | None:
        path = self.root / file
        try:
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            raise DataError(f"cannot read {path}: {error}") from None

    def has(self, file: str) -> bool:
        try:
            return (self.root / file).exists()
        except (OSError, ValueError):
            return False

    @property
    def place(self) -> Path:
        return self.root.absolute()

    def state(self, file: str) -> FileState:
        return FileState.at(self.root / file)


@dataclass(frozen=True)
class ArchiveFiles:
    """Files of an open .zip file, below the one folder that a packed folder makes.

    Attributes:
        path: the .zip file.
        archive: the same file, open for reading.
    """

    path: Path
    archive: zipfile.ZipFile
    _members: dict[str, zipfile.ZipInfo] = field(init=False, repr=False)
    _below: dict[str, set[str]] = field(init=False, repr=False)
    _base: str = field(init=False, repr=False)
    _state: FileState = field(init=False, repr=False)

    def __post_init__(self) -> None:
        members = {member.filename.replace("\\", "/").strip("/"): member for member in self.archive.infolist()}
        below: dict[str, set[str]] = {"": set()}
        for name, member in members.items():
            folder = ""
            *parents, last = name.split("/")
            for parent in parents:
                below[folder].add(parent)
                folder = f"{folder}/{parent}".lstrip("/")
                below.setdefault(folder, set())
            below[folder].add(last)
            if member.is_dir():
                below.setdefault(name, set())
        object.__setattr__(self, "_members", members)
        object.__setattr__(self, "_below", below)
        object.__setattr__(self, "_base", self._find_base())
        file = self.archive.fp
        object.__setattr__(self, "_state", FileState("", 0) if file is None else FileState.of(os.fstat(file.fileno())))

    @property
    def name(self) -> str:
        return str(self.path)

    def entries(self, folder: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return self._inside(f"{self._base}/{folder}".strip("/"))

    def read(self, file: str) -> bytes | None:
        member = self._members.get(f"{self._base}/{file}".lstrip("/"))
        if member is None or member.is_dir():
            return None
        return content_of(self.path, self.archive, member)

    def has(self, file: str) -> bool:
        member = self._members.get(f"{self._base}/{file}".lstrip("/"))
        return member is not None and not member.is_dir()

    @property
    def place(self) -> Path:
        return self.path.absolute()

    def state(self, file: str) -> FileState:
        return self._state

    def _inside(self, folder: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        names = sorted(self._below.get(folder, ()))
        folders = tuple(name for name in names if f"{folder}/{name}".lstrip("/") in self._below)
        return folders, tuple(name for name in names if name not in folders)

    def _find_base(self) -> str:
        """The folder that labels.csv lies in, or that holds the folders of classes."""
        base = ""
        while True:
            folders, files = ([name for name in names if not is_hidden(name)] for names in self._inside(base))
            if files or len(folders) != 1:
                return base
            inside = f"{base}/{folders[0]}".lstrip("/")
            inner, within = self._inside(inside)
            if not inner and TABLE not in (name.lower() for name in within):
                return base
            base = inside


@contextmanager
def opened_files(path: Path) -> Iterator[Files]:
    """The files of a folder, or of a .zip file while it is open."""
    if path.is_dir():
        yield FolderFiles(path)
        return
    with archive(path) as opened:
        yield ArchiveFiles(path, opened)


def is_hidden(name: str) -> bool:
    """Whether a file or folder belongs to an operating system or an editor: .DS_Store, ._a.png, __MACOSX."""
    return name.startswith(".") or name == "__MACOSX"
