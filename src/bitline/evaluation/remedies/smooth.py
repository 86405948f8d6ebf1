"""Outliers of activations moved into the weights, where they cost less."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree

from bitline.errors import ConversionError
from bitline.nn import Inputs, independent_copy
from bitline.nn.hooks import hooked
from bitline.nn.precision import in_single_precision_or_double

NORMS = (nn.LayerNorm, nn.RMSNorm)
TOLERANCE = 1e-4
"""Largest change of an output that counts as rounding, as a share of the largest output."""


@torch.no_grad()
def smooth(model: nn.Module, calibration: Any, strength: float = 0.5) -> nn.Module:
    """A network that computes the same, with smaller outliers in the inputs of layers that follow a layer norm.

    A few channels of a transformer's activations are many times larger than the others, and with one range for the
    inputs of a layer they take the resolution of all. Each channel j is divided by

        s_j = max |x_j|^a / max |W_j|^(1 - a)

    in the scale of the norm, and the column of the weights is multiplied by it (SmoothQuant, Xiao et al., ICML 2023,
    arXiv 2211.10438). Nothing is computed while the network runs, and no circuit is added.

    Norms whose outputs go anywhere else, such as around a layer to a sum, stay as they are: every change is undone if
    the outputs for the first calibration inputs change by more than rounding.

    Examples:
        >>> network = nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 2))
        >>> network[0].weight.data[1] = 50.0  # an outlier
        >>> x = torch.randn(32, 4)
        >>> smoothed = smooth(network, x)
        >>> bool(smoothed[0](x).abs().max() < network[0](x).abs().max() / 5)
        True
        >>> torch.allclose(smoothed(x), network(x), rtol=1e-3, atol=1e-3)
        True

    Args:
        model: float network.
        calibration: normalised images or other inputs, as for `convert`.
        strength: a: 0 makes the weights of all channels equally large, 1 the activations.

    Returns:
        A copy, in float32 where weights had fewer bits; the original stays as it is.

    Raises:
        ConversionError: no norm can be smoothed, or `strength` is not between 0 and 1.
        CalibrationError: the calibration inputs cannot be used.
    """
    if not 0 <= strength <= 1:
        raise ConversionError(f"the strength of smoothing is {strength}: use 0 to 1, 0.5 where nothing else is known")
    network = independent_copy(in_single_precision_or_double(model))
    inputs = Inputs.of(calibration, network)
    wanted = _outputs(network, inputs)
    smoothed = 0
    for norm, seen in _watched(network, inputs).items():
        before = [(weight, weight.detach().clone()) for weight in _weights([norm, *seen.users])]
        _divide(norm, seen, strength)
        if _is_same(wanted, _outputs(network, inputs)):
            smoothed += 1
        else:
            for weight, value in before:
                weight.copy_(value)
    if not smoothed:
        raise ConversionError(
            f"{type(model).__name__} has no layer norm whose outputs go to linear layers or to attention alone: there "
            "is nothing to smooth"
        )
    return network


@dataclass
class _Seen:
    """What was seen of a norm.

    Attributes:
        largest: |output| of every channel.
        users: layers that take its outputs, and nothing else.
    """

    largest: Tensor
    users: list[nn.Module] = field(default_factory=list)


def _watched(network: nn.Module, inputs: Inputs) -> dict[nn.Module, _Seen]:
    """Norms with a scale for each channel, in the order of the network, and what was seen of them."""
    seen: dict[nn.Module, _Seen] = {}
    made: dict[int, tuple[nn.Module, Tensor]] = {}  # holds the tensors, so that no other gets their identity
    sources: dict[nn.Module, set[nn.Module | None]] = {}

    def note(norm: nn.Module, arguments: Any, output: Tensor) -> None:
        made[id(output)] = norm, output
        largest = output.abs().flatten(0, -2).amax(0)
        known = seen.setdefault(norm, _Seen(largest))
        known.largest = torch.maximum(known.largest, largest)

    def ask(layer: nn.Module, arguments: Any, keywords: Any) -> None:
        given = [value for value in (*arguments, *keywords.values()) if isinstance(value, Tensor)]
        taken = given[:3] if isinstance(layer, nn.MultiheadAttention) else given[:1]
        for value in taken:
            sources.setdefault(layer, set()).add(made[id(value)][0] if id(value) in made else None)

    norms = [norm for norm in network.modules() if isinstance(norm, NORMS) and _has_channels(norm)]
    with _hooks(network, norms, note, ask):
        for call in inputs.calls:
            made.clear()
            call.on(network)
    for layer, norms_of_layer in sources.items():
        (source, *others) = norms_of_layer
        if source is not None and not others:
            seen[source].users.append(layer)
    return {norm: seen[norm] for norm in norms if norm in seen and seen[norm].users}


@contextmanager
def _hooks(network: nn.Module, norms: Iterable[nn.Module], note: Any, ask: Any) -> Iterator[None]:
    users = [layer for layer in network.modules() if _takes_channels(layer)]
    with (
        hooked(norm.register_forward_hook(note) for norm in norms),
        hooked(layer.register_forward_pre_hook(ask, with_kwargs=True) for layer in users),
    ):
        yield


def _has_channels(norm: nn.Module) -> bool:
    return isinstance(norm.weight, nn.Parameter) and norm.weight.ndim == 1


def _takes_channels(layer: nn.Module) -> bool:
    """Whether a layer's matrices all multiply the same channels."""
    if isinstance(layer, nn.MultiheadAttention):
        return layer.in_proj_weight is not None
    return isinstance(layer, nn.Linear)


def _weights(layers: Iterable[nn.Module]) -> list[nn.Parameter]:
    return [weight for layer in layers for weight in layer.parameters(recurse=False)]


def _matrix(layer: nn.Module) -> Tensor:
    """The weights that multiply what a norm gives, (outputs, channels)."""
    matrix = layer.in_proj_weight if isinstance(layer, nn.MultiheadAttention) else layer.weight
    assert isinstance(matrix, Tensor)
    return matrix


def _divide(norm: nn.Module, seen: _Seen, strength: float) -> None:
    """Divide the outputs of a norm channel by channel, in place, and multiply the weights that they meet."""
    weights = torch.stack([_matrix(layer).abs().amax(0) for layer in seen.users]).amax(0)
    factors = seen.largest**strength / weights ** (1 - strength)
    factors = torch.where((seen.largest > 0) & (weights > 0), factors, 1.0)
    for parameter in norm.parameters(recurse=False):
        parameter.div_(factors)
    for layer in seen.users:
        _matrix(layer).mul_(factors)


def _outputs(network: nn.Module, inputs: Inputs) -> list[Tensor]:
    """Outputs for the first calibration inputs."""
    leaves = _pytree.tree_leaves(inputs.sample.on(network))
    return [leaf.clone() for leaf in leaves if isinstance(leaf, Tensor) and leaf.is_floating_point()]


def _is_same(before: list[Tensor], after: list[Tensor]) -> bool:
    return all(
        float((old - new).abs().max()) <= TOLERANCE * float(old.abs().max())
        for old, new in zip(before, after, strict=True)
        if old.numel()
    )
