"""Whether two networks gave the same outputs within rounding."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree

AT_ONCE = 1 << 20
"""Outputs that are compared at a time, in float64: those of a language model are many."""


def leaves(outputs: Any) -> tuple[Any, ...]:
    """Tensors and numbers of any nest of containers and objects, cloned so that nobody changes them afterwards.

    Examples:
        >>> leaves({"scores": torch.ones(2), "words": 3})
        (tensor([1., 1.]), 3)
    """
    found = _pytree.tree_leaves(dict(outputs) if hasattr(outputs, "keys") else outputs)
    return tuple(leaf.detach().clone() if isinstance(leaf, Tensor) else leaf for leaf in found)


def difference(expected: tuple[Any, ...], got: tuple[Any, ...], least: float = 0.0) -> str:
    """How two sets of outputs differ by more than rounding, or empty.

    Args:
        expected, got: as `leaves` gives them.
        least: share of the largest output up to which no difference is told, if that is more than rounding.

    Examples:
        >>> difference((torch.ones(2),), (torch.zeros(2),))
        'outputs differ by 1 of the largest'
    """
    if len(expected) != len(got):
        return f"{len(got)} outputs instead of {len(expected)}"
    for before, after in zip(expected, got, strict=True):
        if not isinstance(before, Tensor) or not isinstance(after, Tensor) or before.is_nested:
            continue
        if before.shape != after.shape:
            return f"outputs {tuple(after.shape)} instead of {tuple(before.shape)}"
        if before.numel() == 0:
            continue
        if before.is_complex() or after.is_complex():
            before, after = (torch.view_as_real(part + 0j).flatten() for part in (before, after))
        error, largest = _largest_error(before, after)
        if not error <= max(least, _tolerance(before.dtype)) * largest:
            share = error / largest if largest > 0 else math.inf
            return f"outputs differ by {share:.2g} of the largest"
    return ""


def _largest_error(before: Tensor, after: Tensor) -> tuple[float, float]:
    """The largest difference of two tensors, NaN where only one holds it, and the largest magnitude of the first."""
    errors, sizes = [], []
    for some, others in zip(before.flatten().split(AT_ONCE), after.flatten().split(AT_ONCE), strict=True):
        was, got = some.double(), others.double()
        same = (was == got) | (was.isnan() & got.isnan())
        errors.append((was - got).abs().masked_fill(same, 0.0).max())
        sizes.append(was.abs().nan_to_num(0.0, 0.0, 0.0).max())
    return float(torch.stack(errors).max()), float(torch.stack(sizes).max())


def _tolerance(dtype: torch.dtype) -> float:
    """Rounding of a deep network, relative to its largest output."""
    return max(1e-9, 2048 * torch.finfo(dtype).eps) if dtype in (torch.float32, torch.float64) else 0.1
