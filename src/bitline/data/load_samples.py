"""Samples that are no images, from whatever a path names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import nn

from bitline.data.preprocess import Preprocess
from bitline.data.registry import SAMPLE_FORMATS, SampleFormat
from bitline.data.split_samples import SplitSamples
from bitline.errors import DataError


@dataclass(frozen=True)
class SampleFile:
    """A file or a folder of samples, and how a network takes them.

    Attributes:
        path: its place.
        format: what reads it.
        takes: how inputs of the network are made of it.
    """

    path: Path
    format: SampleFormat
    takes: Any

    def read(self, network: nn.Module, images: int | None, calibration: int | None) -> SplitSamples:
        """The samples for a network: the first ones to measure on, the last ones to set ranges with.

        Args:
            network: takes the inputs.
            images: samples to measure on; all if None.
            calibration: samples to set apart; at most half if None.

        Raises:
            DataError: the file cannot be read, or the network cannot take what is in it.
        """
        try:
            read = self.format.read(self.path, self.takes, network)
        except MemoryError:
            raise DataError(f"{self.path} does not fit into memory: use a smaller file") from None
        except OSError as error:
            raise DataError(f"cannot read {self.path}: {error.strerror or error}") from None
        split = SplitSamples.of(read.data, str(self.path), network, images, calibration)
        return replace(split, notes=(*read.notes, *split.notes))


def sample_file(source: str, takes: Any, length: int | None = None) -> SampleFile | None:
    """A file or a folder of samples for a network; None where it is one of images, or may be.

    Args:
        source: its path.
        takes: what the network takes: a `Preprocess` of images, or what says how its inputs are made of other files.
        length: of every sample: tokens of a text, values of a recording; what the network suggests if None.

    Raises:
        DataError: there is no such file, the network takes no such files, or it cannot take samples of this length.

    Examples:
        >>> from bitline.data.text_windows import TextWindows
        >>> sample_file("images.npz", Preprocess(None, (0.0,), (1.0,))) is None
        True
        >>> sample_file("images.npz", TextWindows(list, length=8))
        Traceback (most recent call last):
        bitline.errors.DataError: there is no data 'images.npz': the network takes text: a .txt file
    """
    path, of_images = Path(source), isinstance(takes, Preprocess)
    known = [entry for entry in SAMPLE_FORMATS if isinstance(takes, entry.takes)]
    if of_images and takes.shape is None:
        known = [entry for entry in SAMPLE_FORMATS if entry.default is not None]
    found = next((entry for entry in known if entry.matches(path)), None)
    if not of_images and not (source.strip() and path.exists()):
        raise DataError(f"there is no data {source!r}: the network takes {takes.wants}")
    if found is None and not of_images:
        raise DataError(f"cannot read {source}: the network takes {takes.wants}")
    if found is None:
        if length is not None:
            raise without_length(source)
        return None
    wanted = found.default if of_images else takes
    return SampleFile(path, found, wanted if length is None else wanted.of_length(length))


def without_length(source: str) -> DataError:
    """The error that says that samples have no length to choose.

    Args:
        source: of the data.

    Examples:
        >>> print(without_length("images.npz"))
        --length (data.length in a study) is that of texts and recordings, and images.npz has neither: leave it out
    """
    return DataError(
        f"--length (data.length in a study) is that of texts and recordings, and {source} has neither: leave it out"
    )
