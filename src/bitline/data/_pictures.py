"""Folders and archives of pictures: one subfolder for each class, or pictures with labels.csv."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import torch

from bitline.data._files import TABLE, Files, is_hidden, opened_files
from bitline.data._images import cut_off, is_picture
from bitline.data._picture_pixels import PicturePixels
from bitline.data._table import Row, read_table
from bitline.data.dataset import Dataset
from bitline.data.labels import in_short, labels_of_texts, numbering
from bitline.data.preprocess import Preprocess
from bitline.errors import DataError

SPLITS = frozenset({"train", "training", "val", "valid", "validation", "test", "testing", "dev", "eval"})


def is_archive(path: Path) -> bool:
    """Whether this is a .zip file."""
    return path.suffix.lower() == ".zip"


def read_pictures(path: Path, preprocess: Preprocess) -> Dataset:
    """One subfolder for each class (in the order of their names), or pictures with labels.csv; a folder or a .zip."""
    with opened_files(path) as files:
        found = _read(files, path, preprocess)
        pixels = found.stored.pixels
        assert isinstance(pixels, PicturePixels)
        content = files.read(pixels.names[0]) if pixels.names else None
        note = "" if content is None else cut_off(content, f"{files.name}/{pixels.names[0]}", preprocess)
        return found.with_changes(notes=(*found.notes, note)) if note else found


def _read(files: Files, path: Path, preprocess: Preprocess) -> Dataset:
    folders, names = files.entries("")
    table = next((name for name in names if name.lower() == TABLE), None)
    if table is not None:
        return _listed(files, table, path, preprocess)
    if not any(not is_hidden(name) for name in folders):
        loose = sum(is_picture(name) for name in names)
        what = f"{loose} pictures, but no labels" if loose else "no pictures"
        raise DataError(f"{files.name} holds {what}: use one subfolder for each class, or pictures with {TABLE}")
    return _by_class(files, path, preprocess)


def _listed(files: Files, table: str, path: Path, preprocess: Preprocess) -> Dataset:
    name = f"{files.name}/{table}"
    rows, notes = read_table(files.read(table) or b"", name)
    labels, classes = labels_of_texts([row.label for row in rows], [f"{name}, line {row.line}" for row in rows])
    images = PicturePixels(path, tuple(_files_of(files, rows, name)), preprocess)
    listed = {_plain(row.file) for row in rows}
    unlisted = list(_beside(files, listed))
    if unlisted:
        notes.append(f"pictures left out because {TABLE} does not name them: {len(unlisted)} ({in_short(unlisted)})")
    return Dataset(images, labels, classes=classes, notes=(*notes, *numbering(classes)))


def _beside(files: Files, listed: set[str]) -> Iterator[str]:
    """Pictures in the folders of the listed ones that are not listed themselves."""
    for folder in sorted({file.rpartition("/")[0] for file in listed if not file.startswith(("/", "../"))}):
        for name in files.entries(folder)[1]:
            path = f"{folder}/{name}".lstrip("/")
            if is_picture(path) and not is_hidden(name) and path not in listed:
                yield path


def _files_of(files: Files, rows: Sequence[Row], table: str) -> Iterator[str]:
    """The file of each row, under the name that it has there."""
    for row in rows:
        file = next((name for name in (row.file, _plain(row.file)) if files.has(name)), None)
        if file is None:
            raise DataError(
                f"{table}, line {row.line}: there is no file {row.file!r} in {files.name}: write paths from {TABLE} on"
            )
        yield file


def _plain(file: str) -> str:
    """A path with slashes and without detours, however it was written."""
    return posixpath.normpath(file.replace("\\", "/"))


def _by_class(files: Files, path: Path, preprocess: Preprocess) -> Dataset:
    folders, beside = files.entries("")
    _check_splits(files, [name for name in folders if not is_hidden(name)])
    pictures: dict[str, list[str]] = {}
    left_out = [name for name in beside if not is_hidden(name)]
    skipped: list[str] = []
    for folder in folders:
        inner, within = files.entries(folder)
        seen = [name for name in within if not is_hidden(name)]
        known = [name for name in seen if is_picture(name)]
        if is_hidden(folder) or (folder.startswith("_") and not known):
            skipped.append(folder)
            continue
        _check_class(files, folder, [name for name in inner if not is_hidden(name)], known)
        pictures[folder] = known
        left_out += [f"{folder}/{name}" for name in seen if not is_picture(name)]
    classes = tuple(pictures)
    if not classes:
        raise DataError(f"{files.name} holds no pictures: use one subfolder for each class, or pictures with {TABLE}")
    listed = [(number, f"{folder}/{name}") for number, folder in enumerate(classes) for name in pictures[folder]]
    notes = list(numbering(classes))
    if skipped:
        notes.append(f"folders that are no classes were left out: {in_short(skipped)}")
    if left_out:
        kinds = Counter(PurePosixPath(name).suffix.lower() or "no suffix" for name in left_out)
        counted = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(5))
        notes.append(f"files left out that are no pictures of a class: {counted} ({in_short(left_out)})")
    return Dataset(
        PicturePixels(path, tuple(file for _, file in listed), preprocess),
        torch.tensor([number for number, _ in listed]),
        classes=classes,
        notes=tuple(notes),
    )


def _check_splits(files: Files, folders: Sequence[str]) -> None:
    """Refuse the parts of a data set in place of its classes."""
    if {name.lower() for name in folders} <= SPLITS:
        part = next((name for name in folders if not name.lower().startswith("train")), folders[0])
        raise DataError(
            f"{files.name} holds {' and '.join(folders)}, by name parts of a data set, not classes: give one part, "
            f"with a folder for each class in it, such as {files.name}/{part}"
        )


def _check_class(files: Files, folder: str, inner: Sequence[str], pictures: Sequence[str]) -> None:
    """Refuse a folder that is no class: numbers of the others would depend on it, or pictures would be lost."""
    if inner:
        raise DataError(
            f"{files.name}/{folder} holds folders ({in_short(inner)}), but a class is one folder of pictures: if "
            f"{folder} is a part of the data set, give that part, {files.name}/{folder}"
        )
    if not pictures:
        raise DataError(
            f"{files.name}/{folder} holds no pictures, so it is not clear whether it counts as a class: add its "
            "pictures, or remove the folder"
        )
