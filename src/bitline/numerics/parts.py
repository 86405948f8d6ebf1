"""Sums that come in parts: they are added one after another, each step rounded by itself."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from bitline.shapes import Float


def added(parts: Sequence[Float[Tensor, "*any"]]) -> Float[Tensor, "*any"]:
    """The sum of tensors, added one after another to the first, which is written.

    Examples:
        >>> import torch
        >>> added([torch.tensor([1.0]), torch.tensor([256.0]), torch.tensor([65536.0])])
        tensor([65793.])
    """
    first, *others = parts
    for other in others:
        first.add_(other)
    return first


def in_two(parts: Sequence[Float[Tensor, "*any"]]) -> tuple[Float[Tensor, "*any"], Float[Tensor, "*any"] | None]:
    """The sum of all parts but the last, and the last: whoever reads both can add it on the way.

    Examples:
        >>> import torch
        >>> in_two([torch.tensor([1.0]), torch.tensor([256.0]), torch.tensor([65536.0])])
        (tensor([257.]), tensor([65536.]))
    """
    return (added(parts[:-1]), parts[-1]) if len(parts) > 1 else (parts[0], None)
