"""What a network computes outside its arrays, counted while one image runs through it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from bitline.cost.origins import Origins
from bitline.cost.steps import Steps
from bitline.data.call import Call
from bitline.nn import AnalogLayer, analog_layers, computing
from bitline.nn.operations import SeenOperations, name_of
from bitline.nn.products import ATTENTION, product_of
from bitline.nn.windows_seen import share_met, values_fetched


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


ACTIVATIONS = _names(
    "relu hardtanh hardswish hardsigmoid sigmoid tanh silu gelu elu leaky_relu softplus _softmax _log_softmax clamp "
    "clamp_min threshold _prelu_kernel exp _safe_softmax"
)
ADDITIONS = _names("add sub rsub")
SCALINGS = _names(
    "mul div native_batch_norm _native_batch_norm_legit_no_training native_layer_norm cudnn_batch_norm "
    "native_group_norm"
)
POOLINGS = _names(
    "max_pool2d_with_indices avg_pool2d avg_pool1d _adaptive_avg_pool2d adaptive_avg_pool2d mean sum amax max_pool1d "
    "max_pool3d_with_indices avg_pool3d adaptive_max_pool2d max"
)
COUNTED = ("activations", "additions", "scalings", "poolings", "macs", "written")
"""What is counted, by the names of `DigitalWork`."""
PLAIN = (int, float, bool, str, type(None))
"""What outputs may have beside tensors."""
FREE = _names(
    "view _unsafe_view reshape t transpose permute expand squeeze unsqueeze cat stack split split_with_sizes chunk "
    "slice select index clone detach alias copy empty zeros ones full contiguous _to_copy to constant_pad_nd flatten "
    "unbind unsafe_split reflection_pad2d replication_pad2d as_strided new_zeros zeros_like ones_like empty_like "
    "arange index_select _reshape_alias lift_fresh fill dropout native_dropout pad repeat im2col scalar_tensor "
    "masked_fill where embedding new_full new_empty tril triu flip index_put roll"
)
"""Operations that move values or make constants; moving is counted where outputs go to buffers."""


@dataclass(frozen=True)
class DigitalWork:
    """Digital operations of one image outside the analog layers.

    A complex number is two real ones: it takes two additions, and multiplied by another one four multiplications.
    PyTorch computes complex convolutions as three real ones.

    Attributes:
        activations: values of activation functions.
        additions: additions of two feature maps.
        scalings: multiplications by a constant: normalisation that could not be folded, for example.
        poolings: values that go into pooling, whose result is used.
        macs: multiplications with addition, of layers that stay digital and of activations with each other.
        written: results of additions and poolings, which go to a buffer.
        unknown: operations that are not counted, by name.
    """

    activations: float = 0.0
    additions: float = 0.0
    scalings: float = 0.0
    poolings: float = 0.0
    macs: float = 0.0
    written: float = 0.0
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Calls:
    """What one image makes a layer do.

    Attributes:
        products: matrix-vector products of one group of channels, by how many calls of the layer they wait for.
        uses: multiplications of each weight that the layer asks for.
        inputs: values of its inputs.
        fetched: values that windows read, see `values_fetched`.
        met: (kernel positions,), share of the windows in which each meets an input.
        after: analog layers whose outputs its inputs are computed from, without another analog layer between.
    """

    products: Mapping[int, float]
    uses: float
    inputs: float
    fetched: float
    met: np.ndarray = field(repr=False)
    after: frozenset[str] = frozenset()

    @property
    def steps(self) -> Steps:
        """The products in the order that they need each other."""
        return Steps.of(self.products.values())


@torch.no_grad()
def count_work(network: nn.Module, call: Call) -> tuple[dict[str, Calls], DigitalWork]:
    """Run one image through a converted network in floating point and count.

    Args:
        network: with `AnalogLayer`s.
        call: its inputs, of one image.

    Returns:
        What each analog layer does, also those that the image does not reach, and the work outside of them.
    """
    counter = _Counter()
    calls: dict[str, Calls] = {}

    def note(layer: AnalogLayer, inputs: Tensor) -> Tensor:
        counter.use(inputs)
        counter.inside += 1
        met, outputs = share_met(layer, inputs).numpy(), layer.float_forward(inputs)
        counter.inside -= 1
        origin = counter.origins.of_call(inputs)
        earlier = calls.get(layer.name, Calls({}, 0.0, 0.0, 0.0, met))
        before, new = origin.calls.get(layer.name, 0), outputs.numel() / layer.outputs
        calls[layer.name] = Calls(
            {**earlier.products, before: earlier.products.get(before, 0.0) + new},
            earlier.uses + layer.uses(inputs, outputs),
            earlier.inputs + inputs.numel(),
            earlier.fetched + values_fetched(layer, inputs),
            met,
            earlier.after | origin.nearest,
        )
        counter.origins.mark(outputs, origin.after(layer.name))
        return outputs

    with computing(network, note), _nothing_fused(), counter:
        counter.use_outputs(call.on(network))
    for layer in analog_layers(network):  # one sample may not reach all, as experts and branches that it does not take
        calls.setdefault(layer.name, Calls({}, 0.0, 0.0, 0.0, np.ones(layer.product.positions, np.float32)))
    counts = {name: counter.counts[name] / call.samples for name in COUNTED}
    return calls, DigitalWork(**counts, unknown=tuple(sorted(counter.unknown)))


@contextmanager
def _nothing_fused() -> Iterator[None]:
    """Layers that stay digital as single operations, not as those of a library of whole layers."""
    fused, one_dnn = torch.backends.mha.get_fastpath_enabled(), torch._C._get_mkldnn_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    torch._C._set_mkldnn_enabled(False)  # as `torch.backends.mkldnn.flags`, which also warns of other processors
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
        torch._C._set_mkldnn_enabled(one_dnn)


@dataclass
class _Pooled:
    """Values that went into a pooling whose result nothing has used so far, and those that came out of it."""

    values: int
    results: int


class _Counter(SeenOperations):
    """Counts of every kind of operation that PyTorch is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        self.unknown: set[str] = set()
        self.inside = 0
        self.origins = Origins()
        self.unused: dict[int, _Pooled] = {}

    def use(self, values: Any) -> None:
        """Count the poolings whose results these are, in whatever tuples, lists and dictionaries.

        Attention averages its weights over heads, which is no work of a network that does not look at them.
        """
        for value in tree_leaves(values):
            pooled = self.unused.pop(id(value), None)
            if pooled is not None:
                self._use_pooled(pooled)

    def use_outputs(self, outputs: Any) -> None:
        """Count the poolings whose results a network returns: all where it returns what cannot be looked into."""
        self.use(outputs)
        if not all(isinstance(value, (Tensor, *PLAIN)) for value in tree_leaves(outputs)):
            for pooled in list(self.unused.values()):
                self._use_pooled(pooled)

    def _use_pooled(self, pooled: _Pooled) -> None:
        self.counts["poolings"] += pooled.values
        self.counts["written"] += pooled.results
        pooled.values = pooled.results = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if not self.inside:
            if getattr(func, "is_view", False) and id(args[0]) in self.unused:
                self.unused |= {id(value): self.unused[id(args[0])] for value in tree_leaves(result)}
            else:
                self.use((args, kwargs))
            self._count(func, args, result)
            self.origins.follow(func, (args, kwargs), result)
        return result

    def _count(self, operation: Any, args: Any, result: Any) -> None:
        first = result[0] if isinstance(result, (tuple, list)) and result else result
        name = name_of(operation)
        if not isinstance(first, Tensor) or name in FREE or getattr(operation, "is_view", False):
            return
        product = product_of(operation, args)
        if product is not None and product.formula is not None:
            self.counts["macs"] += product.macs(args, first)
            if name.startswith(ATTENTION):
                queries, keys = args[:2]
                self.counts["activations"] += math.prod(queries.shape[:-1]) * keys.shape[-2]
                self.counts["scalings"] += queries.numel()
        elif not (first.is_floating_point() or first.is_complex()):
            return
        elif name in ACTIVATIONS and not first.is_complex():
            self.counts["activations"] += first.numel()
        elif name in ADDITIONS:
            self.counts["additions"] += first.numel() * max(1, _complex(args[:2]))
            self.counts["written"] += first.numel() * 2 ** _complex((first,))
        elif name in SCALINGS:
            self.counts["scalings"] += first.numel() * 2 ** _complex(args[:2])
        elif name in POOLINGS:
            values, numbers = _pooled_values(name, args, first), 2 ** _complex(args[:1])
            self.unused[id(first)] = _Pooled(values * numbers, first.numel() * numbers)
        else:
            self.unknown.add(name)


def _pooled_values(name: str, args: Any, result: Tensor) -> int:
    """Values that go into a pooling: those of its windows, one after the other, or all where it has none."""
    axes = re.search(r"(?<!adaptive)_pool(\d)d", name)
    if axes is None:
        return int(args[0].numel())
    kernel = args[1] if len(args[1]) > 1 else args[1] * int(axes[1])  # one size counts for all axes
    return int(result.numel() * math.prod(kernel))


def _complex(values: tuple[Any, ...]) -> int:
    """How many values are complex, each of which is two real ones."""
    return sum(value.is_complex() if isinstance(value, Tensor) else isinstance(value, complex) for value in values)
