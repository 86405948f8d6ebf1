"""Pictures to pixels."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, UnidentifiedImageError

from bitline.data.preprocess import Preprocess
from bitline.errors import DataError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")


def decoded(file: Path | IO[bytes], channels: int) -> np.ndarray:
    """A picture as uint8 (height, width, channels)."""
    with _opened(file, channels) as image:
        pixels = np.asarray(image)
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def cropped(file: Path | IO[bytes], preprocess: Preprocess) -> np.ndarray:
    """The centre of a photograph as uint8 (channels, height, width), after the usual resizing of its shorter side.

    Pictures that are only a little larger than the crop were resized before and are not resized again.
    """
    if preprocess.shape is None:
        return decoded(file, 3).transpose(2, 0, 1)
    channels, height, width = preprocess.shape
    with _opened(file, channels) as image:
        shorter = min(image.size)
        if preprocess.resize is not None and not height <= shorter < preprocess.resize:
            factor = preprocess.resize / shorter
            size = (round(image.size[0] * factor), round(image.size[1] * factor))
            image = image.resize(size, Image.Resampling.BILINEAR)
        left, top = (image.size[0] - width) // 2, (image.size[1] - height) // 2
        pixels = np.asarray(image.crop((left, top, left + width, top + height)))
    return np.ascontiguousarray((pixels if pixels.ndim == 3 else pixels[:, :, None]).transpose(2, 0, 1))


def _opened(file: Path | IO[bytes], channels: int) -> Image.Image:
    try:
        return Image.open(file).convert("RGB" if channels == 3 else "L")
    except (UnidentifiedImageError, OSError) as error:
        raise DataError(f"cannot read the picture {getattr(file, 'name', file)}: {error}") from None
