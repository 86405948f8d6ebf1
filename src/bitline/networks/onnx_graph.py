"""Finds the layers of an ONNX graph: products with constant weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from torch import nn

from bitline.networks.onnx_layers import LAYERS, Product, Shape, layer_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from onnx import GraphProto, ModelProto, NodeProto

DOMAIN, OPERATOR = "bitline", "Layer"
"""What takes the place of a product in the graph."""


def put_layers(model: ModelProto) -> dict[str, nn.Module]:
    """Put nodes of the operator `Layer` in the place of products with constant weights, with their biases.

    Args:
        model: changed in place; weights that nothing else uses are taken out of it.

    Returns:
        The layers by the names of their nodes. Nodes that use the same weights have the same layer.
    """
    graph = _Graph(model)
    layers: dict[str, nn.Module] = {}
    shared: dict[tuple[Any, ...], nn.Module] = {}
    for node in list(model.graph.node):
        product = graph.product(node)
        if product is None:
            continue
        added = graph.added_bias(node) if node.op_type == "MatMul" else None
        bias = added[1] if added else next(iter(node.input[2:]), "")
        size = str(product.shape) if "auto_pad" in product.attributes else ""
        key = (node.op_type, node.input[1], bias, size, *sorted(own.SerializeToString() for own in node.attribute))
        layer = shared.get(key) or layer_of(replace(product, bias=graph.constants[bias]) if added else product)
        if layer is None:
            continue
        shared[key] = layer
        name = _unique(_name(node, bias), layers)
        layers[name] = layer
        graph.put(node, name, added[0] if added else None)
    graph.drop_unused()
    return layers


class _Graph:
    """A graph with what is known of its values.

    Args:
        model: whose graph it is.
    """

    def __init__(self, model: ModelProto) -> None:
        self.graph = model.graph
        self.constants = dict(_constants(model.graph))
        self.shapes = dict(_shapes(model))
        self.users = Counter(name for node in model.graph.node for name in _reads(node))
        self.users.update(value.name for value in model.graph.output)

    def product(self, node: NodeProto) -> Product | None:
        """A node as a product with constant weights; None where it is none."""
        inputs = [name for name in node.input[1:] if name]
        if node.op_type not in LAYERS or node.domain not in ("", "ai.onnx"):
            return None
        if not inputs or node.input[0] in self.constants or not all(name in self.constants for name in inputs):
            return None
        weight, *bias = (self.constants[name] for name in inputs)
        shape = self.shapes.get(node.input[0])
        return Product(node.op_type, _attributes(node), weight, bias[0] if bias else None, shape)

    def added_bias(self, node: NodeProto) -> tuple[NodeProto, str] | None:
        """The node that adds a vector to a product that nothing else uses, and the name of that vector."""
        (output,) = node.output
        if self.users[output] != 1:
            return None
        for other in self.graph.node:
            if other.op_type == "Add" and output in other.input:
                (vector,) = (name for name in other.input if name != output) if len(set(other.input)) > 1 else ("",)
                value = self.constants.get(vector)
                if value is not None and value.shape == self.constants[node.input[1]].shape[-1:]:
                    return other, vector
        return None

    def put(self, node: NodeProto, name: str, added: NodeProto | None) -> None:
        """Turn a node into a layer, which takes the place of the addition of its bias, too."""
        del node.input[1:], node.attribute[:]
        node.op_type, node.domain, node.name = OPERATOR, DOMAIN, name
        if added is not None:
            node.output[0] = added.output[0]
            self.graph.node.remove(added)

    def drop_unused(self) -> None:
        """Take out constants that nothing reads any longer."""
        used = {name for node in self.graph.node for name in _reads(node)} | {out.name for out in self.graph.output}
        for values in (self.graph.initializer, self.graph.input):
            for value in [value for value in values if value.name in self.constants and value.name not in used]:
                values.remove(value)
        for node in [node for node in self.graph.node if node.op_type == "Constant" and node.output[0] not in used]:
            self.graph.node.remove(node)


def _attributes(node: NodeProto) -> dict[str, Any]:
    from onnx import helper

    return {own.name: helper.get_attribute_value(own) for own in node.attribute}


def _reads(node: NodeProto) -> Iterator[str]:
    """Names of the values that a node reads, those of the graphs in its branches included."""
    yield from node.input
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for inner in graph.node:
                yield from _reads(inner)
            yield from (value.name for value in graph.output)


def _constants(graph: GraphProto) -> Iterator[tuple[str, NDArray[Any]]]:
    """Values that do not depend on the inputs of a network."""
    from onnx import numpy_helper

    yield from ((value.name, numpy_helper.to_array(value)) for value in graph.initializer)
    for node in graph.node:
        for attribute in node.attribute:
            if node.op_type == "Constant" and attribute.name == "value":
                yield node.output[0], numpy_helper.to_array(attribute.t)


def _shapes(model: ModelProto) -> Iterator[tuple[str, Shape]]:
    """Shapes of values as far as they are known; sizes that are not are None."""
    import onnx

    try:
        known = onnx.shape_inference.infer_shapes(model).graph
    except Exception:  # too large for it, or operators of others
        known = model.graph
    for value in (*known.input, *known.value_info):
        if value.type.tensor_type.HasField("shape"):
            sizes = value.type.tensor_type.shape.dim
            yield value.name, [size.dim_value if size.HasField("dim_value") else None for size in sizes]


def _name(node: NodeProto, bias: str) -> str:
    """What a layer is called: as its weights are, its bias, or its node.

    Examples:
        >>> from types import SimpleNamespace as Node
        >>> _name(Node(op_type="Conv", name="", input=["x", "layer1.0.conv1.weight"]), "")
        'layer1.0.conv1'
        >>> _name(Node(op_type="MatMul", name="/layer1/layer1.0/fc/MatMul", input=["x", "onnx::MatMul_7"]), "")
        'layer1.0.fc'
    """
    for value in (node.input[1], bias):
        stem, _, kind = value.rpartition(".")
        if stem and kind in ("weight", "bias"):
            return stem
    parts: list[str] = []
    for part in node.name.strip("/").removesuffix(f"/{node.op_type}").split("/"):
        if parts and part.startswith(f"{parts[-1]}."):  # PyTorch's exporter writes /layer1/layer1.0
            parts.pop()
        parts.append(part)
    return ".".join(parts) or node.op_type.lower()


def _unique(name: str, taken: dict[str, nn.Module]) -> str:
    names = (f"{name}_{number}" if number else name for number in range(len(taken) + 1))
    return next(each for each in names if each not in taken)
