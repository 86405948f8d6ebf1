"""Batch normalisation folded into the layer before it, so that the arrays hold the product of both."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, fx, nn

from bitline.config.messages import first_line
from bitline.nn.tracing import keeping_state

TRANSPOSED: dict[type[nn.Module], int] = {nn.ConvTranspose1d: 1, nn.ConvTranspose2d: 2, nn.ConvTranspose3d: 3}
"""Layers whose weights have the input channels first."""
DIMENSIONS: Mapping[type[nn.Module], int] = {nn.Linear: 0, nn.Conv1d: 1, nn.Conv2d: 2, nn.Conv3d: 3, **TRANSPOSED}
"""Layers that a batch norm can be folded into, with the dimensions of space of a batch of their outputs."""
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)

Pair = tuple[str, str]
"""Names of a layer and of the batch norm that is folded into it."""


@dataclass(frozen=True)
class FoldReport:
    """What was folded.

    Examples:
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.BatchNorm2d(4)).eval()
        >>> fold_batch_norm(network).kept
        ('2',)

    Attributes:
        folded: (layer, batch norm) names.
        kept: batch norms that stay digital.
        message: what a reader should know about the choice, or empty.
    """

    folded: tuple[Pair, ...]
    kept: tuple[str, ...]
    message: str = ""


class FoldedNorm(nn.Identity):
    """What a batch norm becomes once the layer before it does its work."""


def fold_batch_norm(model: nn.Module) -> FoldReport:
    """Fold batch norms of `model` into the layers before them, in place; the norms become identities.

    W' = gamma W / sqrt(var + eps), b' = gamma (b - mean) / sqrt(var + eps) + beta.

    Examples:
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4)).eval()
        >>> fold_batch_norm(network).folded
        (('0', '1'),)

    Args:
        model: in eval mode.
    """
    return fold_pairs(model, *foldable(model))


def foldable(model: nn.Module) -> tuple[list[Pair], str]:
    """Pairs of a layer and a batch norm that can be folded as far as the structure of the network shows.

    The graph comes from torch.fx. Where a network cannot be traced, pairs are a norm and the layer registered directly
    before it in the same parent, and the message says so. Networks without batch norms are not traced.
    """
    modules = dict(model.named_modules())
    if not any(isinstance(module, NORMS) for module in modules.values()):
        return [], ""
    try:
        with keeping_state(model):
            return _pairs_in_graph(fx.symbolic_trace(model), modules), ""
    except Exception as error:
        reason = first_line(error, 120)
        message = (
            f"torch.fx cannot trace {type(model).__name__} ({reason}): folded batch norms that directly follow a layer"
        )
        return _pairs_in_order(modules), message


@torch.no_grad()
def fold_pairs(model: nn.Module, pairs: Sequence[Pair], message: str = "") -> FoldReport:
    """Fold these pairs, in place."""
    modules = dict(model.named_modules())
    for layer, norm in pairs:
        _fold(modules[layer], modules[norm])
    done = {norm for _, norm in pairs}
    kept = tuple(name for name, module in modules.items() if isinstance(module, NORMS) and name not in done)
    return FoldReport(tuple(pairs), kept, message)


@torch.no_grad()
def leave_room(model: nn.Module, held: Collection[str]) -> tuple[Pair, ...]:
    """Make room for the weights of a network whose batch norms were folded, in place.

    Norms that can be folded become identities, and the layers before them have a bias, all or none of them.

    Args:
        model: with its batch norms, in training or not.
        held: names of the weights that there are.

    Returns:
        The pairs of which the norm became an identity; none where the weights are not those of such a network: where
        some of a norm are there, or no bias of its layer.

    Examples:
        >>> network = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4))
        >>> leave_room(network, ["0.weight", "0.bias"]), list(network.state_dict())
        ((('0', '1'),), ['0.weight', '0.bias'])
    """
    modules = dict(model.named_modules())
    modes = {module: module.training for module in modules.values()}
    pairs, _ = foldable(model.eval())
    for module, mode in modes.items():
        module.training = mode
    names = set(held)
    folded = tuple(pair for pair in pairs if not any(name.startswith(f"{pair[1]}.") for name in names))
    room = tuple(f"{norm}." for _, norm in folded)
    others = (name for name in model.state_dict() if not name.startswith(room) and name not in names)
    if any(not name.endswith("num_batches_tracked") for name in others):
        return ()
    if not all(f"{layer}.bias" in names for layer, _ in folded):
        return ()
    for layer, norm in folded:
        weight, outputs = modules[layer].weight, modules[norm].num_features
        assert isinstance(weight, nn.Parameter) and isinstance(outputs, int)
        if modules[layer].bias is None:
            modules[layer].bias = nn.Parameter(weight.new_zeros(outputs), weight.requires_grad)
        _become_identity(modules[norm])
    return folded


def told_of_repeated(message: str, model: nn.Module, calls: Mapping[Pair, int]) -> str:
    """A message with the reason why batch norms stay digital that follow layers which run several times.

    Args:
        message: what there is to say else, or empty.
        model: with its batch norms.
        calls: how often the layer of each pair runs, where that is not once.

    Examples:
        >>> network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)).eval()
        >>> told_of_repeated("", network, {("0", "1"): 2})
        "batch norm '1' stays digital, as layer '0' before it runs 2 times in a pass"
    """
    modules = dict(model.named_modules())
    found = {pair: count for pair, count in calls.items() if _can_fold(*(modules[name] for name in pair))}
    if not found:
        return message
    ((layer, norm), times), more = next(iter(found.items())), len(found) - 1
    others = f", and so do {more} more" if more else ""
    reason = f"batch norm {norm!r} stays digital, as layer {layer!r} before it runs {times} times in a pass{others}"
    return f"{message}; {reason}" if message else reason


def normalises_channels(layer: nn.Module, output_dimensions: int) -> bool:
    """Whether a batch norm of an output with so many dimensions has a scale for each column of the layer's matrix."""
    return DIMENSIONS.get(type(layer), -1) + 2 == output_dimensions


def _pairs_in_graph(graph: fx.GraphModule, modules: dict[str, nn.Module]) -> list[Pair]:
    calls = [node for node in graph.graph.nodes if node.op == "call_module"]
    read = {str(node.target).rpartition(".")[0] for node in graph.graph.nodes if node.op == "get_attr"}
    times: dict[int, int] = {}
    for node in calls:
        module = id(modules.get(str(node.target)))
        times[module] = times.get(module, 0) + 1
    pairs = []
    for node in calls:
        before = node.args[0] if node.args else None
        if not isinstance(before, fx.Node) or before.op != "call_module" or len(before.users) > 1:
            continue
        layer, norm = str(before.target), str(node.target)
        once = times[id(modules.get(layer))] == times[id(modules.get(norm))] == 1
        if once and not {layer, norm} & read and _can_fold(modules.get(layer), modules.get(norm)):
            pairs.append((layer, norm))
    return pairs


def _pairs_in_order(modules: dict[str, nn.Module]) -> list[Pair]:
    pairs = []
    for parent, module in modules.items():
        children = [(f"{parent}.{name}" if parent else name, child) for name, child in module.named_children()]
        for (name, child), (next_name, next_child) in itertools.pairwise(children):
            known = name in modules and next_name in modules
            if known and _can_fold(child, next_child):
                pairs.append((name, next_name))
    return pairs


def _can_fold(layer: nn.Module | None, norm: nn.Module | None) -> bool:
    """Whether the parameters of a norm fit into those of a layer, and nothing of a user's stands between them."""
    if type(layer) not in DIMENSIONS or type(norm) not in NORMS:
        return False
    assert layer is not None and isinstance(norm, NORMS)
    untouched = not any(
        module._forward_hooks or module._forward_pre_hooks or "forward" in vars(module) for module in (layer, norm)
    )
    weight = layer.weight
    plain = isinstance(weight, nn.Parameter) and not norm.training and norm.running_var is not None
    if not isinstance(weight, Tensor):
        return False
    outputs: object = layer.out_channels if type(layer) in TRANSPOSED else len(weight)
    return untouched and plain and outputs == norm.num_features


def _by_output(layer: nn.Module, weight: Tensor, gain: Tensor) -> Tensor:
    """A factor of each output channel as factors of the weights."""
    if type(layer) not in TRANSPOSED:
        return gain.reshape(-1, *[1] * (weight.ndim - 1))
    groups = int(layer.groups)  # type: ignore[arg-type]
    by_group = gain.reshape(groups, -1).repeat_interleave(len(weight) // groups, dim=0)
    return by_group.reshape(*by_group.shape, *[1] * (weight.ndim - 2))


def _fold(layer: nn.Module, norm: nn.Module) -> None:
    assert isinstance(norm, NORMS) and norm.running_mean is not None and norm.running_var is not None
    weight, bias = layer.weight, layer.bias
    assert isinstance(weight, nn.Parameter) and (bias is None or isinstance(bias, nn.Parameter))
    gain = (norm.running_var + norm.eps).rsqrt()
    gain = gain if norm.weight is None else gain * norm.weight
    shift = -norm.running_mean * gain + (0 if norm.bias is None else norm.bias)
    # New parameters: the old ones may be those of another layer, too.
    scaled = weight * _by_output(layer, weight, gain)
    layer.weight = nn.Parameter(scaled.to(weight.dtype), weight.requires_grad)
    layer.bias = nn.Parameter((shift if bias is None else bias * gain + shift).to(weight.dtype), weight.requires_grad)
    _become_identity(norm)


def _become_identity(norm: nn.Module) -> None:
    norm.__class__ = FoldedNorm
    norm._parameters.clear()
    norm._buffers.clear()
