"""Images in NumPy archives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bitline.data.dataset import Dataset
from bitline.data.preprocess import Preprocess
from bitline.errors import DataError


def is_arrays(path: Path) -> bool:
    """Whether this is an .npz file."""
    return path.suffix == ".npz"


def read_arrays(path: Path, preprocess: Preprocess) -> Dataset:
    """Keys `x, y` or `images, labels`, and optionally `calibration`; images NCHW, NHWC or NHW."""
    try:
        with np.load(path) as file:
            content = {name: file[name] for name in file.files}
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {path}: {error}") from None
    images, labels = (content.get(long, content.get(short)) for long, short in (("images", "x"), ("labels", "y")))
    if images is None or labels is None:
        raise DataError(f"{path} has the keys {', '.join(content)}: it needs 'images' and 'labels' (or 'x' and 'y')")
    calibration = content.get("calibration")
    return Dataset(
        _channels_first(images, preprocess, path),
        torch.from_numpy(labels.astype(np.int64)),
        None if calibration is None else _channels_first(calibration, preprocess, path),
    )


def _channels_first(images: np.ndarray, preprocess: Preprocess, path: Path) -> Tensor:
    if images.ndim == 3:
        images = images[:, None]
    if images.ndim == 2:
        return torch.from_numpy(images)
    if images.ndim != 4:
        raise DataError(
            f"{path}: images are {images.shape}: use (n, channels, height, width) or (n, height, width, channels)"
        )
    wanted = preprocess.shape
    last = (
        images.shape[1:] != wanted and images.shape[3] in (1, 3)
        if wanted is None
        else images.shape[3] == wanted[0] != images.shape[1]
    )
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2) if last else images))
