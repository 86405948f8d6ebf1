"""Images and signals in NumPy archives."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np
import torch
from torch import Tensor

from bitline.config.messages import first_line
from bitline.data._zip import BROKEN, archive, check_member
from bitline.data.dataset import Dataset
from bitline.data.labels import labels_of_array, numbering
from bitline.data.preprocess import Preprocess
from bitline.errors import DataError

COLOURS = (1, 3, 4)
"""Channels of pictures."""


def is_arrays(path: Path) -> bool:
    """Whether this is an .npz file."""
    return path.suffix.lower() == ".npz"


def read_arrays(path: Path, preprocess: Preprocess) -> Dataset:
    """Keys `x, y` or `images, labels`, and optionally `calibration` and `calibration_labels`.

    Floating-point values are taken as they are. uint8 images are NCHW, NHWC or NHW.
    """
    if path.open("rb").read(6) == np.lib.format.MAGIC_PREFIX:
        raise DataError(f"{path} is an .npy file by another name: it needs 'images' and 'labels', see numpy.savez")
    with archive(path) as opened:
        members = {member.filename.removesuffix(".npy"): member for member in opened.infolist()}

        def array(key: str) -> np.ndarray:
            check_member(path, members[key])
            return _array(lambda: opened.open(members[key]), members[key].file_size, f"{path}, {key!r}")

        images, labels = (
            next((key for key in keys if key in members), None) for keys in (("images", "x"), ("labels", "y"))
        )
        if images is None or labels is None:
            raise DataError(
                f"{path} has the keys {', '.join(members)}: it needs 'images' and 'labels' (or 'x' and 'y')"
            )
        numbers, classes = labels_of_array(array(labels), str(path))
        notes = list(numbering(classes))
        known = "calibration_labels" in members
        return Dataset(
            _arranged(array(images), preprocess, f"{path}, {images!r}", notes),
            numbers,
            _arranged(array("calibration"), preprocess, f"{path}, 'calibration'", [])
            if "calibration" in members
            else None,
            classes=classes,
            notes=tuple(notes),
            calibration_labels=labels_of_array(array("calibration_labels"), str(path))[0] if known else None,
        )


def read_label_file(path: Path) -> tuple[Tensor, tuple[str, ...]]:
    """Labels of an .npy file, and the names of their classes.

    Raises:
        DataError: the file cannot be read, or contains no labels.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None
    return labels_of_array(_array(lambda: path.open("rb"), size, str(path)), str(path))


def _array(open_: Callable[[], IO[bytes]], size: int, name: str) -> np.ndarray:
    """An array of an .npy file, which is checked before room is made for it; pickled objects are never loaded."""
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
        if math.prod(shape) * dtype.itemsize > size:
            raise DataError(f"{name} is {shape} of {dtype}, but the file is shorter: it was cut off, or is damaged")
        with open_() as file:
            return np.lib.format.read_array(file, allow_pickle=False)
    except (zipfile.BadZipFile, *BROKEN) as error:
        raise DataError(f"cannot read {name}: {first_line(error)}") from None


def _arranged(values: np.ndarray, preprocess: Preprocess, name: str, notes: list[str]) -> Tensor:
    """Inputs of a network: uint8 pictures with channels first, other numbers as they are."""
    if values.dtype.kind not in "buif":
        raise DataError(f"{name} is {values.dtype}: use uint8 pictures, or real floating-point numbers")
    if values.ndim < 2:
        raise DataError(f"{name} has the shape {values.shape}: use (n, features), (n, channels, ...) or the like")
    is_uint8 = values.dtype == np.uint8
    if preprocess.shape is not None and values.dtype.kind != "f" and not is_uint8:
        raise DataError(
            f"{name} is {values.dtype}: use uint8 pictures (0 .. 255), which are normalised, or normalised float32"
        )
    if preprocess.shape is not None:
        arranged = _as_wanted(values, preprocess, name)
    elif is_uint8:
        arranged = _as_pictures(values, name)
    else:
        arranged = values
    if arranged.ndim == values.ndim and arranged.shape != values.shape:
        notes.append(f"{name} has channels last, {values.shape[1:]}: they were put first, {arranged.shape[1:]}")
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused with other such values
        return torch.from_numpy(np.ascontiguousarray(arranged, dtype=np.uint8 if is_uint8 else np.float32))


def _as_wanted(values: np.ndarray, preprocess: Preprocess, name: str) -> np.ndarray:
    shape = preprocess.shape
    assert shape is not None
    channels, height, width = shape
    first, last = values.shape[1:] == shape, values.shape[1:] == (height, width, channels)
    if first and last and channels > 1 and values.dtype == np.uint8:
        raise DataError(
            f"{name}: images of {values.shape[1:]} can have channels first or last: save them normalised, as float32 "
            "with channels first"
        )
    if first:
        return values
    if last:
        return values.transpose(0, 3, 1, 2)
    if channels == 1 and values.shape[1:] == (height, width):
        return values[:, None]
    raise preprocess.wrong_shape(name, values.shape[1:])


def _as_pictures(values: np.ndarray, name: str) -> np.ndarray:
    """uint8 pictures for a network that does not say what it takes."""
    if values.ndim == 3:
        return values[:, None]
    if values.ndim != 4 or values.shape[3] not in COLOURS:
        return values
    if values.shape[1] in COLOURS:
        raise DataError(
            f"{name}: uint8 images of {values.shape[1:]} can have channels first or last: give a Network with a shape, "
            "or save float32, which is taken as it is"
        )
    return values.transpose(0, 3, 1, 2)
