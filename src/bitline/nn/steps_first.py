"""Inputs in which steps come before samples, as PyTorch's recurrent layers and attention take them by default.

What is counted of a sample, and how inputs are cut into batches, must not take a step of all samples for one of them.
Where the samples lie, only the network knows: recurrent layers and attention of a float network tell a `Pass` as their
analog forms do.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from bitline.data.call import Call
from bitline.nn.contexts import computing
from bitline.nn.hooks import hooked
from bitline.nn.independent_copy import independent_copy
from bitline.nn.passes import shapes_of
from bitline.nn.samples_axis import Pass
from bitline.numerics.out_of_memory import is_out_of_memory
from bitline.numerics.random_state import keeping_random_state

SEQUENCES = (nn.RNNBase, nn.MultiheadAttention)
"""Layers that know which axis of their inputs has the samples."""
STEPS = 8
"""Steps, or samples, that are enough to see what they are."""


def samples_axis(call: Call, network: nn.Module) -> int:
    """Axis of a call's first input that has the samples.

    It is the first one, unless a layer of the network takes it for steps. Networks without such layers are not run.

    Args:
        call: some inputs; they need not be in the precision of the network.
        network: float or converted.

    Examples:
        >>> call = Call((torch.rand(7, 5, 3),), {})
        >>> [samples_axis(call, nn.LSTM(3, 2, batch_first=first)) for first in (False, True)]
        [1, 0]
    """
    shapes = list(shapes_of((*call.arguments, *call.keywords.values())))
    if not shapes or len(shapes[0]) < 2 or not any(map(_can_have_steps_first, network.modules())):
        return 0
    copied, (steps, samples) = independent_copy(network), shapes[0][:2]
    few = min(steps, STEPS)
    few -= few == samples > 1  # axes of the same size do not tell which is which
    for tried in (call.part(0, few), call):
        seen = _pass(tried.for_network(copied), copied)
        if seen is not None:
            return seen.axis
    return 0


def _can_have_steps_first(module: nn.Module) -> bool:
    if isinstance(module, SEQUENCES):
        return not module.batch_first
    return isinstance(module, nn.RNNCellBase)


@torch.no_grad()
def _pass(call: Call, network: nn.Module) -> Pass | None:
    """What layers of a network show of the samples of a call; None where it fails before any does."""
    current = Pass(list(shapes_of((*call.arguments, *call.keywords.values()))))

    def look(module: nn.Module, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        given = next((value for value in (*arguments, *keywords.values()) if isinstance(value, Tensor)), None)
        if given is None:
            return
        if isinstance(module, nn.RNNCellBase):
            current.recognise_step(tuple(given.shape))
        elif given.ndim == 3:
            current.recognise(tuple(given.shape), 0 if module.batch_first else 1)

    layers = (module for module in network.modules() if isinstance(module, (*SEQUENCES, nn.RNNCellBase)))
    looking = hooked(layer.register_forward_pre_hook(look, with_kwargs=True) for layer in layers)
    try:
        with looking, keeping_random_state(), computing(network, lambda layer, x: layer.float_forward(x)):
            call.on(network)
    except (Exception, SystemExit) as error:  # a user's network can raise anything; who runs it next says so
        if is_out_of_memory(error):
            raise
        return current if current.axis else None  # a layer has seen it before the network failed
    return current
