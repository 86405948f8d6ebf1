"""Whether a converted network computes what the float network computes: checks that need no list of what can go wrong.

Before conversion the float network runs on a few calibration inputs and is watched (`rehearse`). After conversion, with
its analog layers in floating point, it must give the same outputs and call each layer as often, with and without
gradients, and nobody but a layer itself may compute with its weights (`check`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils import _pytree
from torch.utils._python_dispatch import TorchDispatchMode

from bitline.config.users_code import failure
from bitline.data.call import Call
from bitline.errors import ConversionError
from bitline.nn.composite import CompositeLayer
from bitline.nn.contexts import analog_layers, computing
from bitline.nn.fold import NORMS, Pair, normalises_channels
from bitline.nn.hooks import hooked
from bitline.nn.inputs import first_run
from bitline.nn.layer import AnalogLayer
from bitline.nn.out_of_memory import is_out_of_memory
from bitline.nn.own_layers import agreeing_with_matrix
from bitline.nn.same_outputs import difference, leaves
from bitline.numerics.random_state import keeping_random_state

HARMLESS = frozenset(
    {"embedding", "_embedding_bag", "index_select", "new_zeros", "new_ones", "new_empty", "new_empty_strided"}
    | {"new_full", "zeros_like", "ones_like", "empty_like", "full_like", "rand_like", "randn_like"}
)
"""Operations that pick rows of a matrix, or take its type and shape: no products."""
PRODUCTS = frozenset(
    {"mm", "addmm", "bmm", "baddbmm", "mv", "addmv", "dot", "convolution", "linear", "matmul"}
    | {"_scaled_dot_product_flash_attention", "_scaled_dot_product_flash_attention_for_cpu"}
    | {"_scaled_dot_product_efficient_attention", "_native_multi_head_attention", "_transformer_encoder_layer_fwd"}
    | {"_scaled_dot_product_cudnn_attention", "addbmm", "_addmm_activation", "_int_mm", "_scaled_mm", "_trilinear"}
    | {"_weight_int8pack_mm", "_weight_int4pack_mm", "_weight_int4pack_mm_for_cpu", "mkldnn_rnn_layer", "_cudnn_rnn"}
    | {"quantized_lstm", "quantized_gru"}
)
"""Operations that multiply and add."""
QUANTISED_PRODUCTS = ("linear", "conv", "matmul", "batch_matmul", "quantized_")
"""How names of PyTorch's quantised products begin."""


@dataclass(frozen=True)
class Rehearsal:
    """What a float network did with a few calibration inputs.

    Attributes:
        call: the inputs.
        outputs: of the network, one after the other.
        calls: how often each module ran, by name.
        pairs: layers and the batch norms that normalised their outputs, channel by channel.
    """

    call: Call
    outputs: tuple[Any, ...]
    calls: Mapping[str, int]
    pairs: frozenset[Pair]


@dataclass(frozen=True)
class Check:
    """What a converted network did with the same inputs.

    Attributes:
        difference: why it does not compute the same, or empty.
        digital_products: operations outside of analog layers that multiply and add.
        digital_weights: parameters and constant matrices that they multiply with, by name, and how many weights each
            has.
    """

    difference: str
    digital_products: tuple[str, ...]
    digital_weights: Mapping[str, int] = field(default_factory=dict)


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
    return Rehearsal(call, leaves(outputs), calls, frozenset(once))


def check(network: nn.Module, rehearsal: Rehearsal) -> Check:
    """Compare a converted network, its layers in floating point, with the float network that it was.

    Args:
        network: its layers are analog.
        rehearsal: of the float network.

    Raises:
        ConversionError: a layer is passed over, its weights are read from outside, or its matrix is that of another.
    """
    watch = _Watch(network)
    try:
        with torch.no_grad(), computing(network, watch.compute), _same_randomness(), watch:
            outputs = leaves(rehearsal.call.on(network))
    except ConversionError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        return Check(f"it fails ({failure(error, 200)})", ())
    _refuse_outside_reads(watch)
    _refuse_other_calls(network, rehearsal.calls, watch.calls, _calls_with_gradients(network, rehearsal.call))
    return Check(difference(rehearsal.outputs, outputs), tuple(sorted(watch.products)), watch.weights)


def _refuse_other_calls(
    network: nn.Module, expected: Mapping[str, int], calls: Counter[str], with_gradients: Counter[str] | None
) -> None:
    """Refuse networks that do not call a layer as often as before; a part, where what it is a part of was called."""
    paths = {module: name for name, module in network.named_modules()}
    wholes = {part: whole for whole in paths if isinstance(whole, CompositeLayer) for part in whole.children()}
    for layer in analog_layers(network):
        before = expected.get(paths[wholes.get(layer, layer)], 0)
        for when, counts in (("without", calls), ("with", with_gradients)):
            if "forward" in vars(layer) or counts is None:
                continue
            found = counts[layer.name]
            if bool(found) != bool(before) if layer in wholes else found != before:
                raise ConversionError(
                    f"layer {layer.name!r} runs {before} times in the float network, but its analog form {found} times "
                    f"{when} gradients: something uses its weights without calling it; keep it digital with "
                    f'[[layers]] match = "{layer.name}", digital = true'
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


class _Watch(TorchDispatchMode):
    """Sees every operation: which compute with a layer's weights outside the layer, and which are products."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # PyTorch would import its compiler, which takes seconds, only to keep it from compiling this class.
        return False

    def __init__(self, network: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: Counter[str] = Counter()
        self.outside: dict[str, str] = {}
        self.products: set[str] = set()
        self.inside = 0
        self.owners = {_storage(layer.weight): layer.name for layer in analog_layers(network)}
        self.weights: dict[str, int] = {}
        matrices = ((name, value) for name, value in network.named_buffers() if value.is_floating_point())
        fixed = ((name, value) for name, value in matrices if value.ndim > 1)  # such as a filter bank
        held = (*fixed, *network.named_parameters())
        self.held = {_storage(value): (name, value.numel()) for name, value in held}

    def compute(self, layer: AnalogLayer, inputs: Tensor) -> Tensor:
        """A layer in floating point, noted as called."""
        self.calls[layer.name] += 1
        self.inside += 1
        try:
            return agreeing_with_matrix(layer, inputs, layer.float_forward(inputs))
        finally:
            self.inside -= 1

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if not self.inside:
            name = func.overloadpacket.__name__
            is_product = name in PRODUCTS or (func.namespace == "quantized" and name.startswith(QUANTISED_PRODUCTS))
            if is_product:
                self.products.add(name)
            for value in _pytree.tree_leaves((args, kwargs)):
                if is_product and isinstance(value, Tensor) and value.ndim > 1 and _storage(value) in self.held:
                    self.weights |= [self.held[_storage(value)]]
                owner = self.owners.get(_storage(value)) if isinstance(value, Tensor) else None
                if owner is not None and name not in HARMLESS and not _is_view(result, value):
                    self.outside.setdefault(owner, name)
        return result


def _refuse_outside_reads(watch: _Watch) -> None:
    for layer, operation in watch.outside.items():
        raise ConversionError(
            f"the network computes with the weights of layer {layer!r} outside of it ({operation}), which would stay "
            f'in floating point: call the layer instead, or keep it digital with [[layers]] match = "{layer}", '
            "digital = true"
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
    except Exception:
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


def _storage(tensor: Tensor) -> int:
    """Where a tensor's memory begins; tensors without memory of their own have none."""
    try:
        return tensor.untyped_storage().data_ptr() or id(tensor)
    except (RuntimeError, NotImplementedError):
        return id(tensor)


def _is_view(result: Any, value: Tensor) -> bool:
    return isinstance(result, Tensor) and _storage(result) == _storage(value)
