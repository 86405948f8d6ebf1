"""Networks as they are evaluated: whole, on a device, and in single precision."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from bitline.errors import NetworkError
from bitline.nn.independent_copy import independent_copy
from bitline.nn.offloaded import loadable
from bitline.numerics.text import type_in_words


def checked_network(model: Any) -> nn.Module:
    """A network that can be worked with, as it is.

    Args:
        model: what a user gave.

    Raises:
        NetworkError: it is no module, it or a part is compiled by TorchScript, or its weights are on the meta device
            and no hook of its own loads them.

    Examples:
        >>> checked_network(nn.Linear)
        Traceback (most recent call last):
        bitline.errors.NetworkError: the network is a class, Linear: give an instance of it, a torch.nn.Module
    """
    if isinstance(model, type):
        raise NetworkError(f"the network is a class, {model.__name__}: give an instance of it, a torch.nn.Module")
    if not isinstance(model, nn.Module):
        raise NetworkError(f"the network is {type_in_words(model)}: give a torch.nn.Module")
    for name, module in model.named_modules():
        if isinstance(module, torch.jit.ScriptModule):
            what = f"{name!r} of the network" if name else "the network"
            raise NetworkError(
                f"{what} is {type_in_words(module)}, whose layers are compiled: give the module that it was made from"
            )
    elsewhere = loadable(model)
    for name, weight in (*model.named_parameters(), *model.named_buffers()):
        if is_lazy(weight) or id(weight) in elsewhere:
            continue
        if weight.is_meta:
            raise NetworkError(
                f"{name} of the network is on the meta device, without values: load its weights as real numbers; a "
                "network larger than memory is converted a part at a time, with bitline.nn.Part"
            )
    return model


def in_single_precision(model: Any) -> nn.Module:
    """A network in float32: itself, or a copy where it has other weights, which are rounded.

    Args:
        model: what a user gave.

    Raises:
        NetworkError: as for `checked_network`, or its weights are not initialised yet.

    Examples:
        >>> in_single_precision(nn.Linear(2, 2).half()).weight.dtype
        torch.float32
    """
    network = _initialised(model)
    return network if _dtypes(network) <= {torch.float32} else _rounded(independent_copy(network))


def in_single_precision_or_double(model: Any) -> nn.Module:
    """A network in float32 or float64: itself, or a copy in float32 where a weight has fewer bits.

    Args:
        model: what a user gave.

    Raises:
        NetworkError: as for `in_single_precision`.

    Examples:
        >>> weights = nn.Linear(2, 2).bfloat16(), nn.Linear(2, 2).double()
        >>> [in_single_precision_or_double(each).weight.dtype for each in weights]
        [torch.float32, torch.float64]
    """
    network = _initialised(model)
    return network if _dtypes(network) <= {torch.float32, torch.float64} else _rounded(independent_copy(network))


def _rounded(network: nn.Module) -> nn.Module:
    """A network with weights in single precision, in place; complex ones, too, which `float` passes over."""
    network.float()
    for module in network.modules():
        for held in (module._parameters, module._buffers):
            for weight in held.values():
                if weight is not None and weight.is_complex():
                    weight.data = weight.data.to(torch.complex64)
    return network


def _initialised(model: Any) -> nn.Module:
    network = checked_network(model)
    for name, weight in (*network.named_parameters(), *network.named_buffers()):
        if is_lazy(weight):
            raise NetworkError(f"{name} of the network is not initialised: let it compute a sample once, network(x)")
    return network


def _dtypes(network: nn.Module) -> set[torch.dtype]:
    """Of floating-point weights."""
    weights = (*network.parameters(), *network.buffers())
    return {weight.dtype for weight in weights if weight.is_floating_point()}
