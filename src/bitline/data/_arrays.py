"""Images and signals in NumPy archives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bitline.data.archives import archive
from bitline.data.dataset import Dataset
from bitline.data.labels import labels_of_array, numbering
from bitline.data.npy import member_array, members, read_npy
from bitline.data.preprocess import Preprocess
from bitline.errors import DataError

COLOURS = (1, 3, 4)
"""Channels of pictures."""

UNUSUAL = 50
"""A value that normalised pictures do not have, and those of 0 .. 255 do."""


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
        known = members(opened)

        def array(key: str) -> np.ndarray:
            return member_array(path, opened, known[key])

        images, labels = (
            next((key for key in keys if key in known), None) for keys in (("images", "x"), ("labels", "y"))
        )
        if images is None or labels is None:
            raise DataError(f"{path} has the keys {', '.join(known)}: it needs 'images' and 'labels' (or 'x' and 'y')")
        numbers, classes = labels_of_array(array(labels), str(path))
        notes = list(numbering(classes))
        return Dataset(
            arranged(array(images), preprocess, f"{path}, {images!r}", notes),
            numbers,
            arranged(array("calibration"), preprocess, f"{path}, 'calibration'", [])
            if "calibration" in known
            else None,
            classes=classes,
            notes=tuple(notes),
            calibration_labels=labels_of_array(array("calibration_labels"), str(path))[0]
            if "calibration_labels" in known
            else None,
        )


def read_label_file(path: Path) -> tuple[Tensor, tuple[str, ...]]:
    """Labels of an .npy file, and the names of their classes.

    Raises:
        DataError: the file cannot be read, or contains no labels.
    """
    return labels_of_array(read_npy(path), str(path))


def arranged(values: np.ndarray, preprocess: Preprocess, name: str, notes: list[str]) -> Tensor:
    """Inputs of a network: uint8 pictures with channels first, other numbers as they are.

    Raises:
        DataError: they are no numbers, or have another shape than the network takes.
    """
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
    if preprocess.shape is not None and not is_uint8 and _are_plain(values, preprocess):
        notes.append(
            f"{name} is {values.dtype} from {values.min():g} to {values.max():g}, which is taken as normalised: save "
            "uint8 pictures, 0 .. 255, to have them normalised"
        )
    if arranged.ndim == values.ndim and arranged.shape != values.shape:
        notes.append(f"{name} has channels last, {values.shape[1:]}: they were put first, {arranged.shape[1:]}")
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused with other such values
        return torch.from_numpy(np.ascontiguousarray(arranged, dtype=np.uint8 if is_uint8 else np.float32))


def _are_plain(values: np.ndarray, preprocess: Preprocess) -> bool:
    """Whether floats look like pixels that nobody normalised: none is negative, as black ones would be."""
    if not values.size or values.min() < 0:
        return False
    return bool(values.max() >= UNUSUAL) or any(mean > 0 for mean in preprocess.mean)


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
