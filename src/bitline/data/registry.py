"""The formats that images and other samples can come in: one line each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from bitline.data._arrays import is_arrays, read_arrays
from bitline.data._pictures import is_archive, read_pictures
from bitline.data._sheet import is_sheet, read_sheet
from bitline.data._signals import is_array, read_array
from bitline.data.dataset import Dataset
from bitline.data.preprocess import Preprocess
from bitline.data.read_samples import ReadSamples
from bitline.data.recordings import Recordings, is_recordings, read_recordings
from bitline.data.sentences import Sentences, is_text_table, read_sentences
from bitline.data.text_windows import TextWindows, is_text, read_windows


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
    Format(is_array, read_array),
    Format(is_sheet, read_sheet),
    Format(is_archive, read_pictures),
)
"""The first format that matches a path reads it."""


@dataclass(frozen=True)
class SampleFormat:
    """A format of samples that are no images.

    Attributes:
        takes: type of what says how a network's inputs are made of such files.
        matches: tells whether a path looks like this format.
        read: reads the samples of a path for a network that takes this.
        default: what a network takes that does not say which inputs it takes; None if it has to say so.
    """

    takes: type
    matches: Callable[[Path], bool]
    read: Callable[[Path, Any, nn.Module], ReadSamples]
    default: Any = None


SAMPLE_FORMATS = (
    SampleFormat(TextWindows, is_text, read_windows),
    SampleFormat(Sentences, is_text_table, read_sentences),
    SampleFormat(Recordings, is_recordings, read_recordings, Recordings()),
)
"""The first format that a network takes and that matches a path reads it."""
