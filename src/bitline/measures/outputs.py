"""What networks return, as the measures that come with bitline read it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from bitline.data.labels import names_in
from bitline.data.outputs import refuse_nan, tensor_of
from bitline.errors import DataError
from bitline.measures.class_labels import IGNORED, class_labels

NEEDS_LABELS = f"it needs labels other than {IGNORED}"
"""What a measure of labels has no value without."""


def numbers_of(targets: Any, name: str) -> Tensor:
    """Targets as a tensor on the CPU.

    Raises:
        DataError: they are no numbers.

    Examples:
        >>> numbers_of([1, 2], "r2")
        tensor([1, 2])
    """
    if isinstance(targets, Tensor):
        return targets.detach().cpu()
    try:
        array = np.asarray(targets)
    except ValueError:
        array = np.asarray(None)
    if array.dtype.kind not in "biuf":
        raise DataError(f"{name} needs targets that are numbers, not {names_in(array) or type(targets).__name__}")
    return torch.from_numpy(np.ascontiguousarray(array))


def paired(outputs: Any, targets: Any, name: str) -> tuple[Tensor, Tensor]:
    """Outputs and targets of a regression, both (samples, values), float64; NaN targets do not count.

    Raises:
        DataError: a sample has another number of outputs than of targets.

    Examples:
        >>> paired(torch.tensor([[1.0], [2.0]]), [0.0, 1.0], "r2")[1].T
        tensor([[0., 1.]], dtype=torch.float64)
    """
    found = tensor_of(outputs, f"{name} needs a tensor of numbers").cpu()
    wanted = numbers_of(targets, name)
    shapes = tuple(tuple(size for size in each.shape[1:] if size != 1) for each in (found, wanted))
    if found.ndim == 0 or wanted.ndim == 0 or len(found) != len(wanted) or shapes[0] != shapes[1]:
        raise DataError(
            f"the network returns the shape {tuple(found.shape)}, and targets have the shape {tuple(wanted.shape)}: "
            f"{name} needs a target for each output"
        )
    return found.reshape(len(found), -1).double(), wanted.reshape(len(wanted), -1).double()


def by_position(outputs: Any, targets: Any, name: str) -> tuple[Tensor, Tensor]:
    """Scores of classes at every position, (samples, positions, classes), and labels there, (samples, positions).

    Scores have their classes last, as those of tokens, or second, as those of pixels; labels tell which. Where either
    fits they are last of three axes, and second of more. A sample may be one position.

    Args:
        outputs: what a network returned.
        targets: class numbers, (samples, *positions), or as `class_labels` takes them; `IGNORED` does not count.
        name: of the measure, for messages.

    Raises:
        DataError: scores and labels do not fit, or a label is no class.
        NetworkError: scores are NaN where a label counts.

    Examples:
        >>> scores, labels = by_position(torch.rand(2, 5, 8, 8), torch.zeros(2, 8, 8).long(), "iou")
        >>> scores.shape, labels.shape
        (torch.Size([2, 64, 5]), torch.Size([2, 64]))
    """
    wanted = f"{name} needs scores of each class at every position, (samples, ..., classes) or (samples, classes, ...)"
    scores, labels = tensor_of(outputs, wanted), numbers_of(targets, name).to(torch.float64)
    shape = tuple(labels.shape)
    labels, axes = class_labels(labels, tuple(scores.shape))
    if not axes:
        raise DataError(
            f"the network returns the shape {tuple(scores.shape)}, and labels have the shape {shape}: {wanted}, and a "
            "label for each"
        )
    scores = scores.movedim(axes[-1] if scores.ndim == 3 else axes[0], -1)
    classes = scores.shape[-1]
    numbers = labels.round().long()
    wrong = (numbers != labels) | ((numbers != IGNORED) & ((numbers < 0) | (numbers >= classes)))
    if bool(wrong.any()):
        bad = float(labels[wrong][0])
        raise DataError(
            f"a label is {bad:g}, but the network has {classes} classes, 0 .. {classes - 1}: give class numbers, and "
            f"{IGNORED} for what does not count"
        )
    scores, numbers = scores.reshape(len(numbers), -1, classes), numbers.reshape(len(numbers), -1)
    refuse_nan(scores.amax(2)[(numbers != IGNORED).to(scores.device)])
    return scores, numbers
