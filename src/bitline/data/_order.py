"""The order of images: whether the first ones are a fair sample, and an order in which they are."""

from __future__ import annotations

import torch
from torch import Tensor

SIGMAS = 3.0
"""Repeats of a class, or a trend of classes, beyond this many standard deviations are no chance."""
REPEATS = 1.5
"""Repeats below this multiple of the expected ones leave the first images a fair sample, chance or not."""


def is_mixed(labels: Tensor) -> bool:
    """Whether classes come in random order, so that the first images hold them in their shares.

    They do not where each class stands together, where neighbours have the same class too often, or where class numbers
    rise or fall along the source.

    Args:
        labels: class numbers, (images,); of labels of another shape nothing is known.
    """
    if labels.ndim != 1 or len(labels) < 2:
        return False
    classes, counts, total = *_classes(labels), len(labels)
    steps = classes.diff()
    repeats = int((steps == 0).sum())
    monotonous = bool((steps >= 0).all()) or bool((steps <= 0).all())
    together = total - repeats == len(counts) < total
    expected = float((counts * (counts - 1)).sum()) / total
    spread = (expected * (1 - expected / (total - 1))) ** 0.5
    trend = torch.corrcoef(torch.stack([classes.double(), torch.arange(total).double()]))[0, 1]
    trending = abs(float(trend)) * (total - 1) ** 0.5 > SIGMAS
    repeating = repeats > max(expected + SIGMAS * spread, REPEATS * expected)
    return not (monotonous or together or repeating or trending)


def fair_order(labels: Tensor, seed: int) -> Tensor:
    """An order whose first images, however many, hold every class in its share, to within one image.

    Each class is shuffled and laid evenly from first to last, with a start of its own.

    Args:
        labels: class numbers, (images,); labels of another shape count as one class.
        seed: seed of the random order.

    Returns:
        Places of the images in the source, (images,), int64.
    """
    total = len(labels)
    classes, counts = _classes(labels if labels.ndim == 1 else torch.zeros(total))
    generator = torch.Generator().manual_seed(seed)
    shuffled = torch.rand(total, generator=generator, dtype=torch.float64).argsort()
    grouped = shuffled[classes[shuffled].argsort(stable=True)]
    starts = counts.cumsum(0) - counts
    of = classes[grouped]
    rank = torch.arange(total) - starts[of]
    offset = torch.rand(len(counts), generator=generator, dtype=torch.float64)
    return grouped[((rank + offset[of]) / counts[of]).argsort(stable=True)]


def spread_over_classes(labels: Tensor, what: str, seed: int = 0) -> tuple[Tensor, tuple[str, ...]]:
    """The order in which samples are used, and what is to be said of it: their own where that is mixed.

    Args:
        labels: class numbers, as for `fair_order`.
        what: the samples in words, in the plural.
        seed: seed of the random order.

    Examples:
        >>> order, (note,) = spread_over_classes(torch.tensor([0, 0, 1, 1]), "texts")
        >>> note
        'the source is in the order of its classes: texts are drawn evenly over them (seed 0)'
    """
    if is_mixed(labels):
        return torch.arange(len(labels)), ()
    note = f"the source is in the order of its classes: {what} are drawn evenly over them (seed {seed})"
    return fair_order(labels, seed), (note,)


def _classes(labels: Tensor) -> tuple[Tensor, Tensor]:
    """The class of each label, 0 .. classes - 1, and the size of each class."""
    _, classes, counts = labels.unique(return_inverse=True, return_counts=True)
    return classes, counts
