"""Images to network inputs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from bitline.config.arguments import check_fields, checked
from bitline.errors import DataError


@dataclass(frozen=True)
class Preprocess:
    """Shape and normalisation of a network's inputs: (x / 255 - mean) / deviation for each channel.

    Attributes:
        shape: (channels, height, width); None if any shape will do.
        mean, deviation: mean and standard deviation of each channel, or of all together.
        resize: length of the shorter side before the centre crop of larger photographs; None if they are only cropped.
        classes: names of the network's classes in the order of their numbers; empty where it does not name them.

    Examples:
        >>> black_and_white = torch.tensor([0, 255], dtype=torch.uint8).reshape(1, 1, 1, 2)
        >>> Preprocess(shape=(1, 1, 2), mean=(0.5,), deviation=(0.25,))(black_and_white)
        tensor([[[[-2.,  2.]]]])
    """

    shape: tuple[int, int, int] | None
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    resize: int | None = None
    classes: tuple[str, ...] = field(default=(), repr=False)  # images are the same whatever their classes are called

    def __post_init__(self) -> None:
        check_fields(self, DataError)
        if len(self.mean) != len(self.deviation) or not self.mean:
            raise DataError(
                f"mean has {len(self.mean)} values and deviation {len(self.deviation)}: give both one for each channel"
            )
        if not all(0 < value < math.inf for value in self.deviation):
            raise DataError(f"deviation is {self.deviation}: inputs are divided by it, so give values above 0")

    def __call__(self, images: Tensor) -> Tensor:
        """uint8 images (n, channels, height, width) to float32; float images are taken as they are.

        Raises:
            DataError: the images have another number of channels than there are means.
        """
        if images.dtype != torch.uint8:
            return images.float()
        if len(self.mean) not in (1, images.shape[1]):
            raise DataError(
                f"images have {images.shape[1]} channels, but the network's input is normalised with {len(self.mean)} "
                "means: give one for each channel"
            )
        shape = (-1, *(1,) * (images.ndim - 2))
        mean, deviation = (torch.tensor(values).float().reshape(shape) for values in (self.mean, self.deviation))
        return images.float().div_(255).sub_(mean).div_(deviation)  # in place: memory is what takes the time

    @checked(DataError)
    def looked_up(self, images: Tensor) -> Tensor:
        """The same values as of a call, bit for bit on every device: a table made on the CPU has all that bytes become.

        Devices divide by a constant in different ways.

        Args:
            images: (images, channels or features, ...), on any device; float images are taken as they are.

        Raises:
            DataError: as for a call.

        Examples:
            >>> bytes_ = torch.arange(250, dtype=torch.uint8).reshape(1, 1, 2, 125)
            >>> torch.equal(FASHION_MNIST.looked_up(bytes_), FASHION_MNIST(bytes_))
            True
        """
        if images.dtype != torch.uint8:
            return images.float()
        if images.ndim < 2:
            raise DataError(f"images have the shape {tuple(images.shape)}: give (images, channels or features, ...)")
        channels = images.shape[1] if len(self.mean) > 1 else 1
        every = torch.arange(256, dtype=torch.uint8).reshape(256, 1).expand(256, channels)
        table = self(every).T.contiguous().to(images.device)
        first = 256 * torch.arange(channels, device=images.device).reshape(-1, *(1,) * (images.ndim - 2))
        return table.flatten()[images.long() + first]

    @checked(DataError)
    def wrong_shape(self, name: str, found: tuple[int, ...]) -> DataError:
        """The error that says that images have another shape than the network takes."""
        return DataError(
            f"{name}: images are {found}, but the network takes {self.shape} "
            "(channels, height, width): choose data made for this network"
        )


_IMAGENET_COLOURS = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))

UNIT = Preprocess(None, (0.0,), (1.0,))
"""0 .. 1, any shape."""
FASHION_MNIST = Preprocess((1, 28, 28), (0.2860,), (0.3530,))
"""Mean and deviation of the training set."""
CIFAR10 = Preprocess((3, 32, 32), *_IMAGENET_COLOURS)
"""The normalisation of the common CIFAR ResNet weights."""
IMAGENET = Preprocess((3, 224, 224), *_IMAGENET_COLOURS, resize=256)
"""The standard normalisation of torchvision's networks."""
IMAGENET_TENSORFLOW = Preprocess((3, 224, 224), (127 / 255,) * 3, (128 / 255,) * 3, resize=256)
"""(x - 127) / 128, of TensorFlow's mobile networks."""
