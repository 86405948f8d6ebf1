"""Products of PyTorch's in which a factor is a weight, as products of linear layers: `x @ weight`, `bmm`, `einsum`."""

from __future__ import annotations

import inspect
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
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
    linear: Linear, is_weight: IsWeight, added: Any, first: Any, second: Any, beta: float = 1, alpha: float = 1
) -> Tensor | None:
    """A product of two matrices and something that is added, each with a scale: `addmm`, `baddbmm`."""
    product = matrix_product(linear, is_weight, first, second)
    if product is None:
        return None
    return product * alpha if beta == 0 else product * alpha + beta * added  # nothing is added at 0, even if it is NaN


def grouped_product(linear: Linear, is_weight: IsWeight, x: Tensor, weight: Tensor, offs: Any = None) -> Tensor | None:
    """Vectors, one group after the other, each times a matrix (features, outputs) of its own.

    Args:
        linear, is_weight: as for every reader.
        x: vectors, (vectors, features).
        weight: matrices, (groups, features, outputs).
        offs: where each group ends.
    """
    if not isinstance(offs, Tensor) or not is_weight(weight[0].mT):
        return None
    ends = offs.tolist()
    groups = zip(range(len(ends)), [0, *ends], ends, strict=False)
    parts = [linear(x[start:end], weight[index].mT) for index, start, end in groups if end > start]
    return torch.cat([*parts, x.new_zeros(len(x) - ends[-1], weight.shape[2])])


def einsum(linear: Linear, is_weight: IsWeight, equation: Any, *factors: Any) -> Tensor | None:
    """Sums over one axis of two factors, of which one is a weight of two axes: `einsum("...d,de->...e", x, weight)`.

    Examples:
        >>> x, weight = torch.rand(4, 5, 3), torch.rand(3, 2)
        >>> got = einsum(functional.linear, lambda matrix: matrix.shape == (2, 3), "bnd,de->ben", x, weight)
        >>> torch.allclose(got, torch.einsum("bnd,de->ben", x, weight))
        True
    """
    factors = tuple(factors[0]) if len(factors) == 1 and isinstance(factors[0], (list, tuple)) else factors
    if not isinstance(equation, str) or len(factors) != 2 or not all(isinstance(each, Tensor) for each in factors):
        return None
    *names, result = _axes_of(equation, factors)
    is_plain = len(names) == 2 and all(axes.isalpha() for axes in (*names, result))
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


def _axes_of(equation: str, factors: tuple[Tensor, ...]) -> list[str]:
    """Letters of the axes of each factor, and of the result, which may be left out; "..." are further letters.

    Examples:
        >>> _axes_of("...d, de", (torch.ones(4, 5, 3), torch.ones(3, 2)))
        ['ABd', 'de', 'ABe']
    """
    given, arrow, result = equation.replace(" ", "").partition("->")
    spare = [letter for letter in string.ascii_uppercase if letter not in given]
    names = given.split(",")
    others = max((x.ndim - len(axes) + 3 for x, axes in zip(factors, names, strict=False) if "..." in axes), default=0)
    once = sorted(letter for letter in set(given) - set(".,") if given.count(letter) == 1)
    result = result if arrow else "".join(["..." if "..." in given else "", *once])
    return [axes.replace("...", "".join(spare[:others])) for axes in (*names, result)]


def tensordot(linear: Linear, is_weight: IsWeight, first: Any, second: Any, dims: Any = 2) -> Tensor | None:
    """Sums over one axis of two factors, the last axes of the first and the first ones of the second, or named ones.

    Examples:
        >>> x, weight = torch.rand(4, 5, 3), torch.rand(3, 2)
        >>> got = tensordot(functional.linear, lambda matrix: matrix.shape == (2, 3), x, weight, 1)
        >>> torch.allclose(got, torch.tensordot(x, weight, 1))
        True
    """
    if not isinstance(first, Tensor) or not isinstance(second, Tensor) or isinstance(dims, Tensor):
        return None
    axes = ([first.ndim - 1], [0]) if dims == 1 else tuple(dims) if isinstance(dims, (list, tuple)) else ()
    if len(axes) != 2 or any(not isinstance(each, (list, tuple)) or len(each) != 1 for each in axes):
        return None
    (left,), (right,) = axes
    if second.ndim == 2 and is_weight(second if right % 2 else second.mT):
        return linear(first.movedim(left, -1), second if right % 2 else second.mT)
    if first.ndim == 2 and is_weight(first if left % 2 else first.mT):
        return linear(second.movedim(right, -1), first if left % 2 else first.mT).movedim(-1, 0)
    return None


@dataclass(frozen=True)
class Reading:
    """How to read a product as one of linear layers.

    Attributes:
        reader: makes the result.
        names: what PyTorch calls the reader's arguments, by place; several names apart by a bar.
        of_any_number: whether further arguments follow, without names.
    """

    reader: Reader
    names: tuple[str, ...]
    of_any_number: bool = False

    def result(self, linear: Linear, is_weight: IsWeight, args: Any, named: Mapping[str, Any]) -> Tensor | None:
        """The product; None where no factor is a weight, or something else is asked for, too.

        Examples:
            >>> x, weight = torch.ones(4, 3), torch.ones(3, 2)
            >>> reading, is_weight = READINGS[torch.mm], lambda matrix: matrix.shape == (2, 3)
            >>> reading.result(functional.linear, is_weight, (x,), {"mat2": weight}).shape
            torch.Size([4, 2])
        """
        given = {name: value for name, value in named.items() if value is not None}
        if not given.keys() <= self._parameters.keys() or (len(args) > len(self.names) and not self.of_any_number):
            return None
        return self.reader(linear, is_weight, *args, **{self._parameters[name]: given[name] for name in given})

    @cached_property
    def _parameters(self) -> dict[str, str]:
        """The reader's name for each of PyTorch's."""
        own = [*inspect.signature(self.reader).parameters][2:]
        return {name: own[place] for place, names in enumerate(self.names) for name in names.split("|")}


_TWO = Reading(matrix_product, ("input|self", "other|tensor|mat2"))
_ADDED = Reading(added_product, ("input|self", "mat1|batch1", "mat2|batch2", "beta", "alpha"))
_GROUPED = Reading(grouped_product, ("input|self", "mat2", "offs"))
_GROUPED_PRODUCTS = (getattr(functional, "grouped_mm", None), getattr(torch, "_grouped_mm", None))
READINGS: Mapping[Any, Reading] = {
    **dict.fromkeys((torch.matmul, Tensor.matmul, torch.mm, Tensor.mm, torch.bmm, Tensor.bmm), _TWO),
    **dict.fromkeys((torch.addmm, Tensor.addmm, torch.baddbmm, Tensor.baddbmm), _ADDED),
    **dict.fromkeys(
        filter(None, (getattr(functional, "grouped_mm", None), getattr(torch, "_grouped_mm", None))), _GROUPED
    ),
    torch.einsum: Reading(einsum, ("equation",), of_any_number=True),
    torch.tensordot: Reading(tensordot, ("a", "b", "dims")),
}
"""How to read each product as one of linear layers."""
