"""Arrays of NumPy's files, checked before room is made for them; pickled objects are never loaded."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np

from bitline.config.messages import first_line
from bitline.data.archives import BROKEN, archive, check_member
from bitline.errors import DataError


def read_npy(path: Path) -> np.ndarray:
    """The array of an .npy file.

    Args:
        path: the file.

    Raises:
        DataError: the file cannot be read, or holds anything but plain values.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     np.save(Path(folder) / "labels.npy", np.arange(3))
        ...     read_npy(Path(folder) / "labels.npy")
        array([0, 1, 2])
    """
    try:
        size = path.stat().st_size
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    return array_of(lambda: path.open("rb"), size, str(path))


def read_numbers(path: Path) -> np.ndarray:
    """The real numbers of an .npy file as float64.

    Args:
        path: the file.

    Raises:
        DataError: the file cannot be read, or holds something else.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     np.save(Path(folder) / "cells.npy", np.array([[1, 0]]))
        ...     read_numbers(Path(folder) / "cells.npy")
        array([[1., 0.]])
    """
    values = read_npy(path)
    if values.dtype.kind not in "biuf":
        raise DataError(f"{path} holds {values.dtype}: save real numbers with numpy.save")
    return values.astype(np.float64)


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an .npz file by name.

    Args:
        path: the file.

    Raises:
        DataError: the file cannot be read, holds anything but plain values, or unpacks to far more than data does.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     np.savez(Path(folder) / "weights.npz", bias=np.zeros(2))
        ...     read_npz(Path(folder) / "weights.npz")
        {'bias': array([0., 0.])}
    """
    with archive(path) as opened:
        return {name: member_array(path, opened, member) for name, member in members(opened).items()}


def members(opened: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The members of an open .npz file by the names of their arrays."""
    return {member.filename.removesuffix(".npy"): member for member in opened.infolist()}


def member_array(path: Path, opened: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """The array of a member of an .npz file.

    Args:
        path: the file, for messages.
        opened: the same file, open.
        member: of the file.

    Raises:
        DataError: as for `read_npz`.
    """
    name = f"{path}, {member.filename.removesuffix('.npy')!r}"
    check_member(path, member)
    return array_of(lambda: opened.open(member), member.file_size, name)


def array_of(open_: Callable[[], IO[bytes]], size: int, name: str) -> np.ndarray:
    """An array in the format of .npy files.

    Args:
        open_: opens what holds it.
        size: bytes that it holds; an array that would need more is refused.
        name: what messages call it.

    Raises:
        DataError: it cannot be read, or holds anything but plain values.
    """
    try:
        with open_() as file:
            version = np.lib.format.read_magic(file)
            read_header = (
                np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            )
            shape, _, dtype = read_header(file)
        if dtype.hasobject or dtype.kind == "V":
            what = "Python objects, which could run a stranger's code" if dtype.hasobject else "records"
            raise DataError(f"{name} holds {what}: save plain numbers (or text, for names of classes)")
        if math.prod(shape) * max(1, dtype.itemsize) > size:
            raise DataError(f"{name} is {shape} of {dtype}, but the file is shorter: it was cut off, or is damaged")
        with open_() as file:
            return np.lib.format.read_array(file, allow_pickle=False)
    except (*BROKEN, MemoryError, RecursionError) as error:
        raise DataError(f"cannot read {name}: {first_line(error)}") from None
