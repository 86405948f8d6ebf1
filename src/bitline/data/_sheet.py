"""Many small images as the tiles of one picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bitline.data._arrays import read_label_file
from bitline.data._images import decoded
from bitline.data.dataset import Dataset
from bitline.data.labels import numbering
from bitline.data.preprocess import Preprocess
from bitline.errors import DataError


def is_sheet(path: Path) -> bool:
    """Whether this is one picture."""
    return path.suffix.lower() == ".png"


def read_sheet(path: Path, preprocess: Preprocess) -> Dataset:
    """A picture of tiles, row by row, with NAME_labels.npy beside it; train_*.png in its folder serves to calibrate."""
    file = _label_file(path)
    if not file.is_file():
        raise DataError(f"{path} has no labels: put {file.name} beside it, class numbers in the order of the tiles")
    labels, classes = read_label_file(file)
    other = next((other for other in sorted(path.parent.glob("train_*.png")) if other != path), None)
    return Dataset(
        _tiles(path, preprocess),
        labels,
        None if other is None else _tiles(other, preprocess),
        classes=classes,
        notes=numbering(classes),
        calibration_labels=read_label_file(_label_file(other))[0]
        if other is not None and _label_file(other).is_file()
        else None,
    )


def _label_file(sheet: Path) -> Path:
    return sheet.with_name(f"{sheet.stem}_labels.npy")


def _tiles(path: Path, preprocess: Preprocess) -> Tensor:
    if preprocess.shape is None:
        raise DataError(f"{path}: the network does not say how large a tile is: use an .npz file")
    channels, height, width = preprocess.shape
    sheet = decoded(path.read_bytes(), str(path), channels)
    rows, columns = sheet.shape[0] // height, sheet.shape[1] // width
    if rows * height != sheet.shape[0] or columns * width != sheet.shape[1]:
        raise DataError(
            f"{path} is {sheet.shape[1]} x {sheet.shape[0]} pixels: not a whole number of {width} x {height} tiles"
        )
    tiles = sheet.reshape(rows, height, columns, width, channels).transpose(0, 2, 4, 1, 3)
    return torch.from_numpy(np.ascontiguousarray(tiles.reshape(-1, channels, height, width)))
