"""Which samples or tokens reach a layer, as far as a network picks them: experts, early exits, pruned tokens.

Two networks whose routers decide differently give a layer other samples, whose outputs must not be compared. What a
network does with samples between its layers is any code, so every operation is followed: one that picks rows leaves its
mark on the result, one that puts them back takes it away.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary

from bitline.nn.operations import SeenOperations, memory_of, name_of

LISTED = frozenset({"index", "_unsafe_index", "index_put", "_unsafe_index_put", "_index_put_impl"})
"""Operations that take an index for each axis."""
MASKED = frozenset({"masked_select", "masked_scatter", "take"})
"""Operations that take one index for all axes."""
PICKING = frozenset({"index", "_unsafe_index", "index_select", "gather", "masked_select", "take"})
"""Operations whose results are entries of their first operand."""
PUTTING = frozenset(
    {"index_put", "_unsafe_index_put", "_index_put_impl", "index_add", "index_copy", "index_reduce"}
    | {"scatter", "scatter_add", "scatter_reduce", "masked_scatter"}
)
"""Operations that put entries of another operand into places of their first one."""

Picks = frozenset[tuple[str, bytes]]
"""What was picked on the way to a tensor: the kind of the operation, and the places."""


class PickedSamples(SeenOperations):
    """Follows what one pass of a network picks.

    Args:
        network: entries of its parameters and buffers are no samples.

    Examples:
        >>> tokens = torch.arange(8.0).reshape(4, 2)
        >>> with PickedSamples(nn.Identity()) as picked:
        ...     chosen = torch.where(tokens[:, 0] > 3)[0]
        ...     expert = tokens[chosen] * 2
        ...     outputs = torch.zeros(4, 2).index_add(0, chosen, expert)
        >>> picked.of(expert) == frozenset({("rows", chosen.numpy().tobytes())}), picked.of(outputs)
        (True, frozenset())
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self._fixed = {memory_of(value) for value in (*network.parameters(), *network.buffers())}
        self._picks = WeakTensorKeyDictionary()

    def of(self, values: Any) -> Picks:
        """What was picked on the way to tensors, in whatever tuples, lists and dictionaries they are."""
        if not len(self._picks):
            return frozenset()
        tensors = (value for value in tree_leaves(values) if isinstance(value, Tensor))
        return frozenset[tuple[str, bytes]]().union(*(self._picks.get(tensor, ()) for tensor in tensors))

    def mark(self, values: Any, picks: Picks) -> None:
        """Say what was picked on the way to tensors."""
        if not picks and not len(self._picks):
            return
        for value in tree_leaves(values):
            if isinstance(value, Tensor) and (picks or value in self._picks):
                self._picks[value] = picks

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = name_of(func)
        if name == "unbind" and (len(args) < 2 or args[1] == 0) and memory_of(args[0]) not in self._fixed:
            for place, row in enumerate(result):
                self.mark(row, self.of(args) | {("at", place.to_bytes(8))})
        else:
            self.mark(result, self._after(name, args, kwargs))
        return result

    def _after(self, name: str, args: Any, kwargs: Any) -> Picks:
        """What was picked on the way to the result of an operation."""
        has_samples = name in PICKING | {"select"} and memory_of(args[0]) not in self._fixed
        if name == "select" and has_samples and args[1] == 0:
            return self.of(args) | {("at", int(args[2]).to_bytes(8, signed=True))}
        if name in PICKING and has_samples:
            places = _places(name, args)
            return self.of(args[0]) if places is None else _picked(self.of(args[0]), places)
        if name in PUTTING:
            places, values = _places(name, args), args[3 if name not in LISTED | MASKED else 2 :][:1]
            is_moved = places is not None and bool(values) and isinstance(values[0], Tensor) and values[0].numel() > 1
            before = self.of(args[0])
            return _put(before, self.of(values), places) if places is not None and is_moved else before
        return self.of((args, kwargs))


def _places(name: str, args: Any) -> bytes | None:
    """The places that an operation picks or fills, int64; None where they are channels, along the last axis."""
    target = args[0]
    if name in MASKED:
        return _of_index(args[1])
    if name in LISTED:
        given = [(axis, index) for axis, index in enumerate(args[1]) if index is not None]
        if target.ndim > 1 and [axis for axis, _ in given] == [target.ndim - 1]:
            return None
        found = [_of_index(index) for _, index in given]
        return found[0] if len(found) == 1 else _digest(*found)
    if target.ndim > 1 and args[1] % target.ndim == target.ndim - 1:
        return None
    index = args[2]
    while index.ndim > 1 and index.stride(-1) == 0:  # the same for all channels
        index = index[..., 0]
    return _of_index(index)


def _of_index(index: Tensor) -> bytes:
    flat = index.detach().flatten()
    places = flat.nonzero().flatten() if flat.dtype in (torch.bool, torch.uint8) else flat.long()
    return places.cpu().numpy().tobytes()


def _picked(before: Picks, places: bytes) -> Picks:
    """Picks of entries at some places of a tensor that has picks."""
    index, found, is_told = np.frombuffer(places, np.int64), set[tuple[str, bytes]](), False
    for kind, held in before:
        rows = np.frombuffer(held, np.int64)
        if kind == "rows" and len(index) and -len(rows) <= index.min() and index.max() < len(rows):
            found.add(("rows", rows[index].tobytes()))
            is_told = True
        elif (kind, held) == ("put", places):  # what was put there, and is taken out again, is where it was
            is_told = True
        else:
            found.add((kind, held))
    return frozenset(found if is_told else found | {("rows", places)})


def _put(before: Picks, values: Picks, places: bytes) -> Picks:
    """Picks of a tensor with picks, into some places of which values with other picks were put."""
    if ("rows", places) in values:  # back to where they came from
        return before
    return before | values | {("put", places)}


def _digest(*parts: bytes) -> bytes:
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        found.update(len(part).to_bytes(8) + part)
    return found.digest()
