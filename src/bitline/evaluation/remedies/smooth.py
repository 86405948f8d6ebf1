"""Outliers of activations moved into the weights, where they cost less."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree

from bitline.data.call import Call
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
    the outputs for any of the calibration inputs change by more than rounding. Queries, keys and values of attention
    may come from different norms.

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
    base = in_single_precision_or_double(model)
    original, network = independent_copy(base), independent_copy(base)
    inputs = Inputs.of(calibration, network)
    change = _Smoothing(network, original, _watched(network, inputs), strength)
    change.apply()
    for call in (inputs.sample, *inputs.calls):
        change.keep_what_computes_the_same(call)
    if not change.norms:
        raise ConversionError(
            f"{type(model).__name__} has no layer norm whose outputs go straight to linear layers or attention, and "
            "nowhere else: there is nothing to smooth"
        )
    return network


@dataclass(frozen=True)
class _User:
    """A matrix that multiplies channels of a layer's input.

    Attributes:
        layer: linear, or attention.
        index: of the input among those of the layer: queries, keys and values of attention.
    """

    layer: nn.Module
    index: int = 0

    @property
    def matrix(self) -> Tensor:
        """(outputs, channels), in the memory of the layer's weights."""
        layer = self.layer
        if not isinstance(layer, nn.MultiheadAttention):
            matrix = layer.weight
        elif layer.in_proj_weight is not None:
            matrix = layer.in_proj_weight.chunk(3)[self.index]
        else:
            matrix = (layer.q_proj_weight, layer.k_proj_weight, layer.v_proj_weight)[self.index]
        assert isinstance(matrix, Tensor)
        return matrix


@dataclass
class _Seen:
    """What was seen of a norm.

    Attributes:
        largest: |output| of every channel.
        users: matrices that multiply its outputs, and nothing else.
    """

    largest: Tensor
    users: list[_User] = field(default_factory=list)


class _Smoothing:
    """Norms that are smoothed, as far as the network computes what it did.

    Args:
        network: changed in place.
        original: the same one, which stays as it is.
        norms: of `network`, and what was seen of them.
        strength: of smoothing.
    """

    def __init__(self, network: nn.Module, original: nn.Module, norms: dict[nn.Module, _Seen], strength: float) -> None:
        self.network, self.original, self.norms, self.strength = network, original, norms, strength
        names = {id(module): name for name, module in network.named_modules()}
        users = {id(user.layer): user.layer for seen in norms.values() for user in seen.users}
        self._as_before = {key: original.get_submodule(names[key]) for key in (*map(id, norms), *users)}

    def apply(self) -> None:
        """Smooth all norms."""
        for norm, seen in self.norms.items():
            _divide(norm, seen, self.strength)

    def keep_what_computes_the_same(self, call: Call) -> None:
        """Undo the norms that change what the network computes from some inputs by more than rounding."""
        wanted = _outputs(self.original, call)
        if _is_same(wanted, _outputs(self.network, call)):
            return
        for norm, seen in self.norms.items():
            self._undo(norm, seen)
        kept = {}
        for norm, seen in self.norms.items():
            _divide(norm, seen, self.strength)
            if _is_same(wanted, _outputs(self.network, call)):
                kept[norm] = seen
            else:
                self._undo(norm, seen)
        self.norms = kept

    def _undo(self, norm: nn.Module, seen: _Seen) -> None:
        before = self._as_before[id(norm)]
        for parameter, value in zip(norm.parameters(recurse=False), before.parameters(recurse=False), strict=True):
            parameter.copy_(value)
        for user in seen.users:
            user.matrix.copy_(_User(self._as_before[id(user.layer)], user.index).matrix)


def _watched(network: nn.Module, inputs: Inputs) -> dict[nn.Module, _Seen]:
    """Norms with a scale for each channel, in the order of the network, and what was seen of them."""
    seen: dict[nn.Module, _Seen] = {}
    made: dict[int, tuple[nn.Module, Tensor]] = {}  # holds the tensors, so that no other gets their identity
    sources: dict[_User, set[nn.Module | None]] = {}

    def note(norm: nn.Module, arguments: Any, output: Tensor) -> None:
        made[id(output)] = norm, output
        largest = output.abs().flatten(0, -2).amax(0)
        known = seen.setdefault(norm, _Seen(largest))
        known.largest = torch.maximum(known.largest, largest)

    def ask(layer: nn.Module, arguments: Any, keywords: Any) -> None:
        for index, value in _taken(layer, arguments, keywords):
            source = made[id(value)][0] if id(value) in made else None
            sources.setdefault(_User(layer, index), set()).add(source)

    norms = [norm for norm in network.modules() if isinstance(norm, NORMS) and _has_channels(norm)]
    with _hooks(network, norms, note, ask):
        for call in inputs.calls:
            made.clear()
            call.on(network)
    for user, norms_of_user in sources.items():
        (source, *others) = norms_of_user
        if source is not None and not others:
            seen[source].users.append(user)
    return {norm: seen[norm] for norm in norms if norm in seen and seen[norm].users}


def _taken(layer: nn.Module, arguments: Any, keywords: Any) -> Iterator[tuple[int, Tensor]]:
    """Inputs of a layer that its matrices multiply, numbered, given by their places or names."""
    names = ("query", "key", "value") if isinstance(layer, nn.MultiheadAttention) else ("input",)
    given = {**dict(zip(names, arguments, strict=False)), **keywords}
    for index, name in enumerate(names):
        if isinstance(given.get(name), Tensor):
            yield index, given[name]


@contextmanager
def _hooks(network: nn.Module, norms: Iterable[nn.Module], note: Any, ask: Any) -> Iterator[None]:
    users = [layer for layer in network.modules() if isinstance(layer, (nn.Linear, nn.MultiheadAttention))]
    with (
        hooked(norm.register_forward_hook(note) for norm in norms),
        hooked(layer.register_forward_pre_hook(ask, with_kwargs=True) for layer in users),
    ):
        yield


def _has_channels(norm: nn.Module) -> bool:
    return isinstance(norm.weight, nn.Parameter) and norm.weight.ndim == 1


def _divide(norm: nn.Module, seen: _Seen, strength: float) -> None:
    """Divide the outputs of a norm channel by channel, in place, and multiply the weights that they meet."""
    weights = torch.stack([user.matrix.abs().amax(0) for user in seen.users]).amax(0)
    factors = seen.largest**strength / weights ** (1 - strength)
    factors = torch.where((seen.largest > 0) & (weights > 0), factors, 1.0)
    for parameter in norm.parameters(recurse=False):
        parameter.div_(factors)
    for user in seen.users:
        user.matrix.mul_(factors)


def _outputs(network: nn.Module, call: Call) -> list[Tensor]:
    leaves = _pytree.tree_leaves(call.on(network))
    return [leaf.clone() for leaf in leaves if isinstance(leaf, Tensor) and leaf.is_floating_point()]


def _is_same(before: list[Tensor], after: list[Tensor]) -> bool:
    return all(_differ_by(old, new) <= TOLERANCE for old, new in zip(before, after, strict=True) if old.numel())


def _differ_by(old: Tensor, new: Tensor) -> float:
    """Largest difference, as a share of the largest output; values that are infinite or NaN in both are the same."""
    alike = (old == new) | (old.isnan() & new.isnan())
    difference = torch.where(alike, 0.0, (old - new).abs()).max()
    scale = torch.where(old.isfinite(), old.abs(), 0.0).max()
    return float(difference / scale) if difference else 0.0
