"""Arguments that may say where padding is, by names that do not say how."""

from __future__ import annotations

import warnings
from collections.abc import Collection

import torch
from torch import Tensor, nn

from bitline.data.call import Call, positional
from bitline.data.masks import INPUTS, MASKS
from bitline.errors import LeftOutWarning


def tell_of_other_masks(call: Call, model: nn.Module) -> None:
    """Tell of an argument that looks as if it said where padding is, by a name that does not say how.

    It has "mask", "pad", "valid" or "length" in its name, and holds a truth (a bool, 0 or 1) for every position, or a
    number of positions for each sample.

    Args:
        call: a batch.
        model: the network that takes it.

    Warns:
        LeftOutWarning: there is one, and no mask of padding.

    Examples:
        >>> tell_of_other_masks(Call((torch.ones(2, 3, 4),), {}), nn.Linear(4, 1))
    """
    if call.mask is not None:
        return
    named = dict(zip((each.name for each in positional(model)), call.arguments, strict=False)) | dict(call.keywords)
    for name, value in named.items():
        if not (isinstance(value, Tensor) and any(word in name.lower() for word in MASKS)):
            continue
        shapes = {other.shape[:2] for other in call.tensors() if other.ndim > 1 and other is not value}
        doubt = _may_be_mask(value, shapes)
        if doubt:
            warnings.warn(
                f"{name!r} {doubt}, so all positions count: call it {INPUTS.real[0]} (1 where inputs are "
                f"real) or {INPUTS.padded[0]} (True where they are padding)",
                LeftOutWarning,
                stacklevel=2,
            )


def _may_be_mask(value: Tensor, shapes: Collection[torch.Size]) -> str:
    """Why a tensor may say where padding is: it holds truths for all positions of an input, or lengths; else empty."""
    if value.ndim == 2 and value.shape in shapes and bool(((value == 0) | (value == 1)).all()):
        return "may be a mask of padding, but does not say whether padding is 0 or 1"
    if value.ndim != 1 or value.is_floating_point() or value.dtype == torch.bool:
        return ""
    longest = [positions for samples, positions in shapes if samples == len(value)]
    if longest and bool(((value >= 0) & (value <= max(longest))).all()):
        return "may say how long samples are, which is no mask of padding"
    return ""
