"""Batch normalisation folded into the layer before it, so that the arrays hold the product of both."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch import fx, nn

MATRIX_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


@dataclass(frozen=True)
class FoldReport:
    """What was folded.

    Attributes:
        folded: (layer, batch norm) names.
        kept: batch norms that stay digital.
        traced: whether the network's graph was known; otherwise neighbours in registration order were folded.
        message: why the graph was not known, or empty.
    """

    folded: tuple[tuple[str, str], ...]
    kept: tuple[str, ...]
    traced: bool
    message: str = ""


def fold_batch_norm(model: nn.Module) -> FoldReport:
    """Fold batch norms of `model` into the layers before them, in place; the norms become identities.

    W' = gamma W / sqrt(var + eps), b' = gamma (b - mean) / sqrt(var + eps) + beta.

    The graph comes from torch.fx. Where a network cannot be traced, a norm is folded into a layer registered directly
    before it in the same parent, and the report says so.

    Args:
        model: in eval mode.
    """
    modules = dict(model.named_modules())
    message = ""
    try:
        pairs = _pairs_in_graph(fx.symbolic_trace(model), modules)
    except Exception as error:
        message = (
            f"torch.fx cannot trace {type(model).__name__} ({_first_line(error)}): "
            "folded batch norms that directly follow a layer"
        )
        pairs = _pairs_in_order(modules)
    for layer, norm in pairs:
        _fold(modules[layer], modules[norm])
        _replace(model, norm, nn.Identity())
    done = {norm for _, norm in pairs}
    kept = tuple(name for name, module in modules.items() if isinstance(module, NORMS) and name not in done)
    return FoldReport(tuple(pairs), kept, not message, message)


def _pairs_in_graph(graph: fx.GraphModule, modules: dict[str, nn.Module]) -> list[tuple[str, str]]:
    calls = [node for node in graph.graph.nodes if node.op == "call_module"]
    times = {str(node.target): sum(other.target == node.target for other in calls) for node in calls}
    pairs = []
    for node in calls:
        before = node.args[0] if node.args else None
        if not isinstance(before, fx.Node) or before.op != "call_module" or len(before.users) > 1:
            continue
        layer, norm = str(before.target), str(node.target)
        if times[layer] == times[norm] == 1 and _can_fold(modules.get(layer), modules.get(norm)):
            pairs.append((layer, norm))
    return pairs


def _pairs_in_order(modules: dict[str, nn.Module]) -> list[tuple[str, str]]:
    pairs = []
    for parent, module in modules.items():
        children = [(f"{parent}.{name}" if parent else name, child) for name, child in module.named_children()]
        for (name, child), (next_name, next_child) in itertools.pairwise(children):
            if _can_fold(child, next_child):
                pairs.append((name, next_name))
    return pairs


def _can_fold(layer: nn.Module | None, norm: nn.Module | None) -> bool:
    if not isinstance(layer, MATRIX_LAYERS) or not isinstance(norm, NORMS) or norm.running_var is None:
        return False
    outputs = layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels
    return bool(outputs == norm.num_features)


@torch.no_grad()
def _fold(layer: nn.Module, norm: nn.Module) -> None:
    assert isinstance(layer, MATRIX_LAYERS) and isinstance(norm, NORMS)
    assert norm.running_mean is not None and norm.running_var is not None
    gain = (norm.running_var + norm.eps).rsqrt()
    gain = gain if norm.weight is None else gain * norm.weight
    shift = -norm.running_mean * gain + (0 if norm.bias is None else norm.bias)
    layer.weight.mul_(gain.reshape(-1, *[1] * (layer.weight.ndim - 1)))
    layer.bias = nn.Parameter(shift if layer.bias is None else layer.bias * gain + shift)


def _replace(model: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(model.get_submodule(parent), child, module)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__
