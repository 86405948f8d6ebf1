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
from bitline.errors import BitlineError
from bitline.networks import find_network
from bitline.nn import AnalogLayer, Calibration, computing, conversion_of, convert

T = TypeVar("T")

BATCH = 64
BASE: dict[str, object] = {
    "weights.kind": "differential",
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
    """What a device can do at best, measured now.

    Attributes:
        device: 'cpu' or 'cuda'.
        flops: float32 operations per second, the better of a large matrix product and a large convolution.
        bandwidth: bytes per second of a large copy, reads and writes.

    Examples:
        >>> Machine("cpu", flops=2e11, bandwidth=3e10).device
        'cpu'
    """

    device: str
    flops: float
    bandwidth: float


@dataclass(frozen=True)
class Timing:
    """One design on one network.

    Attributes:
        case, meaning: the design.
        ratio: time of the analog network over time of the plain one, median of pairs.
        seconds, plain_seconds: analog and plain network, medians.
        images: of one pass.
        setup_seconds: conversion with calibration, and programming.
        flops, bytes: least work of the chain.
        limit_seconds: time that this work takes at the device's best rates.
        bound: which of the two takes longer, 'flops' or 'bytes'.
        memory_ratio: growth of peak memory by one pass over that of the plain network.

    Examples:
        >>> timing = Timing(
        ...     case="linear",
        ...     meaning=CASES["linear"][0],
        ...     ratio=1.2,
        ...     seconds=0.06,
        ...     plain_seconds=0.05,
        ...     images=64,
        ...     setup_seconds=0.4,
        ...     flops=5e9,
        ...     bytes=2e8,
        ...     limit_seconds=0.025,
        ...     bound="flops",
        ...     memory_ratio=1.5,
        ... )
        >>> round(timing.limit_seconds / timing.seconds, 2)  # how near it is to the limit
        0.42
    """

    case: str
    meaning: str
    ratio: float
    seconds: float
    plain_seconds: float
    images: int
    setup_seconds: float
    flops: float
    bytes: float
    limit_seconds: float
    bound: str
    memory_ratio: float


def devices() -> tuple[str, ...]:
    """Devices that PyTorch can compute on here: the CPU, and a GPU where there is one.

    Examples:
        >>> devices()[0]
        'cpu'
    """
    return ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)


def measure_machine(device: str = "cpu") -> Machine:
    """Best rates of large products and convolutions, and of a 256 MB copy.

    Args:
        device: one of `devices()`.

    Examples:
        >>> measure_machine("cpu")  # doctest: +SKIP
        Machine(device='cpu', flops=1.1e+11, bandwidth=1.4e+10)
    """

    def random(*shape: int) -> Tensor:
        return torch.randn(shape, device=device)

    size = 2048 if device == "cpu" else 8192
    a, b = random(size, size), random(size, size)
    source, target = random(1 << 26), random(1 << 26)
    product = min(_time(lambda: a @ b) for _ in range(20))
    channels, pixels, batch = 128, 32, 16 if device == "cpu" else 256
    images, kernels = random(batch, channels, pixels, pixels), random(channels, channels, 3, 3)
    convolution = min(_time(lambda: torch.conv2d(images, kernels, padding=1)) for _ in range(20))
    copy = min(_time(lambda: target.copy_(source)) for _ in range(10))
    rates = (2 * size**3 / product, 2 * batch * pixels**2 * channels**2 * 9 / convolution)
    return Machine(device, max(rates), 8 * source.numel() / copy)


@torch.no_grad()
def measure(
    case: str, machine: Machine, repeats: int = 15, network: str = "cifar-resnet20", batch: int = BATCH
) -> Timing:
    """Measure one benchmark design.

    Args:
        case: a name in `CASES`.
        machine: what `measure_machine` returned; its device is measured.
        repeats: timed pairs.
        network: a network's name; its weights are random, which does not change the time.
        batch: images of one pass.

    Examples:
        >>> measure("convert", measure_machine()).ratio  # doctest: +SKIP
        2.3
    """
    meaning, settings = CASES[case]
    plain, images = _network(network, batch, machine.device)
    few = images[: max(1, batch // 8)]
    analog, calibration_seconds = _timed(lambda: convert(plain, Design().with_settings(settings), few))
    _, first_seconds = _timed(lambda: analog(images))
    plain(images)
    pairs = [(_time(lambda: analog(images)), _time(lambda: plain(images))) for _ in range(repeats)]
    seconds, plain_seconds = (statistics.median(column) for column in zip(*pairs, strict=True))
    flops, traffic = _work(analog, images)
    limits = {"flops": flops / machine.flops, "bytes": traffic / machine.bandwidth}
    bound = max(limits, key=lambda name: limits[name])
    return Timing(
        case=case,
        meaning=meaning,
        ratio=statistics.median(analog_time / plain_time for analog_time, plain_time in pairs),
        seconds=seconds,
        plain_seconds=plain_seconds,
        images=batch,
        setup_seconds=calibration_seconds + max(0.0, first_seconds - seconds),
        flops=flops,
        bytes=traffic,
        limit_seconds=limits[bound],
        bound=bound,
        memory_ratio=_memory_ratio(machine.device, network, case, batch, plain, analog, images),
    )


def _network(name: str, batch: int, device: str = "cpu") -> tuple[nn.Module, Tensor]:
    network = find_network(name)
    if network.preprocess.shape is None:
        raise BitlineError(f"network {name!r} takes images of any shape: benchmark one of those that come with bitline")
    torch.manual_seed(0)
    return network.build().eval().to(device), torch.randn(batch, *network.preprocess.shape).to(device)


def _work(analog: nn.Module, images: Tensor) -> tuple[float, float]:
    """Operations and bytes of one forward pass: each input, code, signal and output is written and read once."""
    totals = [0.0, 0.0]

    def note(layer: AnalogLayer, inputs: Tensor) -> Tensor:
        outputs = layer.compute(inputs)
        work = layer.programmed().plan.arithmetic
        totals[0] += 2 * outputs.numel() * layer.product.rows * work.products
        values = inputs.numel() * (1 + 2 * work.input_slices) + outputs.numel() * (1 + 2 * work.conversions)
        totals[1] += 4 * values
        return outputs

    with computing(analog, note):
        analog(images)
    return totals[0], totals[1]


def _memory_ratio(
    device: str, network: str, case: str, batch: int, plain: nn.Module, analog: nn.Module, images: Tensor
) -> float:
    """Growth of peak memory by one forward pass over that of the plain network; NaN where it cannot be known."""
    if device != "cpu":
        return _gpu_memory(analog, images) / _gpu_memory(plain, images)
    if not Path("/proc/self/clear_refs").exists():
        return math.nan
    return _memory(network, case, batch) / max(1, _memory(network, "plain", batch))


def _gpu_memory(model: nn.Module, images: Tensor) -> int:
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    model(images)
    return torch.cuda.max_memory_allocated() - before


def _memory(network: str, case: str, batch: int) -> int:
    """Growth of peak memory by one forward pass, in a process of its own, kilobytes."""
    command = [sys.executable, "-m", "bitline.evaluation.speed", network, case, str(batch)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])


@torch.no_grad()
def _report_memory(network: str, case: str, batch: int) -> None:
    plain, images = _network(network, batch)
    model = plain
    if case != "plain":
        settings = CASES[case][1]
        few = convert(plain, Design().with_settings(settings), images[:1])
        calibration: Calibration = conversion_of(few).calibration
        model = convert(plain, Design().with_settings(settings), calibration)
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
    _synchronise()
    start = time.perf_counter()
    result = action()
    _synchronise()
    return result, time.perf_counter() - start


def _synchronise() -> None:
    """Wait for a GPU, which works on while Python goes ahead."""
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()


if __name__ == "__main__":
    _report_memory(sys.argv[1], sys.argv[2], int(sys.argv[3]))
