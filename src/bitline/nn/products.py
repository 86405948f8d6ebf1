"""Operations of PyTorch that multiply and add: what they multiply, and how often.

The check of a converted network tells by them which products stay off the arrays, and costs count their
multiplications: an operation that one of them knows, the other knows, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from bitline.nn.operations import name_of

Arguments = tuple[Any, ...]


@dataclass(frozen=True)
class Product:
    """An operation that multiplies and adds.

    Attributes:
        factors: first of its arguments that it multiplies, and the one after the last; others are added, or say how.
        formula: multiplications with addition, of its arguments and its result; None where nobody counts them.
        of_vectors: whether a factor may have a single axis.

    Examples:
        >>> left, right = torch.ones(3, 4), torch.ones(4, 5)
        >>> PRODUCTS["mm"].macs((left, right), left @ right)
        60
    """

    factors: tuple[int, int | None] = (0, None)
    formula: Callable[[Arguments, Tensor], int] | None = None
    of_vectors: bool = False

    def multiplied(self, arguments: Arguments) -> Arguments:
        """Those of its arguments that it multiplies."""
        return arguments[slice(*self.factors)]

    def macs(self, arguments: Arguments, result: Tensor) -> int:
        """Multiplications with addition of real numbers, four for each of complex ones; 0 where nobody counts them."""
        of_numbers = 0 if self.formula is None else self.formula(arguments, result)
        return of_numbers * (4 if result.is_complex() else 1)


def product_of(operation: Any, arguments: Arguments) -> Product | None:
    """The product that an operation is, by its name; None where it is none.

    Args:
        operation: as a `TorchDispatchMode` is asked for it.
        arguments: those by place.

    Examples:
        >>> product_of(torch.ops.aten.relu.default, (torch.ones(2),)) is None
        True
    """
    name = name_of(operation)
    if name == "_cdist_forward" and arguments[2] != 2.0:  # sums of other powers
        return None
    if operation.namespace == "quantized" and name.startswith(QUANTISED):
        return Product()
    if name.startswith(ATTENTION):
        return Product((0, 3), _attention)
    return PRODUCTS.get(name)


def _matrices(left: Tensor, result: Tensor) -> int:
    """Of a matrix, or a batch of them, with something, whose zeros a sparse one leaves out."""
    if left.layout in SPARSE:
        return int(left._nnz()) * (result.shape[-1] if result.ndim > 1 else 1)
    return int(result.numel()) * int(left.shape[-1])


def _of_two(arguments: Arguments, result: Tensor) -> int:
    left, right = arguments[:2]
    if right.layout in SPARSE and left.layout not in SPARSE:
        return int(right._nnz()) * int(left.shape[0])
    return _matrices(left, result)


def _of_added_two(arguments: Arguments, result: Tensor) -> int:
    return _of_two(arguments[1:], result)


def _summed_batch(arguments: Arguments, result: Tensor) -> int:
    return int(result.numel() * math.prod(arguments[1].shape[::2]))


def _dot(arguments: Arguments, result: Tensor) -> int:
    return int(arguments[0].numel())


def _convolution(arguments: Arguments, result: Tensor) -> int:
    """As networks are described: input, weight, bias, stride, padding, dilation, whether it is transposed, ..."""
    positions = arguments[0] if arguments[6] else result
    return int(positions.numel() * math.prod(arguments[1].shape[1:]))


def _convolution_in_time(arguments: Arguments, result: Tensor) -> int:
    return int(result.numel() * math.prod(arguments[1].shape[:2]))


def _grouped(arguments: Arguments, result: Tensor) -> int:
    """Of each group with a matrix of its own: rows or columns, or what is summed, are cut into groups."""
    left, right = arguments[:2]
    if left.ndim == right.ndim == 2:  # what is summed
        return int(left.numel()) * int(right.shape[-1])
    return int(result.numel()) * int(left.shape[-1])


def _attention(arguments: Arguments, result: Tensor) -> int:
    queries, keys, values = arguments[:3]
    return int(math.prod(queries.shape[:-1]) * keys.shape[-2] * (queries.shape[-1] + values.shape[-1]))


def _distances(arguments: Arguments, result: Tensor) -> int:
    return int(result.numel()) * int(arguments[0].shape[-1])


ATTENTION = "_scaled_dot_product_"
"""How PyTorch's fused attentions begin: products of queries and keys, softmax, products of weights and values."""
QUANTISED = ("linear", "conv", "matmul", "batch_matmul", "quantized_")
"""How names of PyTorch's quantised products begin."""

SPARSE = (torch.sparse_coo, torch.sparse_csr, torch.sparse_csc)
"""How matrices without their zeros lie in memory."""

_TWO, _ADDED = Product((0, 2), _of_two), Product((1, 3), _of_added_two)
_GROUPED = Product((0, 2), _grouped)
_UNCOUNTED = (
    "_native_multi_head_attention _transformer_encoder_layer_fwd _trilinear _weight_int8pack_mm _weight_int4pack_mm "
    "_weight_int4pack_mm_for_cpu mkldnn_rnn_layer _cudnn_rnn quantized_lstm quantized_gru"
)

PRODUCTS: Mapping[str, Product] = {
    **dict.fromkeys(("mm", "bmm", "linear", "matmul", "_int_mm", "_scaled_mm", "_scaled_mm_v2", "_sparse_mm"), _TWO),
    **dict.fromkeys(("addmm", "baddbmm", "_addmm_activation", "_sparse_addmm"), _ADDED),
    "mv": Product((0, 2), _of_two, of_vectors=True),
    "addmv": Product((1, 3), _of_added_two, of_vectors=True),
    **dict.fromkeys(("dot", "vdot"), Product((0, 2), _dot, of_vectors=True)),
    "addbmm": Product((1, 3), _summed_batch),
    "convolution": Product((0, 2), _convolution),
    "conv_tbc": Product((0, 2), _convolution_in_time),
    **dict.fromkeys(("_grouped_mm", "_scaled_grouped_mm", "_scaled_grouped_mm_v2", "grouped_mm_fallback"), _GROUPED),
    **dict.fromkeys(("_euclidean_dist", "_cdist_forward"), Product((0, 2), _distances)),
    **dict.fromkeys(_UNCOUNTED.split(), Product()),
}
"""By the name of the operation; distances are products of what is compared, as (a - b)² is a² - 2ab + b²."""
