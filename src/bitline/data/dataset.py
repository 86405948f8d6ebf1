"""Labelled images."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

from bitline.config.arguments import check_fields
from bitline.config.counts import whole_number
from bitline.data._order import fair_order, is_mixed
from bitline.errors import DataError


@dataclass(frozen=True)
class Dataset:
    """Images to measure accuracy on, and others to calibrate with.

    Attributes:
        images: (n, ...), for pictures (n, channels, height, width); uint8 or float32.
        labels: class numbers, (n,), int64; labels that are no classes as the source has them.
        calibration: images that are not in `images`, if the source has some.
        classes: names of all classes in the order of their numbers, where the source has them (one-hot columns have
            their number for a name).
        notes: what was left out, and how the source was read.
        calibration_labels: class numbers of the calibration images, where the source has them.
        shuffled: whether the order is known to be random, so that the first images are a fair sample.

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

    images: Tensor
    labels: Tensor
    calibration: Tensor | None = None
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    calibration_labels: Tensor | None = None
    shuffled: bool = False

    def __post_init__(self) -> None:
        check_fields(self, DataError)

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
        images, labels, calibration, known = self.images, self.labels, self.calibration, self.calibration_labels
        notes = self.notes
        if not is_mixed(labels):
            order = fair_order(labels, seed)
            images, labels = images[order], labels[order]
            notes += (f"the source is in the order of its classes: images are drawn evenly over them (seed {seed})",)
        if calibration is not None and (known is None or not is_mixed(known)):
            order = fair_order(calibration[:, :0] if known is None else known, seed)
            calibration, known = calibration[order], None if known is None else known[order]
        return replace(
            self,
            images=images,
            labels=labels,
            calibration=calibration,
            notes=notes,
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
        if fair.calibration is None:
            fair = fair._with_some_apart(images, calibration)
        own, known = fair.calibration, fair.calibration_labels
        return replace(
            fair,
            images=fair.images[:images],
            labels=fair.labels[:images],
            calibration=None if own is None else own[:calibration],
            calibration_labels=None if known is None else known[:calibration],
        )

    def _with_some_apart(self, images: int | None, calibration: int) -> Dataset:
        """The same images, the last of them to calibrate with."""
        total = len(self.images)
        kept = min(total if images is None else images, total - total // 2)
        rest = total - min(calibration, total - kept)
        if rest == total:
            return self
        short = (f"only {total - rest} of the {total} images are set apart to calibrate with, not {calibration}",)
        return replace(
            self,
            images=self.images[:rest],
            labels=self.labels[:rest],
            calibration=self.images[rest:],
            calibration_labels=self.labels[rest:],
            notes=self.notes + (short if total - rest < calibration else ()),
        )
