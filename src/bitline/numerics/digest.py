"""Short digests of tensors and files, by which stores and files tell one network or data set from another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

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
        digest.update(_content(value))
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
            digest.update(_content(rows))
    return digest.hexdigest()


def _content(tensor: Tensor) -> bytes:
    return tensor.detach().cpu().contiguous().numpy().tobytes()
