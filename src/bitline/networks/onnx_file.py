"""Networks in ONNX files, read with onnx2fx."""

from __future__ import annotations

from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import fx, nn

from bitline.config.messages import first_line
from bitline.data.preprocess import UNIT
from bitline.errors import NetworkError
from bitline.networks.network import Network
from bitline.networks.onnx_graph import DOMAIN, OPERATOR, put_layers
from bitline.networks.onnx_operators import put_operators
from bitline.numerics.digest import content_digest
from bitline.numerics.text import listed

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

INSTALL = "pip install 'bitline[onnx]'"
SHOWN = 5
"""Operators that a message names."""


@dataclass(frozen=True)
class _Layers:
    """Layers of the file that is read.

    Attributes:
        of_node: by the names of their nodes.
        registered: names of those that are in the network already.
    """

    of_node: dict[str, nn.Module]
    registered: dict[nn.Module, str] = field(default_factory=dict)


_layers: ContextVar[_Layers] = ContextVar("_layers")


class OnnxNetwork(fx.GraphModule):
    """A network from an ONNX file; copies for other processes are made from its content, with the present weights."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self.meta["onnx"], self.state_dict())


def is_onnx_network(name: str) -> bool:
    """Whether a name is that of an ONNX file.

    Examples:
        >>> is_onnx_network("nets/mobilenet.onnx"), is_onnx_network("resnet50")
        (True, False)
    """
    return Path(name).suffix.lower() == ".onnx"


def onnx_network(path: str | Path) -> Network:
    """The network in an ONNX file, which takes pixels from 0 to 1 where it is shown pictures; see `read_onnx`.

    For pixels of another scale, write a function that returns `Network(name, partial(read_onnx, path), Preprocess(...),
    is_whole=True)`.

    Args:
        path: of the file.

    Raises:
        NetworkError: there is no such file.

    Examples:
        >>> onnx_network("absent.onnx")
        Traceback (most recent call last):
        bitline.errors.NetworkError: cannot read absent.onnx: there is no such file
    """
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise NetworkError(f"cannot read {path}: there is no such file") from None
    except (OSError, ValueError) as error:
        raise NetworkError(f"cannot read {path}: {first_line(error)}") from None
    return Network(str(path), partial(read_onnx, path), UNIT, is_whole=True, digest=content_digest(content))


def read_onnx(path: str | Path) -> nn.Module:
    """The network in an ONNX file, in eval mode; its layers with weights are those of `torch.nn`.

    Convolutions, transposed convolutions and products with a constant matrix become layers, which are named after their
    weights; a constant that is added to a product becomes its bias, and a layer that a network uses twice stays one
    layer. Everything else is computed as the file says: recurrent nodes too, whose weights then stay digital, which
    `convert` tells.

    Args:
        path: of the file; weights that lie in files of their own are read from its folder.

    Raises:
        NetworkError: onnx or onnx2fx is not installed, the file cannot be read, has operators that onnx2fx does not
            know, or weights in integers, or the network takes one number of samples only.

    Examples:
        >>> read_onnx("absent.onnx")
        Traceback (most recent call last):
        bitline.errors.NetworkError: cannot read absent.onnx: there is no such file
    """
    path = Path(path)
    if not path.is_file():
        raise NetworkError(f"cannot read {path}: there is no such file")
    try:
        import onnx
        import onnx2fx  # noqa: F401
    except ImportError as error:
        raise NetworkError(f"{path} is read with onnx and onnx2fx ({first_line(error)}): {INSTALL}") from None
    try:
        model = onnx.load(str(path))
    except Exception as error:  # whatever a damaged file makes it raise
        raise NetworkError(f"cannot read {path}: {first_line(error)}") from None
    _check_operators(model, path)
    try:
        network = _network(model.SerializeToString())
    except Exception as error:  # whatever a file that contradicts itself makes onnx2fx raise
        raise NetworkError(f"cannot build the network in {path}: {first_line(error)}") from None
    _check_batches(network, model, path)
    return network


def _check_operators(model: ModelProto, path: Path) -> None:
    """Refuse what cannot be computed, and integer arithmetic of the file's own.

    Raises:
        NetworkError: with the names of such operators.
    """
    from onnx2fx import analyze_model

    unknown = {(kind, domain) for kind, domain, _ in analyze_model(model).unsupported_ops}
    integer = ("QLinear", "Integer", "QuantizeLinear")
    found = Counter(node.op_type for node in model.graph.node if (node.op_type, node.domain) in unknown)
    if found:
        raise NetworkError(f"{path} has operators that onnx2fx does not know: {_listed(found)}; export it without them")
    found = Counter(node.op_type for node in model.graph.node if any(word in node.op_type for word in integer))
    if found:
        raise NetworkError(
            f"{path} is quantised already ({_listed(found)}): give the network in floating point, bits in the design"
        )


@torch.no_grad()
def _check_batches(network: nn.Module, model: ModelProto, path: Path) -> None:
    """Try two samples at once where the file names the number of samples.

    Raises:
        NetworkError: the network takes that number of samples only.
    """
    from onnx import helper

    constants = {value.name for value in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in constants]
    shapes = [[size.dim_value for size in value.type.tensor_type.shape.dim] for value in inputs]
    if not shapes or not all(all(shape) and shape for shape in shapes):
        return  # some sizes are free
    kinds = [helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type) for value in inputs]
    draws = np.random.default_rng(0)
    twice = [
        torch.from_numpy(draws.random((2, *shape[1:])).astype(kind)) for shape, kind in zip(shapes, kinds, strict=True)
    ]
    try:
        both, first = (_first_output(network(*(each[:count] for each in twice))) for count in (2, 1))
        if len(both) == 2 and torch.allclose(both[:1], first, rtol=1e-3, atol=1e-4):
            return
    except Exception:  # whatever nodes that know the number of samples raise
        pass
    count = shapes[0][0]
    raise NetworkError(
        f"the network in {path} takes {count} sample{'s' * (count != 1)} at once and no other number: export it with a "
        "free first axis (dynamic_shapes or dynamic_axes of torch.onnx.export)"
    )


def _first_output(outputs: Any) -> torch.Tensor:
    found = outputs[0] if isinstance(outputs, (tuple, list)) else outputs
    assert isinstance(found, torch.Tensor)
    return found


def _listed(found: Counter[str]) -> str:
    named = [f"{kind} ({count} times)" if count > 1 else kind for kind, count in found.most_common()]
    return listed(named, SHOWN)


def _rebuilt(content: bytes, weights: dict[str, Any]) -> nn.Module:
    network = _network(content)
    network.load_state_dict(weights)
    return network


def _network(content: bytes) -> OnnxNetwork:
    """The network that a serialised model describes."""
    import onnx
    from onnx2fx import convert, register_op

    register_op(OPERATOR, _call_layer, domain=DOMAIN)
    model = onnx.load_from_string(content)
    token = _layers.set(_Layers(put_layers(model)))
    put_operators(model)
    try:
        graph = convert(model)
    finally:
        _layers.reset(token)
    network = OnnxNetwork(graph, graph.graph)
    network.meta["onnx"] = content
    return network.float().eval()


def _call_layer(builder: Any, node: NodeProto) -> fx.Node:
    """How onnx2fx puts a layer into its graph, each once."""
    layers = _layers.get()
    layer = layers.of_node[node.name]
    if layer not in layers.registered:
        layers.registered[layer] = builder.register_submodule(node.name, layer)
    called: fx.Node = builder.call_module(layers.registered[layer], args=(builder.get_value(node.input[0]),))
    return called
