"""Checkpoints as training programs write them: which of their tensors are the weights of a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from bitline.errors import NetworkError
from bitline.numerics.text import type_in_words

INSIDE = (
    "state_dict",
    "model_state_dict",
    "model",
    "module",
    "network",
    "net",
    "weights",
    "params",
    "params_ema",
)
"""Entries of a checkpoint under which its weights are, beside optimisers and counters."""
WRAPPERS = ("module", "_orig_mod")
"""What `DataParallel` and `torch.compile` put into names."""
SHOWN = 6
"""Weights that a message lists."""
_ONE = "save the one that is meant in a file of its own"


def weights_in(content: Any) -> dict[str, Tensor]:
    """The tensors of a checkpoint, wherever they are in it.

    Args:
        content: of the file.

    Raises:
        NetworkError: there are none, or there are several networks of which any could be meant.

    Examples:
        >>> import torch
        >>> list(weights_in({"epoch": 3, "state_dict": {"module.fc.weight": torch.ones(2)}}))
        ['module.fc.weight']
    """
    if not isinstance(content, Mapping):
        raise NetworkError(f"it holds {type_in_words(content)}: save model.state_dict()")
    found = _weights(content)
    if not found:
        names = ", ".join(map(str, list(content)[:SHOWN])) or "nothing"
        raise NetworkError(f"it holds no weights, but {names}: save model.state_dict()")
    return found


def _weights(content: Mapping[Any, Any]) -> dict[str, Tensor]:
    """The weights of a checkpoint, or of the one entry that has them; nothing where there are none."""
    inner = {name: content[name] for name in INSIDE if isinstance(content.get(name), Mapping)}
    inside = {name: weights for name, value in inner.items() if (weights := _weights(value))}
    if not inside:
        return _tensors(content)
    first, weights = next(iter(inside.items()))
    names = set(map(_unwrapped, weights))
    others = {name: value for name, value in content.items() if isinstance(value, Mapping) and name not in inside}
    copies = [*inside, *(name for name, value in others.items() if names <= set(map(_unwrapped, _tensors(value))))]
    if names <= set(map(_unwrapped, _tensors(content))):
        raise NetworkError(f"it has weights under {first!r} and the same names beside it: {_ONE}")
    if len(copies) > 1:
        raise NetworkError(f"it has weights under {' and under '.join(map(repr, copies))}: {_ONE}")
    return weights


def _tensors(content: Mapping[Any, Any]) -> dict[str, Tensor]:
    return {name: value for name, value in content.items() if isinstance(name, str) and isinstance(value, Tensor)}


def named_as(found: dict[str, Tensor], wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a file under the names of a network.

    What wrappers put into names is left out, and a prefix that all weights of the network have in the file, such as the
    'model.' of Lightning, with everything beside them.

    Args:
        found: weights of the file.
        wanted: those of the network.

    Raises:
        NetworkError: the file has the network twice, under several prefixes, or a weight twice, with and without what
            wrappers put into names.

    Examples:
        >>> import torch
        >>> file = {"model._orig_mod.fc.weight": torch.ones(2), "loss.scale": torch.ones(1)}
        >>> list(named_as(file, {"fc.weight": torch.zeros(2)}))
        ['fc.weight']
    """
    needed = [name for name in wanted if not name.endswith("num_batches_tracked")]
    if all(name in found for name in needed):
        return found
    plain = unwrapped(found)
    if any(name in plain for name in needed) or not needed:
        return plain
    rarest = max(needed, key=len)
    prefixes = [name.removesuffix(rarest) for name in plain if name.endswith(f".{rarest}")]
    whole = [prefix for prefix in prefixes if all(prefix + name in plain for name in needed)]
    if len(whole) > 1:
        raise NetworkError(f"it has the network {len(whole)} times, under {' and '.join(whole)}: {_ONE}")
    if not whole:
        return plain
    return {name.removeprefix(whole[0]): value for name, value in plain.items() if name.startswith(whole[0])}


def unwrapped(found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a file without what wrappers put into their names.

    Args:
        found: weights of the file.

    Raises:
        NetworkError: two of them get the same name.

    Examples:
        >>> import torch
        >>> list(unwrapped({"module.fc.weight": torch.ones(2)}))
        ['fc.weight']
    """
    origins: dict[str, str] = {}
    for name in found:
        other = origins.setdefault(_unwrapped(name), name)
        if other != name:
            raise NetworkError(f"it has both {other!r} and {name!r}, which stand for one weight: {_ONE}")
    return {name: found[origin] for name, origin in origins.items()}


def with_shared(found: dict[str, Tensor], wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a file, with those that a network shares between layers and a file has once.

    Args:
        found: weights of the file.
        wanted: those of the network.

    Raises:
        NetworkError: the file has different values for what the network shares.

    Examples:
        >>> import torch
        >>> shared = torch.zeros(2)
        >>> sorted(with_shared({"head.weight": torch.ones(2)}, {"head.weight": shared, "embedding.weight": shared}))
        ['embedding.weight', 'head.weight']
    """
    first: dict[tuple[int, torch.Size], str] = {}
    for name, value in wanted.items():
        if name in found and value.data_ptr():
            other = first.setdefault((value.data_ptr(), value.shape), name)
            if other != name and not torch.equal(found[other].to(found[name].dtype), found[name]):
                raise NetworkError(
                    f"it has different values for {other!r} and {name!r}, which are one weight of the network: give a "
                    "network that does not share them"
                )
    places = {name: first.get((value.data_ptr(), value.shape)) for name, value in wanted.items() if name not in found}
    return {**found, **{name: found[origin] for name, origin in places.items() if origin is not None}}


def in_short(weights: Mapping[str, Tensor], names: Iterable[str]) -> str:
    """Some weights with their shapes, for a message.

    Examples:
        >>> import torch
        >>> in_short({"fc.weight": torch.ones(2, 3)}, ["fc.weight"])
        'fc.weight (2, 3)'
    """
    listed = list(names)
    shown = [f"{name} {tuple(weights[name].shape)}" for name in listed[:SHOWN]]
    more = len(listed) - len(shown)
    return ", ".join(shown) + (f", and {more} more" if more else "")


def _unwrapped(name: str) -> str:
    return ".".join(part for part in name.split(".") if part not in WRAPPERS)
