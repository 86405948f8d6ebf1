"""Products of PyTorch's in which a factor is a weight, as products of linear layers: `x @ weight`, `bmm`, `einsum`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

Linear = Callable[[Tensor, Tensor], Tensor]
"""y = W x of vectors (..., features) and a weight (outputs, features)."""
IsWeight = Callable[[Tensor], bool]
"""Whether a matrix (outputs, features) is a weight."""
Reader = Callable[..., Tensor | None]
"""Takes `Linear`, `IsWeight` and what PyTorch was asked with; gives the result, or None where no factor is a weight."""


def matrix_product(linear: Linear, is_weight: IsWeight, first: Any, second: Any) -> Tensor | None:
    """A product of two matrices, or of batches of them; with a weight on the left, all are turned round.

    Examples:
        >>> x, weight = torch.ones(4, 3), torch.ones(3, 2)
        >>> matrix_product(functional.linear, lambda matrix: matrix.shape == (2, 3), x, weight).shape
        torch.Size([4, 2])
    """
    if not (isinstance(first, Tensor) and isinstance(second, Tensor) and min(first.ndim, second.ndim) > 1):
        return None
    if second.ndim == 2 and is_weight(second.mT):
        return linear(first, second.mT)
    if first.ndim == 2 and is_weight(first):
        return linear(second.mT, first).mT
    if second.ndim == 3 and all(map(is_weight, second.mT)):
        return _one_by_one(linear, first, second.mT)
    if first.ndim == 3 and all(map(is_weight, first)):
        return _one_by_one(linear, second.mT, first).mT
    return None


def _one_by_one(linear: Linear, vectors: Tensor, weights: Tensor) -> Tensor:
    """Vectors (..., matrices, vectors, features), or the same for all, each group times a matrix of its own."""
    count = len(weights)
    groups = vectors.expand(*vectors.shape[:-3], count, *vectors.shape[-2:])
    return torch.stack([linear(groups.select(-3, index), weights[index]) for index in range(count)], -3)


def added_product(
    linear: Linear, is_weight: IsWeight, added: Any, first: Any, second: Any, **scales: Any
) -> Tensor | None:
    """A product of two matrices and something that is added, without scales: `addmm`, `baddbmm`."""
    product = None if scales else matrix_product(linear, is_weight, first, second)
    return None if product is None else product + added


GROUPED = ("input", "mat2", "offs", "bias", "out_dtype")
"""What products of groups are called with: vectors, matrices (groups, features, outputs), where each group ends, and
what is rare."""


def grouped_product(linear: Linear, is_weight: IsWeight, *args: Any, **named: Any) -> Tensor | None:
    """Vectors, one group after the other, each times a matrix (features, outputs) of its own."""
    given = {**dict(zip(GROUPED, args, strict=False)), **named}
    x, weight, offs = (given.pop(name, None) for name in GROUPED[:3])
    is_plain = isinstance(offs, Tensor) and not any(value is not None for value in given.values())
    if not is_plain or not is_weight(weight[0].mT):
        return None
    ends = offs.tolist()
    groups = zip(range(len(ends)), [0, *ends], ends, strict=False)
    parts = [linear(x[start:end], weight[index].mT) for index, start, end in groups if end > start]
    return torch.cat([*parts, x.new_zeros(len(x) - ends[-1], weight.shape[2])])


def einsum(linear: Linear, is_weight: IsWeight, equation: Any, *factors: Any) -> Tensor | None:
    """Sums over one axis of two factors, of which one is a weight of two axes: `einsum("bnd,de->bne", x, weight)`.

    Examples:
        >>> x, weight = torch.rand(4, 5, 3), torch.rand(3, 2)
        >>> got = einsum(functional.linear, lambda matrix: matrix.shape == (2, 3), "bnd,de->ben", x, weight)
        >>> torch.allclose(got, torch.einsum("bnd,de->ben", x, weight))
        True
    """
    if not isinstance(equation, str) or len(factors) != 2 or not all(isinstance(each, Tensor) for each in factors):
        return None
    given, arrow, result = equation.replace(" ", "").partition("->")
    names = given.split(",")
    is_plain = arrow and len(names) == 2 and all(axes.isalpha() for axes in (*names, result))
    pairs = [*zip(factors, names, strict=True)] if is_plain else []
    for (x, axes), (weight, own) in (pairs, pairs[::-1]) if pairs else ():
        shared = set(own) & set(axes)
        if len(own) != 2 or len(shared) != 1 or len(set(own)) != 2:
            continue
        (feature,) = shared
        made = axes.replace(feature, "") + own.replace(feature, "")
        matrix = weight if own[1] == feature else weight.mT
        if sorted(made) == sorted(result) and len(set(axes)) == len(axes) and is_weight(matrix):
            outputs = linear(x.movedim(axes.index(feature), -1), matrix)
            return outputs.permute([made.index(axis) for axis in result])
    return None


READERS: Mapping[Any, Reader] = {
    **dict.fromkeys((torch.matmul, Tensor.matmul, torch.mm, Tensor.mm, torch.bmm, Tensor.bmm), matrix_product),
    **dict.fromkeys((torch.addmm, Tensor.addmm, torch.baddbmm, Tensor.baddbmm), added_product),
    **dict.fromkeys(
        filter(None, (getattr(functional, "grouped_mm", None), getattr(torch, "_grouped_mm", None))), grouped_product
    ),
    torch.einsum: einsum,
}
"""How to read each product as one of linear layers."""
