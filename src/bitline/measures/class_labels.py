"""Labels of classes as users have them: numbers, columns of them, or rows with a single 1."""

from __future__ import annotations

import torch
from torch import Tensor

from bitline.errors import DataError

IGNORED = -100
"""Label of what does not count, such as padding: that of PyTorch's losses."""


def class_axes(scores: tuple[int, ...], labels: tuple[int, ...]) -> tuple[int, ...]:
    """Where the classes of scores may be: 1, the second axis, and -1, the last; none where labels do not fit.

    Args:
        scores: their shape.
        labels: the shape of class numbers.

    Examples:
        >>> class_axes((2, 5, 8, 8), (2, 8, 8)), class_axes((2, 8, 5), (2, 8)), class_axes((2, 8, 8), (2, 8))
        ((1,), (-1,), (1, -1))
    """
    if len(scores) < 2:
        return ()
    second, last = (*scores[:1], *scores[2:]), scores[:-1]
    if len(scores) == 2:
        return (-1,) if labels == last else ()
    return (1,) * (labels == second) + (-1,) * (labels == last)


def class_labels(labels: Tensor, scores: tuple[int, ...]) -> tuple[Tensor, tuple[int, ...]]:
    """Class numbers, and where the classes of scores may be, as `class_axes` says.

    Args:
        labels: numbers (samples, *positions); with an axis of size 1 in the place of the classes; or with as many
            places as classes there, of which one is 1 and the others are 0 (one-hot).
        scores: the shape of the scores of the same samples.

    Raises:
        DataError: either axis of one-hot labels may be that of the classes.

    Examples:
        >>> class_labels(torch.tensor([[0, 0, 1], [1, 0, 0]]), (2, 3))
        (tensor([2, 0]), (-1,))
        >>> class_labels(torch.zeros(2, 1, 8, 8), (2, 5, 8, 8))[0].shape
        torch.Size([2, 8, 8])
    """
    if not 2 <= len(scores) == labels.ndim:
        return labels, class_axes(scores, tuple(labels.shape))
    found = {}
    for axis in (-1, 1)[: labels.ndim - 1]:
        if labels.shape[axis] == 1 and axis in class_axes(scores, tuple(labels.squeeze(axis).shape)):
            return labels.squeeze(axis), (axis,)
        numbers = one_hot_classes(labels, axis) if tuple(labels.shape) == scores else None
        if numbers is not None:
            found[axis] = numbers
    if len(found) > 1:
        raise DataError(
            f"one-hot labels {tuple(labels.shape)} have a single 1 along the second axis and along the last: give "
            "class numbers"
        )
    return next(((numbers, (axis,)) for axis, numbers in found.items()), (labels, ()))


def one_hot_classes(labels: Tensor, axis: int) -> Tensor | None:
    """Class numbers of one-hot labels; None where some have not a single 1 along an axis, and 0 elsewhere.

    Labels that are `IGNORED` or NaN all along the axis do not count.

    Args:
        labels: of two or more classes.
        axis: of the classes.

    Examples:
        >>> one_hot_classes(torch.tensor([[0, 1], [-100, -100]]), -1), one_hot_classes(torch.tensor([[1, 1]]), -1)
        (tensor([   1, -100]), None)
    """
    if labels.shape[axis] < 2:
        return None
    ones, zeros = labels == 1, labels == 0
    ignored = ((labels == IGNORED) | labels.isnan()).all(axis)
    single = (ones | zeros).all(axis) & (ones.sum(axis) == 1)
    if not bool((single | ignored).all()) or not bool(single.any()):
        return None
    return torch.where(ignored, IGNORED, ones.long().argmax(axis))
