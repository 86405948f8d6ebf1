"""Speed of the chain as ratios to plain PyTorch, measured in one process, with the limits of the machine."""

from __future__ import annotations

import ctypes
import gc
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from bitline.design import Design
from bitline.networks import find_network
from bitline.nn import AnalogLayer, Calibration, analog_layers, conversion_of, convert

T = TypeVar("T")

BATCH = 64
BASE: dict[str, object] = {
    "weights.mapping": "differential",
    "cell.device": {"kind": "state-proportional", "alpha": 0.02},
}

CASES: dict[str, tuple[str, dict[str, object]]] = {
    "linear": ("cell errors only, no ADC", {**BASE, "adc": "none"}),
    "convert": ("unsliced differential, analog accumulation, 8-bit ADC", BASE),
    "read-noise": (
        "the same, with read noise drawn for every output",
        {**BASE, "cell.read_noise": {"kind": "state-proportional", "alpha": 0.02}},
    ),
    "wires": (
        "gate-driven bit lines with wire resistance in all layers, an 8-bit conversion after all input bits",
        {**BASE, "array": {"kind": "gate-driven", "bit_line": {"segment": 1e-5}}},
    ),
    "bit-serial": (
        "unsliced differential, an 8-bit conversion per input bit",
        {**BASE, "inputs.accumulation": "digital"},
    ),
    "sliced": (
        "four weight slices, an 8-bit conversion per input bit",
        {**BASE, "weights.bits": 9, "weights.bits_per_cell": 2, "inputs.accumulation": "digital"},
    ),
}
"""Name, meaning and settings of each benchmark design."""


@dataclass(frozen=True)
class Machine:
    """What the machine can do at best, measured now.

    Attributes:
        flops: float32 operations per second, the better of a large matrix product and a large convolution.
        bandwidth: bytes per second of a large copy, reads and writes.
    """

    flops: float
    bandwidth: float


@dataclass(frozen=True)
class Measurement:
    """One design on one network.

    Attributes:
        case, meaning: the design.
        ratio: time of the analog network over time of the plain one, median of pairs.
        seconds: analog network, median.
        setup_seconds: conversion with calibration, and programming.
        flops, bytes: least work of the chain.
        limit_seconds: time that this work takes at the machine's best rates.
        memory_ratio: growth of peak memory by one pass over that of the plain network.
    """

    case: str
    meaning: str
    ratio: float
    seconds: float
    setup_seconds: float
    flops: float
    bytes: float
    limit_seconds: float
    memory_ratio: float


def measure_machine() -> Machine:
    """Best rates of large products and convolutions, and of a 256 MB copy."""
    size = 2048
    a, b = torch.randn(size, size), torch.randn(size, size)
    source, target = torch.randn(1 << 26), torch.empty(1 << 26)
    product = min(_time(lambda: a @ b) for _ in range(20))
    channels, pixels, batch = 128, 32, 16
    images, kernels = torch.randn(batch, channels, pixels, pixels), torch.randn(channels, channels, 3, 3)
    convolution = min(_time(lambda: torch.conv2d(images, kernels, padding=1)) for _ in range(20))
    copy = min(_time(lambda: target.copy_(source)) for _ in range(10))
    rates = (2 * size**3 / product, 2 * batch * pixels**2 * channels**2 * 9 / convolution)
    return Machine(max(rates), 8 * source.numel() / copy)


@torch.no_grad()
def measure(case: str, machine: Machine, repeats: int = 15, network: str = "cifar-resnet20") -> Measurement:
    """Measure one benchmark design.

    Args:
        case: a name in `CASES`.
        machine: what `measure_machine` returned.
        repeats: timed pairs.
        network: a network's name; its weights are random, which does not change the time.
    """
    meaning, settings = CASES[case]
    plain, images = _network(network)
    analog, calibration_seconds = _timed(lambda: convert(plain, Design().changed(settings), images))
    _, first_seconds = _timed(lambda: analog(images))
    plain(images)
    pairs = [(_time(lambda: analog(images)), _time(lambda: plain(images))) for _ in range(repeats)]
    seconds = statistics.median(pair[0] for pair in pairs)
    flops, traffic = _work(analog, images)
    return Measurement(
        case=case,
        meaning=meaning,
        ratio=statistics.median(one / other for one, other in pairs),
        seconds=seconds,
        setup_seconds=calibration_seconds + max(0.0, first_seconds - seconds),
        flops=flops,
        bytes=traffic,
        limit_seconds=max(flops / machine.flops, traffic / machine.bandwidth),
        memory_ratio=_memory(network, case) / _memory(network, "plain"),
    )


def _network(name: str) -> tuple[nn.Module, Tensor]:
    network = find_network(name)
    assert network.preprocess.shape is not None
    torch.manual_seed(0)
    return network.build().eval(), torch.randn(BATCH, *network.preprocess.shape)


def _work(analog: nn.Module, images: Tensor) -> tuple[float, float]:
    """Operations and bytes of one forward pass: each input, code, signal and output is written and read once."""
    totals = [0.0, 0.0]

    def hook(module: nn.Module, arguments: tuple[Tensor, ...], output: Tensor) -> None:
        assert isinstance(module, AnalogLayer)
        work = module.programmed().plan.work
        totals[0] += 2 * output.numel() * module.product.rows * work.products
        values = arguments[0].numel() * (1 + 2 * work.input_slices) + output.numel() * (1 + 2 * work.conversions)
        totals[1] += 4 * values

    handles = [layer.register_forward_hook(hook) for layer in analog_layers(analog)]
    analog(images)
    for handle in handles:
        handle.remove()
    return totals[0], totals[1]


def _memory(network: str, case: str) -> float:
    """Growth of peak memory by one forward pass, in a process of its own, kilobytes; NaN where Linux's /proc is not."""
    if not Path("/proc/self/clear_refs").exists():
        return math.nan
    command = [sys.executable, "-m", "bitline.bench", network, case]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])


@torch.no_grad()
def _report_memory(network: str, case: str) -> None:
    plain, images = _network(network)
    model = plain
    if case != "plain":
        settings = CASES[case][1]
        few = convert(plain, Design().changed(settings), images[:1])
        calibration: Calibration = conversion_of(few).calibration
        model = convert(plain, Design().changed(settings), calibration)
    model(images[:1])
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
    before = _peak_kilobytes()
    model(images)
    print(_peak_kilobytes() - before)


def _peak_kilobytes() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def _time(action: Callable[[], object]) -> float:
    return _timed(action)[1]


def _timed(action: Callable[[], T]) -> tuple[T, float]:
    start = time.perf_counter()
    result = action()
    return result, time.perf_counter() - start


if __name__ == "__main__":
    _report_memory(sys.argv[1], sys.argv[2])
