"""Accuracy: the share of samples whose class has the largest score, or one of the largest."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from bitline.config.counts import whole_number
from bitline.data.labels import class_numbers
from bitline.data.outputs import class_scores
from bitline.errors import DataError
from bitline.measures.class_labels import IGNORED
from bitline.measures.measure import Measure, require
from bitline.measures.outputs import NEEDS_LABELS, by_position
from bitline.measures.tokens import TokenMeasure


class _OfClasses(Measure):
    """A share of samples whose targets are classes."""

    unit, limits = "%", (0.0, 1.0)

    def checked(self, outputs: Any, targets: Any) -> Tensor:
        return class_numbers(targets, class_scores(outputs).shape[1])


class Accuracy(_OfClasses):
    """Share of the samples whose class has the largest score.

    Examples:
        >>> Accuracy().values(torch.tensor([[0.1, 0.9], [0.8, 0.2]]), [1, 1])
        tensor([[ True],
                [False]])
    """

    name = "accuracy"
    sample = "image"

    def values(self, outputs: Any, targets: Any) -> Tensor:
        """Whether each sample is right, (samples, 1)."""
        scores = class_scores(outputs)
        classes = class_numbers(require(targets, self.name), scores.shape[1])
        _check_lengths(scores, classes)
        return (scores.argmax(1) == classes.to(scores.device))[:, None]


class TopAccuracy(_OfClasses):
    """Share of the samples whose class has one of the k largest scores.

    Args:
        k: how many.

    Raises:
        DataError: k is no whole number, 1 or more.

    Examples:
        >>> TopAccuracy(2).values(torch.tensor([[0.1, 0.9, 0.5], [0.8, 0.2, 0.1]]), [2, 2]).flatten()
        tensor([ True, False])
    """

    def __init__(self, k: int) -> None:
        self.k = whole_number("k", k, 1, DataError)
        self.name = f"top-{k} accuracy"

    def values(self, outputs: Any, targets: Any) -> Tensor:
        """Whether the class of each sample is among the k, (samples, 1); ties count as in `topk`."""
        scores = class_scores(outputs)
        if self.k > scores.shape[1]:
            raise DataError(f"{self.name} of a network with {scores.shape[1]} classes: use a smaller k")
        classes = class_numbers(require(targets, self.name), scores.shape[1]).to(scores.device)
        _check_lengths(scores, classes)
        return (scores.topk(self.k, 1).indices == classes[:, None]).any(1, keepdim=True)


class PositionAccuracy(TokenMeasure):
    """Share of the tokens, pixels or frames whose class has the largest score; labels -100 do not count.

    Examples:
        >>> PositionAccuracy().values(torch.eye(3)[None], torch.tensor([[0, 0, -100]]))
        tensor([[1, 2]])
    """

    name, unit, limits, requires = "position accuracy", "%", (0.0, 1.0), NEEDS_LABELS

    def values(self, outputs: Any, targets: Any) -> Tensor:
        """Positions that are right, and those that count, (samples, 2)."""
        scores, labels = by_position(outputs, self.labels_of(targets), self.name)
        counted = labels != IGNORED
        right = counted & (scores.argmax(2).cpu() == labels)
        return torch.stack([right.sum(1), counted.sum(1)], 1)

    def combine(self, means: Any) -> float:
        return float(means[0] / means[1]) if means[1] else float("nan")


def _check_lengths(scores: Tensor, classes: Tensor) -> None:
    if len(scores) != len(classes):
        raise DataError(f"the network returns {len(scores)} rows of scores for {len(classes)} labels: give one each")


ACCURACY = Accuracy()
"""The measure where nobody chooses another."""
