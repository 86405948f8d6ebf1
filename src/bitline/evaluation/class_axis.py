"""Which axis of the outputs has the classes, where as many positions as classes leave that open."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from bitline.data.call import Call
from bitline.data.outputs import tensor_with_gradients
from bitline.errors import BitlineError, DataError
from bitline.evaluation.positions import output_tensor, positions_in_outputs
from bitline.measures.class_labels import class_labels
from bitline.measures.outputs import numbers_of


def class_axis_of(network: nn.Module, call: Call, targets: Any) -> int | None:
    """The axis of the classes, 1 or -1; None where shapes never leave it open.

    Where they do for these samples, the network gets samples with fewer positions: the axis of the classes is the one
    that stays.

    Args:
        network: in eval mode.
        call: a few samples.
        targets: theirs.

    Raises:
        DataError: it is open, and such samples do not show it.

    Examples:
        >>> call = Call((torch.rand(2, 4, 9),), {})
        >>> class_axis_of(nn.Conv1d(4, 9, 1), call, torch.zeros(2, 9)), class_axis_of(nn.Linear(9, 4), call, [0, 1])
        (1, None)
    """
    scores = output_tensor(network, call)
    if scores is None:  # said by those who measure
        return None
    labels, axes = _labels(targets, scores)
    if scores.ndim < 3 or not axes:
        return None
    if len(axes) == 1:
        return axes[0]
    last, open_axes = scores.ndim - 1, {1, scores.ndim - 1}
    found = [positions_in_outputs(network, call, axis, which) or set() for axis, which in _of_one_length(call)]
    positions: set[int] = set().union(*found) & open_axes
    if len(positions) != 1:
        raise DataError(
            f"the network returns the shape {tuple(scores.shape)} for labels {tuple(labels.shape)}, and its classes "
            "may be the second axis or the last: give labels an axis of size 1 in the place of the classes, (samples, "
            "1, positions) or (samples, positions, 1), or samples with another number of positions"
        )
    return 1 if positions == {last} else -1


def _of_one_length(call: Call) -> list[tuple[int, list[int]]]:
    """Axes, each with the numbers of all tensors that are of one length there."""
    found: dict[tuple[int, int], list[int]] = {}
    for number, value in enumerate(call.tensors()):
        for axis in range(1, value.ndim):
            found.setdefault((axis, value.shape[axis]), []).append(number)
    return [(axis, which) for (axis, _), which in found.items()]


def with_positions_in_a_row(outputs: Any, targets: Any, axis: int) -> tuple[Any, Any]:
    """Scores (samples, positions, classes) and labels (samples, positions), where shapes leave the classes open.

    Args:
        outputs: what a network returned.
        targets: of these samples.
        axis: of the classes, 1 or -1.

    Examples:
        >>> scores, labels = with_positions_in_a_row(torch.eye(3)[None] + 2, torch.tensor([[0, 1, 2]]), axis=1)
        >>> scores.shape, labels.shape
        (torch.Size([1, 3, 3]), torch.Size([1, 3]))
    """
    try:
        scores = tensor_with_gradients(outputs, "")
    except BitlineError:
        return outputs, targets
    labels, axes = _labels(targets, scores)
    if len(axes) < 2:
        return outputs, targets
    return scores.movedim(axis, -1).flatten(1, -2), labels.flatten(1)


def _labels(targets: Any, scores: Tensor) -> tuple[Tensor, tuple[int, ...]]:
    """Labels as class numbers, and the axes on which the classes may be; none for targets that are no numbers."""
    try:
        return class_labels(numbers_of(targets, ""), tuple(scores.shape))
    except BitlineError:
        return torch.empty(0), ()
