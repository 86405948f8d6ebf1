"""Which axes of a network's outputs are positions: those that are shorter where its inputs have fewer positions."""

from __future__ import annotations

from collections.abc import Collection
from itertools import combinations, count
from typing import Any

import torch
from torch import Tensor, nn

from bitline.data.call import Call
from bitline.data.outputs import tensor_of
from bitline.errors import BitlineError
from bitline.nn.padding import with_other_padding
from bitline.nn.same_outputs import leaves
from bitline.numerics.random_state import keeping_random_state

AT_MOST = 4
"""Inputs that are tried together."""


def positions_in_outputs(network: nn.Module, call: Call, axis: int, which: Collection[int]) -> set[int] | None:
    """Axes of the outputs that follow an axis of the inputs; None where the network takes no fewer positions.

    Args:
        network: in eval mode.
        call: a few samples.
        axis: of the inputs that is cut.
        which: numbers, among the tensors of the call, of those that are cut; they are of one length on this axis.

    Examples:
        >>> call = Call((torch.rand(2, 4, 9),), {})
        >>> positions_in_outputs(nn.Conv1d(4, 9, 1), call, 2, {0}), positions_in_outputs(nn.Linear(9, 4), call, 2, {0})
        ({2}, None)
    """
    whole = output_tensor(network, call)
    if whole is None:
        return None
    found = None
    size = max(call.tensors()[number].shape[axis] for number in which)
    for kept in dict.fromkeys((size - 1, size // 2)):
        cut = output_tensor(network, _cut(call, axis, which, size, kept)) if 0 < kept < size else None
        if cut is None or cut.ndim != whole.ndim:
            continue
        found = {place for place in range(1, cut.ndim) if cut.shape[place] != whole.shape[place]}
        if found:
            return found
    return found


def stand_at_inputs(network: nn.Module, call: Call) -> bool | None:
    """Whether outputs stand at the positions that a mask of the inputs speaks of; None where nothing shows it.

    Of several inputs of one length, those that can be cut with the mask and without the others have its positions.

    Args:
        network: in eval mode.
        call: a few samples, some with padding.

    Examples:
        >>> class Mean(nn.Module):
        ...     def forward(self, x, attention_mask):
        ...         return (x * attention_mask[..., None]).sum(1)
        >>> stand_at_inputs(Mean(), Call((), {"x": torch.rand(2, 3, 3), "attention_mask": torch.ones(2, 3)}))
        False
    """
    real, mask = call.real, call.mask
    if real is None or mask is None:
        return None
    tensors = call.tensors()
    masked = next(number for number, value in enumerate(tensors) if value is mask[1])
    others = [number for number, value in enumerate(tensors) if value.shape[:2] == real.shape and number != masked]
    groups = [some for size in range(1, len(others) + 1) for some in combinations(others[:AT_MOST], size)]
    tried = ((some, positions_in_outputs(network, call.part(0, 2), 1, {masked, *some})) for some in groups)
    some, following = next(((some, found) for some, found in tried if found is not None), ((), None))
    if following or 0 < len(some) < len(others):
        return bool(following)
    shown = None if bool(real.all()) else _stand_where_padding_is(network, call, real)
    return shown if shown is not None or following is None else False


def _stand_where_padding_is(network: nn.Module, call: Call, real: Tensor) -> bool | None:
    """Whether outputs at padding are those of padding: what stands there reaches them alone, or nothing does.

    They are others where what is real reaches them, and what stands at their own positions does not.
    """
    given = output_tensor(network, call)
    if given is None or given.shape[:2] != real.shape:
        return None if given is not None and real.shape[1] in given.shape[2:] else False
    padding = ~real.to(given.device)
    by_padding = _changed(given, output_tensor(network, with_other_padding(call, real)))
    by_real = _changed(given, output_tensor(network, with_other_padding(call, ~real)))
    if by_padding is None or by_real is None or bool((by_padding & ~padding).any()):
        return None
    return bool((by_padding & padding).any()) or not bool((by_real & padding).any())


def _changed(given: Tensor, other: Tensor | None) -> Tensor | None:
    """Positions of outputs that differ, (samples, positions)."""
    if other is None or other.shape != given.shape:
        return None
    return (~(given == other)).reshape(*given.shape[:2], -1).any(2)


@torch.no_grad()
def output_tensor(network: nn.Module, call: Call) -> Tensor | None:
    """What a network says, the tensor that matters; None where it cannot take the inputs. Random numbers stay the same.

    Examples:
        >>> output_tensor(nn.Identity(), Call((torch.ones(2),), {})), output_tensor(nn.Linear(3, 1), Call((), {}))
        (tensor([1., 1.]), None)
    """
    try:
        with keeping_random_state():
            return _tensor(call.on(network))
    except (Exception, SystemExit):  # a user's network can raise anything
        return None


def _tensor(outputs: Any) -> Tensor | None:
    try:
        return tensor_of(outputs, "")
    except BitlineError:
        return next((value for value in leaves(outputs) if isinstance(value, Tensor)), None)


def _cut(call: Call, axis: int, which: Collection[int], size: int, kept: int) -> Call:
    """The same samples with fewer positions; masks between positions are cut on both sides."""
    places = count()

    def cut(value: Tensor) -> Tensor:
        is_cut = next(places) in which
        if value.shape == (size, size) and size != call.samples:
            return value[:kept, :kept]
        return value.narrow(axis, 0, kept) if is_cut else value

    return call.each(cut)
