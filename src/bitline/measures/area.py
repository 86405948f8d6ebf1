"""The area under the receiver operating characteristic: how well scores tell two classes apart, whatever the threshold.

It is the probability that a positive has a higher score than a negative, ties counted half. The mean of a positive's
share of lower negatives is the area, and so is the mean of a negative's share of higher positives. Both together, less
the area, are a sum over samples whose variance is that of the area (DeLong, DeLong and Clarke-Pearson, Biometrics 44,
837, 1988; for samples of several scores: Obuchowski, Biometrics 53, 567, 1997).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bitline.data.outputs import refuse_nan, tensor_of
from bitline.errors import DataError
from bitline.measures.class_labels import IGNORED, one_hot_classes
from bitline.measures.measure import AS_GIVEN, Measure, TargetReading, Values, require
from bitline.measures.outputs import numbers_of

WANTED = "the area under the curve needs a score for each label, or two, of which the second is that of class 1"


class Area(Measure):
    """Area under the receiver operating characteristic of two classes.

    Outputs are one score for each label, or scores of two classes. A sample may have one label or several, such as
    those of frames; -100 does not count.

    Examples:
        >>> values = Area().values(torch.tensor([0.1, 0.4, 0.35, 0.8]), [0, 0, 1, 1])
        >>> Area().of(values.numpy())
        0.75
    """

    name, limits, requires = "AUC", (0.0, 1.0), "it needs labels of both classes, 0 and 1"

    def reading(self, batches: Iterable[Any]) -> TargetReading:
        """One-hot labels of two classes in all samples are class numbers."""
        rest = iter(batches)
        first = next(rest, None)
        if first is None or not all(_pairs(batch.targets) is not None for batch in chain((first,), rest)):
            return AS_GIVEN
        return TargetReading(_of_pairs, f"{self.name}: labels are one-hot, of the classes 0 and 1")

    def values(self, outputs: Any, targets: Any) -> Tensor:
        """Scores, and labels with NaN where they do not count, (samples, 2 labels of a sample)."""
        scores = tensor_of(outputs, WANTED).cpu().double()
        labels = numbers_of(require(targets, self.name), self.name).double()
        if scores.shape == (*labels.shape, 2):
            scores = scores[..., 1] - scores[..., 0]
        if scores.numel() != labels.numel() or len(scores) != len(labels):
            raise DataError(
                f"the network returns the shape {tuple(scores.shape)}, and labels have the shape "
                f"{tuple(labels.shape)}: {WANTED}"
            )
        labels = torch.where(labels == IGNORED, torch.nan, labels).reshape(len(labels), -1)
        other = labels[~(labels.isnan() | (labels == 0) | (labels == 1))]
        if len(other):
            raise DataError(f"a label is {float(other[0]):g}: the area under the curve takes 0, 1 and {IGNORED}")
        scores = scores.reshape(labels.shape)
        refuse_nan(scores[~labels.isnan()])
        return torch.cat([scores, labels], 1)

    def sums(self, values: Values) -> Values:
        scores, labels = np.split(values, 2, axis=1)
        positive, negative = labels == 1, labels == 0
        highs, lows = np.sort(scores[positive]), np.sort(scores[negative])
        if not len(highs) or not len(lows):
            return np.zeros((len(values), 5))
        below = (np.searchsorted(lows, scores, "left") + np.searchsorted(lows, scores, "right")) / 2 / len(lows)
        above = 1 - (np.searchsorted(highs, scores, "left") + np.searchsorted(highs, scores, "right")) / 2 / len(highs)
        area = float(below[positive].mean())
        parts = [(below * positive).sum(1), positive.sum(1), (above * negative).sum(1), negative.sum(1)]
        return np.stack([*parts, np.full(len(values), area)], axis=1)

    def combine(self, means: Values) -> float:
        highs, positive, lows, negative, area = map(float, means)
        return highs / positive + lows / negative - area if positive and negative else float("nan")


def _pairs(targets: Any) -> Tensor | None:
    """Class numbers of one-hot labels of two classes; None for others."""
    try:
        labels = numbers_of(targets, "")
    except DataError:
        return None
    return one_hot_classes(labels, -1) if labels.ndim > 1 and labels.shape[-1] == 2 else None


def _of_pairs(call: Any, targets: Any) -> Any:
    return _pairs(targets)
