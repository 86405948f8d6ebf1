"""Labelled images."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Dataset:
    """Images to measure accuracy on, and others to calibrate with.

    Attributes:
        images: (n, channels, height, width), uint8 or float32.
        labels: class numbers, (n,), int64.
        calibration: images that are not in `images`, if the source has some.
    """

    images: Tensor
    labels: Tensor
    calibration: Tensor | None = None

    def split(self, images: int | None, calibration: int) -> Dataset:
        """The first `images` images, and calibration images.

        Where the source has none of its own, the last `calibration` images are set apart, and not counted.
        """
        if self.calibration is not None:
            return Dataset(self.images[:images], self.labels[:images], self.calibration[:calibration])
        last = max(len(self.images) - calibration, 1)
        count = last if images is None else min(images, last)
        return Dataset(
            self.images[:count], self.labels[:count], self.images[last:] if last < len(self.images) else None
        )
