"""The formats that images can come in: one line each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bitline.data._arrays import is_arrays, read_arrays
from bitline.data._pictures import is_archive, read_pictures
from bitline.data._sheet import is_sheet, read_sheet
from bitline.data.dataset import Dataset
from bitline.data.preprocess import Preprocess


@dataclass(frozen=True)
class Format:
    """A format of labelled images.

    Attributes:
        matches: tells whether a path looks like this format.
        read: reads the images of a path for a network with this preprocessing; uint8 images are normalised later.

    Examples:
        >>> next(known.read.__name__ for known in FORMATS if known.matches(Path("images.npz")))
        'read_arrays'
    """

    matches: Callable[[Path], bool]
    read: Callable[[Path, Preprocess], Dataset]


FORMATS = (
    Format(Path.is_dir, read_pictures),
    Format(is_arrays, read_arrays),
    Format(is_sheet, read_sheet),
    Format(is_archive, read_pictures),
)
"""The first format that matches a path reads it."""
