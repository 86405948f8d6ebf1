"""Pictures to pixels."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bitline.config.messages import first_line
from bitline.data.preprocess import Preprocess
from bitline.errors import DataError

if TYPE_CHECKING:
    from PIL import Image

NO_PICTURES = frozenset({"BUFR", "EPS", "GRIB", "HDF5", "IPTC", "MPEG", "WMF"})
"""Formats of Pillow that are programs, drawings, films or tables: some need other programs to read them."""


@cache
def suffixes() -> frozenset[str]:
    """Suffixes of the pictures that Pillow reads here, in lower case."""
    from PIL import Image  # here, for the start-up of what does not need it

    known = Image.registered_extensions()
    return frozenset(suffix for suffix, kind in known.items() if kind in Image.OPEN and kind not in NO_PICTURES)


def is_picture(name: str) -> bool:
    """Whether a file has the suffix of a picture, in upper or lower case."""
    return Path(name).suffix.lower() in suffixes()


def decoded(content: bytes, name: str, channels: int) -> np.ndarray:
    """A picture as uint8 (height, width, channels)."""
    return _pixels(_opened(content, name, channels))


def cropped(content: bytes, name: str, preprocess: Preprocess) -> np.ndarray:
    """The centre of a photograph as uint8 (channels, height, width), after the usual resizing of its shorter side.

    Pictures that are only a little larger than the crop were resized before and are not resized again.

    Raises:
        DataError: the photograph cannot be read, or is smaller than the crop.
    """
    if preprocess.shape is None:
        return np.ascontiguousarray(decoded(content, name, 3).transpose(2, 0, 1))
    from PIL import Image  # here, for the start-up of what does not need it

    channels, height, width = preprocess.shape
    image = _opened(content, name, channels)
    shorter = min(image.size)
    if preprocess.resize is not None and not height <= shorter < preprocess.resize:
        factor = preprocess.resize / shorter
        size = (round(image.size[0] * factor), round(image.size[1] * factor))
        image = image.resize(size, Image.Resampling.BILINEAR)
    if image.size[0] < width or image.size[1] < height:
        raise DataError(
            f"{name} is {image.size[0]} x {image.size[1]} pixels, smaller than the {width} x {height} that the network "
            "takes: scale it up"
        )
    left, top = (image.size[0] - width) // 2, (image.size[1] - height) // 2
    pixels = _pixels(image.crop((left, top, left + width, top + height)))
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def cut_off(content: bytes, name: str, preprocess: Preprocess) -> str:
    """What to say of pictures like this one that are cut to their centre and never resized; empty where nothing is."""
    if preprocess.shape is None or preprocess.resize is not None:
        return ""
    channels, height, width = preprocess.shape
    wide, high = _opened(content, name, channels).size
    if wide <= width and high <= height:
        return ""
    return (
        f"pictures such as {name} are {wide} x {high} pixels, and the network takes {width} x {height}: their edges "
        "are cut off; scale them down first if the centre alone does not show what they are"
    )


def decoder() -> str:
    """What decodes pictures, with its versions: another one may round pixels in another way."""
    import PIL
    from PIL import features  # here, for the start-up of what does not need it

    return f"Pillow {PIL.__version__}, JPEG {features.version('jpg')}, WebP {features.version('webp')}"


def _pixels(image: Image.Image) -> np.ndarray:
    """(height, width, channels), with an axis for the channel of grey pictures, too."""
    pixels = np.asarray(image)
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def _opened(content: bytes, name: str, channels: int) -> Image.Image:
    """A picture of 8 bits, in colour or grey, as torchvision's loader makes it.

    Transparency is dropped, of films the first picture is taken, EXIF's orientation is not applied; 16-bit greys are
    scaled, where torchvision would cut them at 255.
    """
    from PIL import Image, UnidentifiedImageError  # here, for the start-up of what does not need it

    try:
        with Image.open(io.BytesIO(content)) as image:
            sixteen = image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG")
            if image.mode in ("I", "F") and not sixteen:
                raise DataError(
                    f"{name} has {'32-bit integer' if image.mode == 'I' else 'floating-point'} values, whose range is "
                    "not known: use pictures of 8 or 16 bits, or an .npz of floats"
                )
            grey = _eight_bits(image) if sixteen else image
            return grey.convert("RGB" if channels == 3 else "L")
    except DataError:
        raise
    except Exception as error:  # Pillow's decoders raise nearly anything on damaged files
        damaged = isinstance(error, UnidentifiedImageError)
        said = "it is damaged, or no picture" if damaged else first_line(error)
        raise DataError(f"cannot read the picture {name}: {said}") from None


def _eight_bits(image: Image.Image) -> Image.Image:
    from PIL import Image  # here, for the start-up of what does not need it

    values = np.asarray(image).astype(np.float64)
    return Image.fromarray(np.rint(values / 257).astype(np.uint8))
