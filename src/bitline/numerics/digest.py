"""Short digests of tensors and files, by which stores and files tell one network or data set from another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

BLOCK = 64
"""Rows that are read at once."""


def weights_digest(state: Mapping[str, Tensor]) -> str:
    """Digest of a network's weights, whatever the order of its layers; 16 hexadecimal digits.

    Args:
        state: the network's `state_dict()`.

    Examples:
        >>> from torch import ones, zeros
        >>> weight, bias = ones(2, 2), zeros(2)
        >>> weights_digest({"weight": weight, "bias": bias})
        'e588f16e51a205a4'
        >>> weights_digest({"bias": bias, "weight": weight})
        'e588f16e51a205a4'
    """
    digest = hashlib.blake2b(digest_size=8)
    for name, value in sorted(state.items()):
        digest.update(name.encode())
        digest.update(content_of(value))
    return digest.hexdigest()


def content_digest(content: bytes) -> str:
    """Digest of a file's content; 16 hexadecimal digits.

    Examples:
        >>> content_digest(b"target,measured")
        '23179603be354529'
    """
    return hashlib.blake2b(content, digest_size=8).hexdigest()


class Splittable(Protocol):
    """A tensor, or what is read row by row like one."""

    @property
    def shape(self) -> Sequence[int]:
        """(rows, ...)."""

    def split(self, split_size: int, /) -> Iterable[Tensor]:
        """The rows, so many at once."""


def data_digest(*parts: Splittable | str) -> str:
    """Digest of the shapes and values of tensors; 16 hexadecimal digits.

    Args:
        parts: tensors, what is read like them, or texts, in an order that counts.

    Examples:
        >>> from torch import zeros
        >>> data_digest(zeros(2, 3)) == data_digest(zeros(3, 2))
        False
    """
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        if isinstance(part, str):
            digest.update(part.encode())
            continue
        digest.update(str(tuple(part.shape)).encode())
        for rows in part.split(BLOCK):
            digest.update(content_of(rows))
    return digest.hexdigest()


def digestible(value: Any) -> Iterator[Splittable | str]:
    """Tensors in what may be lists and mappings of them, and everything else as texts.

    Args:
        value: anything.

    Examples:
        >>> from torch import zeros
        >>> list(digestible([{"boxes": zeros(1, 4), "label": 3}]))
        ['boxes', tensor([[0., 0., 0., 0.]]), 'label', '3']
        >>> list(digestible(["cat", "dog"]))
        ["['cat', 'dog']"]
    """
    if isinstance(value, Tensor):
        yield value.reshape(-1) if value.ndim == 0 else value
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield str(name)
            yield from digestible(part)
    elif isinstance(value, np.ndarray):
        yield f"{value.dtype} {value.shape}"
        yield value.tobytes().hex() if value.dtype.kind in "biufcSUV" else repr(value.tolist())
    elif isinstance(value, (list, tuple)) and any(map(_may_be_cut, value)):
        for part in value:
            yield from digestible(part)
    else:
        yield repr(value)


def _may_be_cut(value: Any) -> bool:
    """Whether its representation may leave something out, as those of large arrays do."""
    return isinstance(value, (Tensor, Mapping, np.ndarray)) or (
        isinstance(value, (list, tuple)) and any(map(_may_be_cut, value))
    )


def content_of(tensor: Tensor) -> bytes:
    """The bytes of a tensor's values, whatever their type.

    Examples:
        >>> from torch import bfloat16, ones
        >>> content_of(ones(2, dtype=bfloat16))
        b'\\x80?\\x80?'
    """
    return tensor.detach().cpu().reshape(-1).view(torch.uint8).numpy().tobytes()
