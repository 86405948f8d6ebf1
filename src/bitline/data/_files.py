"""Files of a folder or of an archive, seen alike."""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bitline.data.archives import content_of
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


def is_hidden(name: str) -> bool:
    """Whether a file or folder belongs to an operating system or an editor: .DS_Store, ._a.png, __MACOSX."""
    return name.startswith(".") or name == "__MACOSX"
