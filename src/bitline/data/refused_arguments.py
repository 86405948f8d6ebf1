"""What is said of arguments of a network that are no tensors, or have no samples along their first axis."""

from __future__ import annotations

from torch import nn

from bitline.data.call import Call, positional
from bitline.numerics.text import type_in_words


def no_tensor(argument: str, value: object) -> str:
    """That an argument is no tensor, and what to do with it.

    Args:
        argument: its name.
        value: what was given for it.

    Examples:
        >>> no_tensor("mode", "tanh")
        "argument 'mode' is a str, but inputs are tensors or arrays (samples, ...): set it before, as in network.forward = functools.partial(network.forward, mode='tanh')"
    """  # noqa: E501
    shown = repr(value) if isinstance(value, (str, int, float, complex)) else "..."
    return (
        f"argument {argument!r} is {type_in_words(value)}, but inputs are tensors or arrays (samples, ...): set it "
        f"before, as in network.forward = functools.partial(network.forward, {argument}={shown})"
    )


def name_of_argument(place: int, model: nn.Module) -> str:
    """The name of an argument that is given by place; its number where the network takes any number of them.

    Examples:
        >>> name_of_argument(0, nn.Linear(2, 2)), name_of_argument(3, nn.Linear(2, 2))
        ('input', '4')
    """
    names = [each.name for each in positional(model)]
    return names[place] if place < len(names) else str(place + 1)


def how_inputs_are_cut(call: Call) -> str:
    """What to know of several inputs that a network refuses, as that of graphs does; empty for a single one.

    Examples:
        >>> import torch
        >>> how_inputs_are_cut(Call((torch.ones(2, 3),), {}))
        ''
    """
    if len(call.tensors()) < 2:
        return ""
    return (
        "; samples lie along the first axis of every input, and are cut there, a few at a time: where an input has "
        "another first axis, such as the edges of a graph, wrap the network so that it takes a batch of graphs, each "
        "input (graphs, ...)"
    )
