"""Memory of one layer on every preset design, or of a whole network.

    python benchmarks/memory.py             # about a minute
    python benchmarks/memory.py smollm2     # a network of `bitline bench`, with random weights; on Linux

The layer is a convolution of 256 channels with 3 x 3 kernels, as most weights of a ResNet have. Measured is what its
plan keeps after batches of two sizes, beside what it cannot do without: for every reading, slice and weight a piece of
8 bits or several, or a number in float32, and the same for the variance of its noise. oneDNN wants pieces packed, and
where arrays split the rows of kernels they are kept beside, too. What is packed is counted by the size of its pieces.
"""

from __future__ import annotations

import gc
import sys
import time
import types
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bitline import Design, presets
from bitline.arrays import ConvolutionProduct
from bitline.arrays.integer.onednn import OnednnMultiply
from bitline.evaluation.benchmarks import network_and_inputs
from bitline.layer.chip import Chip
from bitline.layer.encoded import EncodedLayer
from bitline.layer.integer_plans import IntegerPlan
from bitline.layer.matrix import ProgrammedLayer, calibrate_layer
from bitline.nn import convert

LEFT_OUT = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType)
"""What leads to everything else."""
CHANNELS = 256
IMAGES = torch.rand(3, CHANNELS, 8, 8, generator=torch.Generator().manual_seed(0))
WEIGHT = 0.02 * torch.randn(CHANNELS, CHANNELS * 9, generator=torch.Generator().manual_seed(1))


def main() -> None:
    """Print the table, or the memory of a network."""
    warnings.simplefilter("ignore")
    if sys.argv[1:]:
        network_memory(sys.argv[1])
        return
    print("| design | products of | bytes a weight needed | kept | kept / needed |")
    print("| --- | --- | --- | --- | --- |")
    for name in presets():
        print(f"| {name} | {' | '.join(_row(Design.load(name)))} |")


@torch.no_grad()
def network_memory(name: str) -> None:
    """Print what a process holds, and held at most, after each step from a float network to two sizes of batches."""
    _say("Python, PyTorch and bitline")
    network, inputs = network_and_inputs(name, 2)
    _say("the float network")
    analog = convert(network, Design.load("differential"), inputs[:1])
    _say("converted on one sample")
    analog(inputs[:1])
    _say("one sample computed, the first on this chip")
    analog(inputs)
    _say("two samples at once")


def _say(what: str) -> None:
    status = Path("/proc/self/status").read_text()
    held, peak = (int(status.split(f"{name}:")[1].split()[0]) / 2**20 for name in ("VmRSS", "VmHWM"))
    print(f"{what}: {held:.2f} GiB, at most {peak:.2f} GiB, {time.process_time():.0f} s of one core", flush=True)


def _row(design: Design) -> list[str]:
    product = ConvolutionProduct(CHANNELS, (3, 3), padding=(1, 1))
    encoded = EncodedLayer.of(WEIGHT, None, design.model_copy(update={"layers": ()}), product, "layer")
    layer = ProgrammedLayer(encoded, calibrate_layer(encoded, IMAGES[:1]), Chip())
    layer.multiply(IMAGES[:2])
    layer.multiply(IMAGES[:1])
    kept = (_bytes(layer.plan) + _packed(layer.plan)) / WEIGHT.numel()
    needed = _needed(layer.plan)
    kind = "whole numbers" if isinstance(layer.plan, IntegerPlan) else "float32"
    return [kind, f"{needed}", f"{kept:.1f}", f"{kept / needed:.1f}"]


def _needed(plan: Any) -> int:
    """Bytes of what is multiplied with one weight's inputs."""
    weights = plan.arrays.design.weights
    lines = len(weights.readings) * weights.slices if plan.arrays.design.adc.converts else 1
    noise = getattr(plan, "noise", None)
    if isinstance(plan, IntegerPlan):
        products = [plan.product, *([noise._product] if noise is not None and noise._tables else [])]
        return lines * sum(len(product._pieces) for product in products)
    return lines * 4 * (2 if plan.signals.noise is not None else 1)


def _packed(plan: Any) -> int:
    """Bytes of pieces that are packed for batches."""
    found = [value for value in _reachable(plan) if isinstance(value, OnednnMultiply)]
    return sum(weights.numel() for multiply in found for packed in multiply._packed.values() for weights in packed)


def _bytes(thing: Any) -> int:
    """Bytes of all tensors that something refers to."""
    tensors = {
        value.data_ptr(): value for value in _reachable(thing) if isinstance(value, Tensor) and not value.is_mkldnn
    }
    return sum(tensor.untyped_storage().nbytes() for tensor in tensors.values())


def _reachable(thing: Any) -> list[Any]:
    """Everything that an object refers to, directly or not, apart from classes, modules and functions."""
    found: dict[int, Any] = {}
    waiting = [thing]
    while waiting:
        value = waiting.pop()
        if id(value) in found or isinstance(value, LEFT_OUT):
            continue
        found[id(value)] = value
        if not isinstance(value, Tensor):
            waiting.extend(gc.get_referents(value))
    return list(found.values())


if __name__ == "__main__":
    main()
