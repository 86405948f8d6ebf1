"""Measures of classification and segmentation by class: F1 and intersection over union, averaged over classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from bitline.data.outputs import tensor_of
from bitline.measures.class_labels import IGNORED, class_labels
from bitline.measures.measure import Measure, Values, require
from bitline.measures.outputs import NEEDS_LABELS, by_position, numbers_of


class _ByClass(Measure):
    """For each class, how many positions have it and are given it, and how many of one of these only."""

    unit, limits, at_positions = "%", (0.0, 1.0), True

    def checked(self, outputs: Any, targets: Any) -> Any:
        scores = tensor_of(outputs, "scores of classes")
        labels = numbers_of(targets, self.name)
        numbers, axes = class_labels(labels, (len(labels), *scores.shape[1:]))
        return numbers if axes else targets

    def values(self, outputs: Any, targets: Any) -> Tensor:
        """True positives, false positives and false negatives of every class, (samples, 3 classes)."""
        scores, labels = by_position(outputs, require(targets, self.name), self.name)
        classes, counted = scores.shape[2], (labels != IGNORED)[:, :, None]
        found = functional.one_hot(scores.argmax(2).cpu(), classes) * counted
        wanted = functional.one_hot(labels.clamp(min=0), classes) * counted
        both = found * wanted
        return torch.cat([part.sum(1) for part in (both, found - both, wanted - both)], 1)


class F1(_ByClass):
    """F1, 2 tp / (2 tp + fp + fn): of class 1 for two classes, and the mean over the classes that occur for more.

    A sample may be one class, or have classes of tokens or pixels, of which -100 does not count.

    Examples:
        >>> values = F1().values(torch.tensor([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0]]), torch.tensor([1, 0, 0]))
        >>> round(F1().of(values.numpy()), 4)
        0.6667
    """

    name, requires = "F1", f"{NEEDS_LABELS}, and of two classes a label or an output that is class 1"

    def combine(self, means: Values) -> float:
        right, extra, missed = np.asarray(means).reshape(3, -1)
        below = 2 * right + extra + missed
        if len(right) == 2:
            return float(2 * right[1] / below[1]) if below[1] else float("nan")
        return _mean_over_classes(2 * right, below)


class IntersectionOverUnion(_ByClass):
    """Mean intersection over union, tp / (tp + fp + fn), over the classes that occur.

    Examples:
        >>> measure = IntersectionOverUnion()
        >>> scores = torch.eye(2)[torch.tensor([[0, 0, 1, 1]])]
        >>> round(measure.of(measure.values(scores, torch.tensor([[0, 1, 1, 1]])).numpy()), 4)
        0.5833
    """

    name, requires = "mean IoU", NEEDS_LABELS

    def combine(self, means: Values) -> float:
        right, extra, missed = np.asarray(means).reshape(3, -1)
        return _mean_over_classes(right, right + extra + missed)


def _mean_over_classes(above: Values, below: Values) -> float:
    occurs = below > 0
    return float((above[occurs] / below[occurs]).mean()) if occurs.any() else float("nan")
