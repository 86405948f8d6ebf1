"""Networks whose weights are elsewhere until a layer runs, as accelerate's `cpu_offload` and `disk_offload` leave them.

Such a module has its parameters on the meta device, and a hook (`_hf_hook`) that loads them before the module runs and
drops them afterwards. Hooks are known by what they can do, so that accelerate need not be installed.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

PLACEMENT = "_hf_hook"
"""Where accelerate keeps the hook of a module."""


def loadable(model: nn.Module) -> frozenset[int]:
    """Identities of the parameters and buffers of a network that a hook in it loads when they are wanted.

    Examples:
        >>> len(loadable(nn.Linear(2, 2)))
        0
    """
    return frozenset(id(place[name]) for module in _offloaded(model) for place, name in _places(module))


def copies_of_loaded(model: nn.Module) -> dict[int, Any]:
    """Copies of what is elsewhere, and hooks for them that no longer load it, by the identities of the originals.

    Each module is loaded, copied and dropped again by its own hook. A hook goes on moving inputs to where its module
    computes.

    Args:
        model: any network; the original stays as it is.

    Examples:
        >>> copies_of_loaded(nn.Linear(2, 2))
        {}
    """
    copies: dict[int, Any] = {}
    for module in _offloaded(model):
        hook = getattr(module, PLACEMENT)
        hook.pre_forward(module)
        values = [place[name].detach().clone() for place, name in _places(module)]
        hook.post_forward(module, None)
        for (place, name), value in zip(_places(module), values, strict=True):
            old = place[name]
            copies[id(old)] = nn.Parameter(value, old.requires_grad) if isinstance(old, nn.Parameter) else value
        copies[id(hook)] = _without_loading(hook)
    return copies


def _offloaded(model: nn.Module) -> Iterator[nn.Module]:
    """Modules whose hook loads what they hold, those inside before those around them."""
    for module in reversed(list(model.modules())):
        hook = getattr(module, PLACEMENT, None)
        if hook is not None and any(getattr(part, "offload", False) for part in _parts(hook)):
            yield module


def _parts(hook: Any) -> tuple[Any, ...]:
    """A hook, or those that it calls one after the other."""
    return tuple(getattr(hook, "hooks", (hook,)))


def _places(module: nn.Module) -> list[tuple[dict[str, Any], str]]:
    """Where a module and those below it hold tensors that its hook takes away, in a fixed order."""
    recurse = any(getattr(part, "place_submodules", False) for part in _parts(getattr(module, PLACEMENT)))
    holders = list(module.modules()) if recurse else [module]
    buffers = any(getattr(part, "offload_buffers", False) for part in _parts(getattr(module, PLACEMENT)))
    groups: list[dict[str, Any]] = []
    for holder in holders:
        groups += [holder._parameters, *([holder._buffers] if buffers else [])]
    return [(place, name) for place in groups for name, value in place.items() if isinstance(value, Tensor)]


def _without_loading(hook: Any) -> Any:
    """A hook of the same kind for a module that holds its weights."""
    there = copy.copy(hook)
    if hasattr(hook, "hooks"):
        there.hooks = tuple(map(_without_loading, hook.hooks))
    if getattr(hook, "offload", False):
        there.offload, there.weights_map, there.tied_params_map = False, None, None
    return there
