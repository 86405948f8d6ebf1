"""Pictures of a folder or archive, decoded where they are used, once."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bitline.data._digests import SMALL, digest_of, digests_of
from bitline.data._files import opened_files
from bitline.data._images import cropped, decoder
from bitline.data._pixel_file import PixelFile, read_pixel_file, write_pixel_file
from bitline.data.archives import LARGE
from bitline.data.cache import ENVIRONMENT, Cache
from bitline.data.preprocess import Preprocess
from bitline.data.stored_images import ArrayPixels, Pixels
from bitline.errors import DataError


@dataclass(frozen=True)
class PicturePixels:
    """Pictures that are decoded whenever they are read.

    Attributes:
        place: folder or .zip file.
        names: the pictures in it.
        preprocess: says which size they get.
    """

    place: Path
    names: tuple[str, ...] = field(repr=False)
    preprocess: Preprocess

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.names), *self._size)

    @property
    def dtype(self) -> torch.dtype:
        return torch.uint8

    @property
    def notes(self) -> tuple[str, ...]:
        return ()

    def read(self, places: Tensor) -> Tensor:
        return self._in_memory(places, None).values

    def decoded(self, places: Tensor) -> Pixels:
        if len(places) * math.prod(self._size) <= SMALL:
            return ArrayPixels(self.read(places))
        cache = Cache.of_user()
        if cache is None:
            return self._in_memory(places, None)
        digests = self.contents(places).numpy()
        form = digest_of(f"{decoder()}, {self.preprocess.shape}, {self.preprocess.resize}".encode()).hex()
        known = _DecodedPictures(cache, form)
        file = known.file_of(digests)
        if file is None:
            path = cache.file("pixels", f"{digest_of(digests.tobytes()).hex()}.{form}")
            shape = (len(places), *self._size)
            try:
                write_pixel_file(path, shape, digests, self._pictures(places, known, digests), cache.make_room)
            except OSError as error:
                return self._in_memory(places, known, _unkept(cache, error, math.prod(shape)))
            known.drop_beginnings(digests)
            file = read_pixel_file(path)
        if file is None:  # another process has deleted it
            return self._in_memory(places, known)
        cache.used(file.path)
        return MappedPixels(file, len(places), PicturePixels(self.place, self._named(places), self.preprocess))

    def contents(self, places: Tensor) -> Tensor:
        with opened_files(self.place) as files:
            return digests_of(files, self._named(places))

    def share_memory_(self) -> PicturePixels:
        return self

    def in_memory(self) -> Pixels:
        return self._in_memory(torch.arange(len(self.names)), None)

    @cached_property
    def _size(self) -> tuple[int, ...]:
        """(channels, height, width), from the first picture where the network does not say."""
        if self.preprocess.shape is not None:
            return self.preprocess.shape
        with opened_files(self.place) as files:
            name = self.names[0]
            return cropped(files.read(name) or b"", f"{files.name}/{name}", self.preprocess).shape

    def _named(self, places: Tensor) -> tuple[str, ...]:
        return tuple(self.names[place] for place in places.tolist())

    def _in_memory(self, places: Tensor, known: _DecodedPictures | None, notes: tuple[str, ...] = ()) -> ArrayPixels:
        values = np.empty((len(places), *self._size), np.uint8)
        digests = None if known is None else self.contents(places).numpy()
        for index, picture in enumerate(self._pictures(places, known, digests)):
            values[index] = picture
        return ArrayPixels(torch.from_numpy(values), notes)

    def _pictures(
        self, places: Tensor, known: _DecodedPictures | None, digests: np.ndarray | None = None
    ) -> Iterator[np.ndarray]:
        """Pictures as uint8 (channels, height, width), those that are known without decoding.

        Args:
            places: which ones.
            known: has decoded pictures.
            digests: of the files of these pictures, (places, 16); None if nobody knows them.
        """
        with opened_files(self.place) as files:
            for index, name in enumerate(self._named(places)):
                expected = None if digests is None else digests[index].tobytes()
                picture = None if known is None or expected is None else known.picture(expected)
                if picture is None:
                    content = files.read(name) or b""
                    if expected is not None and digest_of(content) != expected:
                        raise DataError(f"{files.name}/{name} was changed while it was read: try again")
                    picture = self._fitting(cropped(content, f"{files.name}/{name}", self.preprocess), files.name, name)
                yield picture

    def _fitting(self, picture: np.ndarray, place: str, name: str) -> np.ndarray:
        """A picture, if it has the size of all.

        Raises:
            DataError: it differs from the first.
        """
        if picture.shape != self._size:
            size, wanted = (f"{shape[2]} x {shape[1]}" for shape in (picture.shape, self._size))
            raise DataError(
                f"{place}/{name} is {size} pixels, but {place}/{self.names[0]} is {wanted}, and the network does not "
                "say what it takes: scale them to one size, or give a Network with a shape"
            )
        return picture


@dataclass(frozen=True)
class MappedPixels:
    """Pictures that were decoded to a file, which all processes of a machine map; what is damaged is decoded again.

    Attributes:
        file: the decoded pictures, and maybe more after them.
        count: number of pictures.
        origin: the same pictures where they come from.
    """

    file: PixelFile
    count: int
    origin: PicturePixels = field(repr=False)

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.count, *self.file.shape[1:])

    @property
    def dtype(self) -> torch.dtype:
        return torch.uint8

    @property
    def notes(self) -> tuple[str, ...]:
        return ()

    def read(self, places: Tensor) -> Tensor:
        try:
            values, damaged = self.file.read(places)
        except (OSError, ValueError):  # it was deleted, and this process had not opened it
            return self.origin.read(places)
        if damaged:
            with contextlib.suppress(OSError):
                self.file.path.unlink()  # the next run makes another
            values = values.clone()
            values[damaged] = self.origin.read(places[damaged])
        return values

    def decoded(self, places: Tensor) -> Pixels:
        return self if len(places) == self.count else ArrayPixels(self.read(places).clone())

    def contents(self, places: Tensor) -> Tensor:
        return torch.from_numpy(self.file.digests[: self.count].copy())[places]

    def share_memory_(self) -> MappedPixels:
        return self

    def in_memory(self) -> ArrayPixels:
        return ArrayPixels(self.read(torch.arange(self.count)))


def _unkept(cache: Cache, error: OSError, size: int) -> tuple[str, ...]:
    """What is to be said where many decoded pictures could not be kept."""
    if size < LARGE:
        return ()
    return (
        f"decoded images stay in memory, {size / 1e9:.1f} GB, and are decoded again at the next start: cannot write "
        f"to {cache.folder} ({error.strerror or error}); {ENVIRONMENT} can name another folder",
    )


class _DecodedPictures:
    """Decoded pictures of one form in the files of a cache.

    Args:
        cache: has the files.
        form: what was made of pictures: their size, and the decoder.
    """

    def __init__(self, cache: Cache, form: str) -> None:
        found = [read_pixel_file(path) for path in cache.files("pixels", form)]
        self.files = [file for file in found if file is not None]

    def file_of(self, digests: np.ndarray) -> PixelFile | None:
        """A file that begins with these pictures."""
        return next((file for file in self.files if np.array_equal(file.digests[: len(digests)], digests)), None)

    def picture(self, digest: bytes) -> np.ndarray | None:
        """A decoded picture."""
        for file, row in self._rows.get(digest, ()):
            with contextlib.suppress(OSError, ValueError):
                values, damaged = file.read(torch.tensor([row]))
                if not damaged:
                    return values[0].numpy()
        return None

    def drop_beginnings(self, digests: np.ndarray) -> None:
        """Delete files all of whose pictures are the first ones of a larger file."""
        for file in self.files:
            if np.array_equal(file.digests, digests[: len(file.digests)]) and len(file.digests) < len(digests):
                with contextlib.suppress(OSError):
                    file.path.unlink()

    @cached_property
    def _rows(self) -> dict[bytes, list[tuple[PixelFile, int]]]:
        """Where each picture is."""
        rows: dict[bytes, list[tuple[PixelFile, int]]] = {}
        for file in self.files:
            for row, digest in enumerate(file.digests):
                rows.setdefault(digest.tobytes(), []).append((file, row))
        return rows
