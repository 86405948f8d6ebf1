"""Data sets: the embedded one, arrays, image sheets, folders and archives of images.

To read another format, write one function and add it to `FORMATS`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from bitline.data._archive import is_archive, read_archive
from bitline.data._arrays import is_arrays, read_arrays
from bitline.data._folder import read_folder
from bitline.data._sheet import is_sheet, read_sheet
from bitline.data.dataset import Dataset
from bitline.data.preprocess import Preprocess
from bitline.errors import DataError

EMBEDDED = Path(__file__).parent / "embedded" / "fashion_mnist.npz"

FORMATS: tuple[tuple[Callable[[Path], bool], Callable[[Path, Preprocess], Dataset]], ...] = (
    (Path.is_dir, read_folder),
    (is_arrays, read_arrays),
    (is_sheet, read_sheet),
    (is_archive, read_archive),
)
"""What a path looks like, and who reads it."""


def load_dataset(path: str | Path, preprocess: Preprocess) -> Dataset:
    """Read labelled images, normalised for a network.

    Args:
        path: 'fashion-mnist' (comes with bitline), an .npz, a .png sheet of tiles with _labels.npy beside it, a
            .zip with labels.csv, or a folder of images.
        preprocess: shape and normalisation that the network wants.

    Raises:
        DataError: no such data, images of another shape, missing labels, NaN or infinite values.
    """
    source = EMBEDDED if str(path) == "fashion-mnist" else Path(path)
    if not source.exists():
        raise DataError(
            f"there is no data {str(path)!r}: give 'fashion-mnist', an .npz, .png or .zip file, or a folder"
        )
    reader = next((read for matches, read in FORMATS if matches(source)), None)
    if reader is None:
        raise DataError(f"cannot read images from {source}: use an .npz, .png or .zip file, or a folder of images")
    raw = reader(source, preprocess)
    return _checked(raw, preprocess, source)


def _checked(raw: Dataset, preprocess: Preprocess, source: Path) -> Dataset:
    for images in (raw.images, raw.calibration):
        if images is None:
            continue
        if preprocess.shape is not None and tuple(images.shape[1:]) != preprocess.shape:
            raise DataError(
                f"{source}: images are {tuple(images.shape[1:])}, but the network takes {preprocess.shape} "
                "(channels, height, width): choose data made for this network"
            )
        if images.is_floating_point() and not bool(torch.isfinite(images).all()):
            raise DataError(f"{source}: the images hold NaN or infinite values")
    if len(raw.images) != len(raw.labels) or len(raw.images) == 0:
        raise DataError(
            f"{source}: {len(raw.images)} images and {len(raw.labels)} labels: give one label for each image"
        )
    calibration = None if raw.calibration is None else preprocess(raw.calibration)
    return Dataset(preprocess(raw.images), raw.labels, calibration)


__all__ = ["Dataset", "Preprocess", "load_dataset"]
