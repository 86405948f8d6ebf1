"""Labelled images."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from bitline.config.arguments import check_values
from bitline.config.counts import whole_number
from bitline.data._order import fair_order, is_mixed, spread_over_classes
from bitline.data.stored_images import Pixels, StoredImages
from bitline.errors import DataError
from bitline.numerics.digest import data_digest

TYPES = {
    "images": Tensor,
    "labels": Tensor,
    "calibration": Tensor | None,
    "classes": tuple[str, ...],
    "notes": tuple[str, ...],
    "calibration_labels": Tensor | None,
    "shuffled": bool,
}
"""Types of what a data set is made of; images may also come from elsewhere, see `_is_source`."""


class Dataset:
    """Images to measure accuracy on, and others to calibrate with; they are read, and decoded, when they are used.

    Args:
        images: (n, ...), for pictures (n, channels, height, width); uint8 or float32.
        labels: class numbers, (n,), int64; labels that are no classes as the source has them.
        calibration: images that are not in `images`, if the source has some.
        classes: names of all classes in the order of their numbers, where the source has them (one-hot columns have
            their number for a name).
        notes: what was left out, and how the source was read.
        calibration_labels: class numbers of the calibration images, where the source has them.
        shuffled: whether the order is known to be random, so that the first images are a fair sample.

    Attributes:
        stored: the images as the source has them.
        stored_calibration: the calibration images as the source has them.

    The other attributes are named as the arguments.

    Examples:
        A source in the order of its classes still gives a fair sample, and images to calibrate with:

        >>> import torch
        >>> source = Dataset(images=torch.rand(6, 1, 2, 2), labels=torch.tensor([0, 0, 0, 1, 1, 1]))
        >>> sample = source.split(images=4, calibration=2)
        >>> sample.labels.sort().values, len(sample.calibration)
        (tensor([0, 0, 1, 1]), 2)
        >>> sample.notes
        ('the source is in the order of its classes: images are drawn evenly over them (seed 0)',)
    """

    def __init__(
        self,
        images: Tensor | Pixels | StoredImages,
        labels: Tensor,
        calibration: Tensor | Pixels | StoredImages | None = None,
        classes: tuple[str, ...] = (),
        notes: tuple[str, ...] = (),
        calibration_labels: Tensor | None = None,
        shuffled: bool = False,
    ) -> None:
        given: dict[str, object] = {
            "images": images,
            "labels": labels,
            "calibration": calibration,
            "classes": classes,
            "notes": notes,
        }
        given |= {"calibration_labels": calibration_labels, "shuffled": shuffled}
        check_values(
            "Dataset", {name: value for name, value in given.items() if not _is_source(value)}, TYPES, DataError
        )
        self.stored = StoredImages.of(images)
        self.labels = labels
        self.stored_calibration = None if calibration is None else StoredImages.of(calibration)
        self.classes = classes
        self.notes = notes
        self.calibration_labels = calibration_labels
        self.shuffled = shuffled

    @cached_property
    def images(self) -> Tensor:
        """The images as inputs of the network, all in memory.

        Raises:
            DataError: an image cannot be read.
        """
        return self.stored.tensor()

    @cached_property
    def calibration(self) -> Tensor | None:
        """The calibration images as inputs of the network, all in memory.

        Raises:
            DataError: an image cannot be read.
        """
        return None if self.stored_calibration is None else self.stored_calibration.tensor()

    def digest(self) -> str:
        """What tells the images and labels from others: 16 hexadecimal digits; nothing is decoded.

        It is a digest of the pictures' files where there are some, and otherwise of the inputs of the network.

        Raises:
            DataError: a file cannot be read.
        """
        contents = self.stored.contents()
        if contents is None:
            return data_digest(self.stored, self.labels)
        return data_digest(contents, self.labels, f"{self.stored.shape[1:]} {self.stored.preprocess}")

    def with_changes(self, **changes: object) -> Dataset:
        """The same with other arguments, by name."""
        return Dataset(**{**self._arguments(), **changes})  # type: ignore[arg-type]

    def _arguments(self) -> dict[str, object]:
        return {
            "images": self.stored,
            "labels": self.labels,
            "calibration": self.stored_calibration,
            "classes": self.classes,
            "notes": self.notes,
            "calibration_labels": self.calibration_labels,
            "shuffled": self.shuffled,
        }

    def spread(self, seed: int = 0) -> Dataset:
        """The same images in an order whose first images are a fair sample.

        Images whose classes are in random order stay where they are. Others are drawn evenly over their classes:
        the first N hold every class in its share. Calibration images without labels are drawn at random.

        Args:
            seed: seed of the random draw; the same source and seed give the same order.

        Raises:
            DataError: the seed is no whole number.
        """
        whole_number("seed", seed, error=DataError)
        if self.shuffled:
            return self
        images, labels, calibration, known = self.stored, self.labels, self.stored_calibration, self.calibration_labels
        order, notes = spread_over_classes(labels, "images", seed)
        if notes:
            images, labels = images[order], labels[order]
        if calibration is not None and (known is None or not is_mixed(known)):
            order = fair_order(torch.zeros(len(calibration), 0) if known is None else known, seed)
            calibration, known = calibration[order], None if known is None else known[order]
        return self.with_changes(
            images=images,
            labels=labels,
            calibration=calibration,
            notes=self.notes + notes,
            calibration_labels=known,
            shuffled=True,
        )

    def split(self, images: int | None, calibration: int, seed: int = 0) -> Dataset:
        """A fair sample of `images` images, and calibration images that are not among them.

        They are the first ones in the order of `spread`. Where the source has no calibration images of its own, the
        last ones are set apart, and not counted: up to `calibration`, and no more than leaves `images`, or half of all.

        Args:
            images: number of images to count; all if None.
            calibration: number of images to calibrate with.
            seed: seed of the draw where the source is in the order of its classes; it is not the seed of chips.

        Raises:
            DataError: a number is not whole, or negative.
        """
        if images is not None:
            whole_number("images", images, 0, DataError)
        whole_number("calibration", calibration, 0, DataError)
        fair = self.spread(seed)
        if fair.stored_calibration is None:
            fair = fair._with_some_apart(images, calibration)
        elif len(fair.stored_calibration) < calibration:
            fair = fair._noting(
                f"only {len(fair.stored_calibration):,} images are there to set ranges with, not {calibration:,}"
            )
        if images is not None and len(fair.stored) < images:
            fair = fair._noting(f"only {len(fair.stored):,} images are there to measure on, not {images:,}")
        own, known = fair.stored_calibration, fair.calibration_labels
        return fair.with_changes(
            images=fair.stored[:images],
            labels=fair.labels[:images],
            calibration=None if own is None else own[:calibration],
            calibration_labels=None if known is None else known[:calibration],
        )

    def _noting(self, note: str) -> Dataset:
        """The same with another note."""
        return self.with_changes(notes=(*self.notes, note))

    def _with_some_apart(self, images: int | None, calibration: int) -> Dataset:
        """The same images, the last of them to calibrate with."""
        total = len(self.stored)
        kept = min(total if images is None else images, total - total // 2)
        rest = total - min(calibration, total - kept)
        if rest == total:
            return self
        short = (f"only {total - rest} of the {total} images are set apart to calibrate with, not {calibration}",)
        return self.with_changes(
            images=self.stored[:rest],
            labels=self.labels[:rest],
            calibration=self.stored[rest:],
            calibration_labels=self.labels[rest:],
            notes=self.notes + (short if total - rest < calibration else ()),
        )


def _is_source(images: object) -> bool:
    """Whether something gives images on request."""
    return isinstance(images, StoredImages) or callable(getattr(images, "read", None))
