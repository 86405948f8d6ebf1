"""Images whose classes are known, and how many of them a network gets right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from bitline.data.labels import scores
from bitline.data.stored_images import StoredImages
from bitline.nn import settled

Advance = Callable[[int], object]
"""Called with the number of images done so far."""


@dataclass(frozen=True)
class LabelledImages:
    """Images of a data set, or a part of them, with their classes.

    Attributes:
        images: normalised, (images, ...).
        classes: class numbers, (images,).
        batch: how many images go through a network at once; does not change results.
        first: place of the first image in the data set, which decides the read noise that it meets.

    Examples:
        >>> data = LabelledImages(torch.eye(4), torch.tensor([0, 1, 2, 0]), batch=3)
        >>> data.right(nn.Identity().eval()), data.accuracy(nn.Identity().eval())
        (3, 0.75)
        >>> data.part(2, 4).first
        2
    """

    images: Tensor | StoredImages
    classes: Tensor
    batch: int
    first: int = 0

    def __len__(self) -> int:
        return len(self.images)

    def part(self, start: int, stop: int) -> LabelledImages:
        """Some of the images, from number `start` to the one before `stop`."""
        images, classes = self.images[start:stop], self.classes[start:stop]
        return replace(self, images=images, classes=classes, first=self.first + start)

    def batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Images and classes, `batch` of them at once."""
        return zip(self.images.split(self.batch), self.classes.split(self.batch), strict=True)

    @torch.no_grad()
    def each_right(self, network: nn.Module, advance: Advance = int) -> Tensor:
        """Whether the largest output of each image is that of its class, (images,).

        Args:
            network: in eval mode.
            advance: told how many images are done.
        """
        right, done = [], 0
        with settled(network):
            for images, classes in self.batches():
                right.append(scores(network, images).argmax(1) == classes)
                done += len(images)
                advance(done)
        return torch.cat(right)

    def right(self, network: nn.Module, advance: Advance = int) -> int:
        """Number of images that a network gets right; arguments as for `each_right`."""
        return int(self.each_right(network, advance).sum())

    def accuracy(self, network: nn.Module, advance: Advance = int) -> float:
        """Share of the images that a network gets right; arguments as for `each_right`."""
        return self.right(network, advance) / len(self)
