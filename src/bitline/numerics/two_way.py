"""Confidence intervals of what is computed from accuracies, over the choice of chips and of images at once.

An accuracy is a mean over chips and images, and both were drawn: other chips would have other errors, and other images
would be harder or easier. Every image meets every chip, so the two effects are crossed:

    y[chip, image] = mean + chip + image + rest

Leaving out one chip at a time (a jackknife) shows the variance from chips and from the rest, leaving out images that of
images and the rest, and leaving out both that of the rest, which the first two count twice:

    variance = from chips + from images - from both

For a mean this is the estimate of the crossed random-effects model by analysis of variance (Searle, Casella and
McCulloch, "Variance Components", 1992), for a smooth function of means its linearisation (Efron, "The Jackknife, the
Bootstrap and Other Resampling Plans", 1982). A two-way bootstrap would count the rest three times (Owen, "The
pigeonhole bootstrap", Ann. Appl. Stat. 1, 386, 2007). Each part has Student's distribution with its own degrees of
freedom, and half the width of an interval is the root of the sum of their squares: the modified large-sample interval
(Graybill and Wang, J. Am. Stat. Assoc. 75, 869, 1980), which holds the truth in 93 to 97 % of cases from three chips on
(tests/numerics/test_two_way.py).

Few images that went wrong say little of how many others would: of 100 images that were all right, up to three in a
hundred of others may be wrong, but no image differs from another. Where every image is right or wrong, its variance is
therefore that of the images and of two more, one that would raise the number most and one that would lower it most; the
number itself stays what it is. Of a difference of two accuracies on the same images, these are the two that Bonett and
Price add (Journal of Educational and Behavioral Statistics 37, 479, 2012), in the manner of Agresti and Coull (The
American Statistician 52, 119, 1998). Intervals then hold the truth in at least 93 % of cases down to one wrong image.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from bitline.numerics.confidence import student
from bitline.numerics.draws import Draws

Values = NDArray[np.floating]
Statistic = Callable[..., float]
"""Computes a number from the mean of each table: one vector for each sample."""

GROUPS = 50
"""How many groups images are dealt into, in no order of theirs: groups are left out, not single images."""
CONFIDENCE = 0.95
"""Share of intervals that hold the truth."""


@dataclass(frozen=True)
class Spread:
    """The variance that the chips and images of one sample give to a number.

    Attributes:
        chips: number of chips; 1 where nothing is random about them.
        images: number of images; a single one says nothing of others.
        from_chips: variance that leaving out chips shows: of chips, and of the rest.
        from_images: variance that leaving out images shows: of images, and of the rest.
        from_both: variance of the rest.

    Examples:
        >>> spread = Spread(chips=5, images=500, from_chips=0.03, from_images=0.02, from_both=0.01)
        >>> round(spread.variance, 3), round(spread.half_width(0.95), 3)
        (0.04, 0.485)
    """

    chips: int
    images: int
    from_chips: float
    from_images: float
    from_both: float

    @property
    def of_chips(self) -> float:
        """Variance of chips alone."""
        return max(self.from_chips - self.from_both, 0.0)

    @property
    def variance(self) -> float:
        """Variance of the number."""
        return self.of_chips + self.from_images

    def half_width(self, confidence: float) -> float:
        """Half of the width of an interval that holds the truth in this share of cases; NaN if that is unknown."""
        if math.isnan(self.variance):
            return math.nan
        chips, groups = self.chips - 1, min(GROUPS, self.images) - 1
        square = 0.0
        for freedom, variance in ((chips, self.of_chips), (groups, self.from_images)):
            if variance > 0:
                square += student(confidence, freedom) ** 2 * variance
        return math.sqrt(square)


@dataclass(frozen=True)
class Estimate:
    """A number, with what the choice of chips and of images does to it.

    Attributes:
        value: the number; NaN if it is unknown.
        spreads: one for each sample that it was computed from.

    Examples:
        >>> estimate = Estimate(1.0, (Spread(5, 500, from_chips=0.03, from_images=0.02, from_both=0.01),))
        >>> [round(end, 2) for end in estimate.interval()], round(estimate.p_value(0.5), 3)
        ([0.52, 1.48], 0.045)
    """

    value: float
    spreads: tuple[Spread, ...]

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Ends of the interval: the number itself where nothing is random, and infinite where nothing can be said."""
        half = self._half_width(confidence)
        return (-math.inf, math.inf) if math.isnan(half) else (self.value - half, self.value + half)

    def p_value(self, bound: float) -> float:
        """Probability of a number as far from a bound, on either side, if the bound is the truth."""
        distance = abs(self.value - bound)
        if math.isnan(distance) or math.isnan(self._half_width(CONFIDENCE)):
            return 1.0
        low, high = 0.0, 1.0
        for _ in range(50):
            middle = (low + high) / 2
            low, high = (low, middle) if self._half_width(1 - middle) < distance else (middle, high)
        return high

    def needed(self, bound: float) -> tuple[int, int] | None:
        """Chips and images with which the interval would exclude a bound, if the number stays what it is.

        Images are added, or chips, or both alike: what asks for the least work.

        Args:
            bound: what the number is compared with.

        Returns:
            Chips and images of the first sample, or None where no number of them is enough, or it cannot be told.

        Examples:
            >>> estimate = Estimate(1.0, (Spread(5, 500, from_chips=0.03, from_images=0.02, from_both=0.01),))
            >>> estimate.needed(0.6), estimate.needed(0.8)
            ((5, 462), (16, 1592))
        """
        distance = abs(self.value - bound)
        if not 0 < distance < math.inf or len(self.spreads) != 1 or not math.isfinite(self.spreads[0].variance):
            return None
        spread, wanted = self.spreads[0], (distance / 1.96) ** 2
        rest = min(spread.from_both, spread.from_chips, spread.from_images)
        images, chips = spread.from_images - rest, spread.of_chips
        both = (chips + images) / 2
        alike = (both + math.sqrt(both**2 + wanted * rest)) / wanted
        ways = [(math.ceil(alike * spread.chips), math.ceil(alike * spread.images))]
        if wanted > chips:
            ways.append((spread.chips, math.ceil((images + rest) / (wanted - chips) * spread.images)))
        if wanted > images and chips > 0:
            ways.append((math.ceil((chips + rest) / (wanted - images) * spread.chips), spread.images))
        return min(ways, key=math.prod)

    def _half_width(self, confidence: float) -> float:
        return math.hypot(*(spread.half_width(confidence) for spread in self.spreads))


def estimate(statistic: Statistic, *samples: Sequence[Values]) -> Estimate:
    """Compute a number from accuracies, with its variance.

    Args:
        statistic: computes it from the mean of each table, (tables,), one vector for each sample.
        samples: independent of each other. Each is one or more tables, (chips, images), of the same images: the value
            of each image on each chip, such as whether it was classified right. Chips of the same number belong
            together; a table of one chip is the same for all of them.

    Raises:
        ValueError: a sample has tables of different images, or of different numbers of chips.

    Examples:
        Ten chips agree on every image, but an image is as likely to be wrong as right:

        >>> right = np.repeat(np.random.default_rng(0).random((1, 400)) < 0.5, 10, axis=0)
        >>> found = estimate(lambda means: means[0], [right])
        >>> found.value, [round(end, 3) for end in found.interval()]
        (0.4575, [0.413, 0.502])
    """
    tables = [_Tables.of(sample) for sample in samples]
    whole = [sample.whole for sample in tables]
    value = float(statistic(*whole))
    spreads = []
    for place, sample in enumerate(tables):

        def changed(means: Values, place: int = place) -> float:
            return float(statistic(*whole[:place], means, *whole[place + 1 :]))

        spreads.append(sample.spread(changed, value))
    return Estimate(value, tuple(spreads))


@cache
def _order(images: int) -> NDArray[np.integer]:
    """An order of so many images, always the same, that has nothing to do with their values.

    Images are sorted by their values first, so that intervals are the same in whatever order they come. Dealt as they
    come, images whose classes take turns would give each group classes of its own, and intervals would be as many times
    too wide as classes differ; dealt as sorted, groups would be too alike.
    """
    return np.argsort(Draws(("images",)).uniform01((images,), "order").numpy(), kind="stable")


@dataclass(frozen=True)
class _Tables:
    """Sums of one sample over groups of images.

    Attributes:
        sums: (tables, chips, groups).
        sizes: images of each group, (groups,).
        is_binary: whether each image was right (1) or wrong (0).
    """

    sums: Values
    sizes: Values
    is_binary: bool

    @classmethod
    def of(cls, sample: Sequence[Values]) -> _Tables:
        arrays = [np.atleast_2d(np.asarray(table, dtype=float)) for table in sample]
        chips, images = max(len(table) for table in arrays), arrays[0].shape[1]
        if any(table.shape[1] != images or len(table) not in (1, chips) for table in arrays):
            raise ValueError(f"tables of one sample have other chips or images: {[table.shape for table in arrays]}")
        together = np.stack([np.broadcast_to(table, (chips, images)) for table in arrays])
        groups = min(GROUPS, images)
        alike = np.lexsort(together.reshape(-1, images))
        shuffled = together[:, :, alike[_order(images)]]
        dealt = [shuffled[:, :, first::groups] for first in range(groups)]
        sizes = np.array([group.shape[2] for group in dealt], dtype=float)
        is_binary = all(bool(((array == 0) | (array == 1)).all()) for array in arrays)
        return cls(np.stack([group.sum(axis=2) for group in dealt], axis=2), sizes, is_binary)

    @property
    def whole(self) -> Values:
        """Means of all tables, (tables,)."""
        return self._mean(self.sums.sum(axis=(1, 2)), self.sums.shape[1], self.sizes.sum())

    def spread(self, statistic: Callable[[Values], float], value: float) -> Spread:
        """What leaving out chips, groups of images, and one of each does to a statistic."""
        _, chips, groups = self.sums.shape
        images, total = self.sizes.sum(), self.sums.sum(axis=(1, 2))
        by_chip, by_group = self.sums.sum(axis=2), self.sums.sum(axis=1)
        without_chip, without_group = np.full(chips, value), np.full(groups, value)
        if chips > 1:
            left = self._mean(total[:, None] - by_chip, chips - 1, images)
            without_chip = np.array([statistic(means) for means in left.T])
        if groups > 1:
            left = self._mean(total[:, None] - by_group, chips, images - self.sizes)
            without_group = np.array([statistic(means) for means in left.T])
        from_both = 0.0
        if chips > 1 and groups > 1:
            sums = total[:, None, None] - by_chip[:, :, None] - by_group[:, None, :] + self.sums
            left = self._mean(sums, chips - 1, images - self.sizes)
            without = np.apply_along_axis(statistic, 0, left)
            rest = without - without_chip[:, None] - without_group[None, :] + value
            from_both = (chips - 1) * (groups - 1) * float(np.square(rest).mean())
        return Spread(
            chips,
            int(images),
            from_chips=(chips - 1) * float(without_chip.var()),
            from_images=self._from_images(without_group) + self._imagined(statistic, value),
            from_both=from_both,
        )

    @staticmethod
    def _from_images(without: Values) -> float:
        """Variance that leaving out groups of images shows; a single image says nothing of others."""
        return (len(without) - 1) * float(without.var()) if len(without) > 1 else math.nan

    def _imagined(self, statistic: Callable[[Values], float], value: float) -> float:
        """Variance from images that are not there, each the one that changes a statistic most, up or down."""
        if not self.is_binary:
            return 0.0
        images, means = self.sizes.sum(), self.whole
        changes = np.zeros((2, len(means)))
        for table in range(len(means)):
            for right in (0, 1):
                moved = means.copy()
                moved[table] = (images * means[table] + right) / (images + 1)
                changes[right, table] = (images + 1) * (statistic(moved) - value)
        up, down = changes.max(axis=0).clip(min=0).sum(), changes.min(axis=0).clip(max=0).sum()
        return float(up**2 + down**2) / float(images) ** 2

    @staticmethod
    def _mean(sums: Values, chips: int, images: Values | float) -> Values:
        return sums / (chips * images)
