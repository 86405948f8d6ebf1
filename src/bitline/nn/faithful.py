"""Whether a converted network computes what the float network computes: checks that need no list of what can go wrong.

Before conversion the float network runs on a few calibration inputs and is watched (`rehearse`). After conversion, with
its analog layers in floating point, it must give the same outputs and call each layer as often, with and without
gradients, and nobody but a layer itself may compute with its weights (`check`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from bitline.config.users_code import failure
from bitline.data.call import Call
from bitline.errors import ConversionError
from bitline.nn.composite import CompositeLayer
from bitline.nn.contexts import analog_layers, computing
from bitline.nn.fold import NORMS, Pair, normalises_channels
from bitline.nn.hooks import hooked
from bitline.nn.inputs import first_run
from bitline.nn.layer import AnalogLayer
from bitline.nn.rules import kept_digital
from bitline.nn.same_outputs import difference, leaves
from bitline.nn.watch import Watch
from bitline.numerics.out_of_memory import is_out_of_memory
from bitline.numerics.random_state import keeping_random_state


@dataclass(frozen=True)
class Rehearsal:
    """What a float network did with a few calibration inputs.

    Attributes:
        call: the inputs.
        outputs: of the network, one after the other.
        calls: how often each module ran, by name.
        pairs: layers and the batch norms that normalised their outputs, channel by channel, each once.
        repeated: those whose layer ran more often, and how often.
    """

    call: Call
    outputs: tuple[Any, ...]
    calls: Mapping[str, int]
    pairs: frozenset[Pair]
    repeated: Mapping[Pair, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """What a converted network did with the same inputs.

    Attributes:
        difference: why it does not compute the same, or empty.
        digital_products: operations outside of analog layers that multiply and add.
        digital_weights: parameters and constant matrices that they multiply with, by name, and how many weights each
            has.
        outside: layers whose weights somebody else computes with, and how; nothing more is known of the network then.
    """

    difference: str
    digital_products: tuple[str, ...]
    digital_weights: Mapping[str, int] = field(default_factory=dict)
    outside: Mapping[str, str] = field(default_factory=dict)


@torch.no_grad()
def rehearse(network: nn.Module, call: Call) -> Rehearsal:
    """Run a float network and watch it.

    Raises:
        CalibrationError: the network cannot take the inputs.
    """
    calls: Counter[str] = Counter()
    made: dict[int, tuple[str, Tensor]] = {}  # holds the tensors, so that no other gets their identity
    pairs: list[Pair] = []
    names = {module: name for name, module in network.named_modules()}

    def look(module: nn.Module, arguments: tuple[Any, ...], keywords: dict[str, Any], output: Any) -> None:
        calls[names[module]] += 1
        given = next((value for value in (*arguments, *keywords.values()) if isinstance(value, Tensor)), None)
        if isinstance(module, NORMS) and given is not None and id(given) in made:
            layer = made[id(given)][0]
            if normalises_channels(network.get_submodule(layer), given.ndim):
                pairs.append((layer, names[module]))
        if isinstance(output, Tensor):
            made[id(output)] = names[module], output

    looking = hooked(module.register_forward_hook(look, with_kwargs=True) for module in network.modules())
    with looking, _same_randomness():
        outputs = first_run(call, network)
    once = {pair for pair in pairs if calls[pair[0]] == calls[pair[1]] == 1}
    repeated = {pair: calls[pair[0]] for pair in pairs if calls[pair[0]] > 1}
    return Rehearsal(call, leaves(outputs), calls, frozenset(once), repeated)


def check(network: nn.Module, rehearsal: Rehearsal) -> Check:
    """Compare a converted network, its layers in floating point, with the float network that it was.

    Args:
        network: its layers are analog.
        rehearsal: of the float network.

    Raises:
        ConversionError: a layer is passed over, or its matrix is that of another.
    """
    watch = Watch(network)
    try:
        with torch.no_grad(), computing(network, watch.compute), _same_randomness(), watch:
            outputs = leaves(rehearsal.call.on(network))
    except ConversionError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        return Check(f"it fails ({failure(error, 200)})", ())
    if watch.outside:
        return Check("", (), outside=watch.outside)
    _refuse_other_calls(network, rehearsal.calls, watch.calls, _calls_with_gradients(network, rehearsal.call))
    return Check(difference(rehearsal.outputs, outputs), tuple(sorted(watch.products)), watch.weights)


def _refuse_other_calls(
    network: nn.Module, expected: Mapping[str, int], calls: Counter[str], with_gradients: Counter[str] | None
) -> None:
    """Refuse networks that do not call a layer as often as before; a part, where what it is a part of was called."""
    paths = {module: name for name, module in network.named_modules()}
    wholes = {part: whole for whole in paths if isinstance(whole, CompositeLayer) for part in whole.children()}
    other: dict[str, str] = {}
    for layer in analog_layers(network):
        before = expected.get(paths[wholes.get(layer, layer)], 0)
        for when, counts in (("without", calls), ("with", with_gradients)):
            if "forward" in vars(layer) or counts is None:
                continue
            found = counts[layer.name]
            if bool(found) != bool(before) if layer in wholes else found != before:
                what = f"{before} times in the float network, but its analog form {found} times {when} gradients"
                other.setdefault(layer.name, what)
    if other:
        (name, what), *more = other.items()
        likewise = f", and that of {len(more)} more other times, too, among them {more[-1][0]!r}" if more else ""
        raise ConversionError(
            f"layer {name!r} runs {what}{likewise}: something uses its weights without calling it; "
            f"{kept_digital(other, calls)}"
        )


def first_difference(
    float_network: nn.Module, network: nn.Module, rehearsal: Rehearsal, folded: tuple[Pair, ...]
) -> str:
    """Name of the first module whose output differs; the network's own type where none does alone."""
    changed = {layer for layer, _ in folded}
    with _recorded(float_network) as expected, torch.no_grad(), _same_randomness():
        rehearsal.call.on(float_network)

    def plain(layer: AnalogLayer, inputs: Tensor) -> Tensor:
        return layer.float_forward(inputs)

    with _recorded(network) as got, computing(network, plain), torch.no_grad(), _same_randomness(), suppress(Exception):
        rehearsal.call.on(network)
    for key, outputs in expected.items():
        if key[0] not in changed and (key not in got or difference(outputs, got[key])):
            return key[0] or type(network).__name__
    return type(network).__name__


@torch.no_grad()
def is_repeatable(network: nn.Module, call: Call) -> bool:
    """Whether a float network gives the same outputs for the same inputs again.

    Examples:
        >>> is_repeatable(nn.Linear(2, 2), Call((torch.ones(1, 2),), {}))
        True
    """
    with _same_randomness():
        first = leaves(call.on(network))
    with _same_randomness():
        return not difference(first, leaves(call.on(network)))


def outside_reads(outside: Mapping[str, str], others: Collection[str]) -> ConversionError:
    """The error for a network that computes with the weights of layers without calling them.

    Args:
        outside: the layers, and how it does so.
        others: names of all layers on arrays.
    """
    (layer, operation), *more = outside.items()
    likewise = f", and likewise with those of {len(more)} more, among them {more[-1][0]!r}" if more else ""
    call = "call the layers" if more else "call the layer"
    return ConversionError(
        f"the network computes with the weights of layer {layer!r} outside of it ({operation}), which would stay "
        f"in floating point{likewise}: {call} instead, or {kept_digital(outside, others)}"
    )


def _calls_with_gradients(network: nn.Module, call: Call) -> Counter[str] | None:
    """How often each layer runs while gradients are recorded, None where the network cannot do that."""
    calls: Counter[str] = Counter()

    def count(layer: AnalogLayer, inputs: Tensor) -> Tensor:
        calls[layer.name] += 1
        return layer.float_forward(inputs)

    nothing_saved = saved_tensors_hooks(lambda tensor: None, lambda nothing: nothing)  # nobody asks for the gradients
    try:
        with torch.enable_grad(), nothing_saved, computing(network, count), _same_randomness():
            call.on(network)
    except Exception as error:
        if is_out_of_memory(error):
            raise
        return None
    return calls


@contextmanager
def _recorded(network: nn.Module) -> Iterator[dict[tuple[str, int], tuple[Any, ...]]]:
    """Outputs of every call of every module, in the order of their ends."""
    record: dict[tuple[str, int], tuple[Any, ...]] = {}
    times: Counter[str] = Counter()
    names = {module: name for name, module in network.named_modules()}

    def note(module: nn.Module, inputs: Any, output: Any) -> None:
        name = names[module]
        record[name, times[name]] = leaves(output)
        times[name] += 1

    with hooked(module.register_forward_hook(note) for module in names):
        yield record


@contextmanager
def _same_randomness() -> Iterator[None]:
    """Every run draws the same random numbers, and leaves the user's generator as it was."""
    with keeping_random_state():
        torch.manual_seed(0)
        yield
