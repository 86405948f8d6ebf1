"""Images as their source stores them, which become inputs of a network batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor, nn

from bitline.data.preprocess import Preprocess
from bitline.errors import DataError

BLOCK = 64
"""Images that are read at once where all are wanted."""


class Pixels(Protocol):
    """Values of images, uint8 or floating point, that may have to be read or decoded; they are never changed."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(images, ...)."""

    @property
    def dtype(self) -> torch.dtype:
        """Of the values."""

    def read(self, places: Tensor) -> Tensor:
        """Values of some images, (places, ...), on the CPU; the tensor may be a view, and is not to be changed.

        Args:
            places: numbers of the images, (places,), int64.

        Raises:
            DataError: an image cannot be read.
        """

    def decoded(self, places: Tensor) -> Pixels:
        """The same images, in this order, where they are read again at no cost of decoding.

        Raises:
            DataError: an image cannot be read.
        """

    def contents(self, places: Tensor) -> Tensor | None:
        """Digests of the files that hold some images, (places, 16), uint8, without decoding; None if the values say it.

        Raises:
            DataError: a file cannot be read.
        """

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of how they are kept."""

    def share_memory_(self) -> Pixels:
        """Lay what is in memory where other processes can see it, in place."""

    def in_memory(self) -> Pixels:
        """The same in memory, for machines that do not see the files."""


@dataclass(frozen=True)
class ArrayPixels:
    """Values of images in memory.

    Attributes:
        values: (images, ...), uint8 or floating point.
        notes: what is to be said of how they are kept.

    Examples:
        >>> ArrayPixels(torch.arange(6).reshape(3, 2)).read(torch.tensor([2, 0]))
        tensor([[4, 5],
                [0, 1]])
    """

    values: Tensor
    notes: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.values.shape)

    @property
    def dtype(self) -> torch.dtype:
        return self.values.dtype

    def read(self, places: Tensor) -> Tensor:
        return rows_at(self.values, places)

    def decoded(self, places: Tensor) -> ArrayPixels:
        if len(places) == len(self.values) and is_run(places):
            return self
        return ArrayPixels(self.read(places).clone())  # without the images that nobody asked for

    def contents(self, places: Tensor) -> None:
        return None

    def share_memory_(self) -> ArrayPixels:
        self.values.share_memory_()
        return self

    def in_memory(self) -> ArrayPixels:
        return self


@dataclass(frozen=True)
class StoredImages:
    """Images of a data set, or some of them: a batch is read, and normalised, when it is used.

    They are sliced, and split into batches, as a tensor is, and take the memory that they take in their source.

    Attributes:
        pixels: the values of all images of the source.
        places: numbers of these images among them, (images,), int64.
        preprocess: how bytes become inputs of the network; None if they stay as they are.
        device: where batches are wanted, such as 'cuda'.

    Examples:
        >>> bytes_ = torch.tensor([[0], [51], [255]], dtype=torch.uint8)
        >>> images = StoredImages.of(bytes_).normalised(Preprocess(None, mean=(0.0,), deviation=(1.0,)))
        >>> len(images), images[1:].tensor()
        (3, tensor([[0.2000],
                [1.0000]]))
        >>> [len(batch) for batch in images.split(2)]
        [2, 1]
    """

    pixels: Pixels
    places: Tensor
    preprocess: Preprocess | None = None
    device: str = "cpu"

    @classmethod
    def of(cls, images: Tensor | Pixels | StoredImages) -> StoredImages:
        """All images of a tensor or a source, in their order."""
        if isinstance(images, StoredImages):
            return images
        pixels = ArrayPixels(images) if isinstance(images, Tensor) else images
        return cls(pixels, torch.arange(pixels.shape[0] if pixels.shape else 0))

    def __len__(self) -> int:
        return len(self.places)

    @property
    def shape(self) -> tuple[int, ...]:
        """(images, ...)."""
        return (len(self), *self.pixels.shape[1:])

    def __getitem__(self, chosen: slice | Tensor) -> StoredImages:
        return replace(self, places=self.places[chosen])

    def normalised(self, preprocess: Preprocess) -> StoredImages:
        """The same images, whose bytes become inputs of a network in this way."""
        return replace(self, preprocess=preprocess)

    def to(self, device: torch.device | str) -> StoredImages:
        """The same images, whose batches come on another device."""
        return replace(self, device=str(device))

    def beside(self, network: nn.Module) -> StoredImages:
        """The same images, whose batches come on the device of a network's weights, where all are on one.

        They stay where they are for weights on the meta device: whoever loads these moves the inputs, too.
        """
        devices = {parameter.device for parameter in network.parameters() if not parameter.is_meta}
        return self.to(devices.pop()) if len(devices) == 1 else self

    def split(self, batch: int) -> Iterator[Tensor]:
        """Inputs of a network, `batch` images at once.

        Raises:
            DataError: an image cannot be read.
        """
        for places in self.places.split(batch):
            yield self._inputs(places)

    def tensor(self) -> Tensor:
        """All images as one tensor of inputs, (images, ...).

        Raises:
            DataError: an image cannot be read, or memory is too small for all.
        """
        if not len(self):
            return self._inputs(self.places)
        try:
            inputs: Tensor | None = None
            for start, block in zip(range(0, len(self), BLOCK), self.split(BLOCK), strict=True):
                inputs = block.new_empty(self.shape) if inputs is None else inputs
                inputs[start : start + BLOCK] = block
        except MemoryError:
            raise DataError(f"{len(self):,} images do not fit into memory: use fewer or smaller images") from None
        assert inputs is not None
        return inputs

    def decoded(self) -> StoredImages:
        """The same images, decoded once: in memory, or in a file of the user's cache that all processes share.

        Raises:
            DataError: an image cannot be read, or memory is too small for all.
        """
        try:
            pixels = self.pixels.decoded(self.places)
        except MemoryError:
            raise DataError(f"{len(self):,} images do not fit into memory: use fewer or smaller images") from None
        return replace(self, pixels=pixels, places=torch.arange(len(self)))

    def contents(self) -> Tensor | None:
        """Digests of the files that hold these images, (images, 16), uint8; None if only the values say what they are.

        Raises:
            DataError: a file cannot be read.
        """
        return self.pixels.contents(self.places)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of how they are kept: that they could not be, where that takes much time or memory."""
        return self.pixels.notes

    def share_memory_(self) -> StoredImages:
        """Lay what is in memory where other processes can see it, in place."""
        self.pixels.share_memory_()
        return self

    def in_memory(self) -> StoredImages:
        """The same images in memory, as bytes where they are bytes, for machines that do not see their files."""
        return replace(self, pixels=self.pixels.in_memory())

    def _inputs(self, places: Tensor) -> Tensor:
        values = self.pixels.read(places)
        if self.preprocess is None:
            return values.to(self.device)
        if self.device == "cpu":
            return self.preprocess(values)
        return self.preprocess.looked_up(values.to(self.device))


def inputs_of(images: Tensor | StoredImages) -> Tensor:
    """Images as one tensor of a network's inputs.

    Args:
        images: (images, ...).

    Raises:
        DataError: an image cannot be read.

    Examples:
        >>> inputs_of(StoredImages.of(torch.ones(2, 3))[:1])
        tensor([[1., 1., 1.]])
    """
    return images.tensor() if isinstance(images, StoredImages) else images


def is_run(places: Tensor) -> bool:
    """Whether numbers count up one by one.

    Examples:
        >>> is_run(torch.tensor([4, 5, 6])), is_run(torch.tensor([4, 6]))
        (True, False)
    """
    return bool((places.diff() == 1).all())


def rows_at(values: Tensor, places: Tensor) -> Tensor:
    """Rows of a tensor, without a copy where they stand together.

    Args:
        values: (rows, ...).
        places: numbers of rows, (places,), int64.

    Examples:
        >>> rows_at(torch.tensor([3, 4, 5]), torch.tensor([1, 2]))
        tensor([4, 5])
    """
    if len(places) and is_run(places):
        return values[int(places[0]) : int(places[-1]) + 1]
    return values[places]
