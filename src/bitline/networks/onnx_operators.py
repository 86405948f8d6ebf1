"""Operators of ONNX that onnx2fx computes for some of their inputs only, in full."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from bitline.networks.onnx_graph import DOMAIN

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto
    from torch import fx


def gather(data: Tensor, indices: Tensor, axis: int) -> Tensor:
    """`Gather`: entries along an axis; negative numbers count from its end.

    Examples:
        >>> gather(torch.tensor([[1, 2, 3]]), torch.tensor(-1), 1)
        tensor([3])
    """
    axis %= data.ndim
    places = _from_the_start(indices, data.shape[axis])
    shape = (*data.shape[:axis], *places.shape, *data.shape[axis + 1 :])
    return data.index_select(axis, places.flatten()).reshape(shape)


def gather_elements(data: Tensor, indices: Tensor, axis: int) -> Tensor:
    """`GatherElements`: one entry along an axis for each index; negative numbers count from its end.

    Examples:
        >>> gather_elements(torch.tensor([[1, 2, 3]]), torch.tensor([[-1, 0]], dtype=torch.int32), -1)
        tensor([[3, 1]])
    """
    return data.gather(axis, _from_the_start(indices, data.shape[axis]))


def gather_nd(data: Tensor, indices: Tensor, batch_dims: int) -> Tensor:
    """`GatherND`: entries whose places along the first axes the last axis of `indices` holds, batch by batch.

    Examples:
        >>> gather_nd(torch.tensor([[1, 2], [3, 4]]), torch.tensor([[-1], [0]]), 1)
        tensor([2, 3])
    """
    axes = indices.ndim - 1
    batches = [
        torch.arange(size, device=data.device).reshape(-1, *[1] * (axes - axis - 1))
        for axis, size in enumerate(data.shape[:batch_dims])
    ]
    return data[(*batches, *indices.long().unbind(-1))]


OPERATORS = {
    "Gather": (gather, "axis", 0),
    "GatherElements": (gather_elements, "axis", 0),
    "GatherND": (gather_nd, "batch_dims", 0),
}
"""What computes them, and the attribute that it takes, with its default."""


def put_operators(model: ModelProto) -> None:
    """Put operators of bitline in the place of those of `OPERATORS`, in place, and tell onnx2fx of them."""
    from onnx2fx import register_op

    for kind in OPERATORS:
        register_op(kind, _call_operator, domain=DOMAIN)
    for node in _nodes(model.graph):
        if node.op_type in OPERATORS and node.domain in ("", "ai.onnx"):
            node.domain = DOMAIN


def _call_operator(builder: Any, node: NodeProto) -> fx.Node:
    compute, attribute, default = OPERATORS[node.op_type]
    given = next((own.i for own in node.attribute if own.name == attribute), default)
    called: fx.Node = builder.call_function(compute, args=(*map(builder.get_value, node.input), given))
    return called


def _nodes(graph: GraphProto) -> Iterator[NodeProto]:
    """Of a graph and of those inside of it."""
    for node in graph.node:
        yield node
        for own in node.attribute:
            for inside in (*([own.g] if own.HasField("g") else []), *own.graphs):
                yield from _nodes(inside)


def _from_the_start(indices: Tensor, size: int) -> Tensor:
    places = indices.long()
    return torch.where(places < 0, places + size, places)
