"""Speed of the chain as ratios to plain PyTorch, measured in one process, with the limits of the machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from bitline.design import Design
from bitline.evaluation.benchmarks import CASES, network_and_inputs
from bitline.evaluation.peak_memory import memory_ratio
from bitline.layer.matrix import explain_plan
from bitline.nn import AnalogLayer, analog_layers, computing, convert

T = TypeVar("T")


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
        samples: of one pass.
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
        ...     samples=64,
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
    samples: int
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
    case: str,
    machine: Machine,
    repeats: int = 15,
    network: str = "cifar-resnet20",
    batch: int = 64,
) -> Timing:
    """Measure one benchmark design.

    Args:
        case: a name in `CASES`.
        machine: what `measure_machine` returned; its device is measured.
        repeats: timed pairs.
        network: a network's name; its weights are random, which does not change the time.
        batch: samples of one pass.

    Examples:
        >>> measure("convert", measure_machine()).ratio  # doctest: +SKIP
        2.3
    """
    meaning, settings = CASES[case]
    plain, samples = network_and_inputs(network, batch, machine.device)
    few = samples[: max(1, batch // 8)]
    analog, calibration_seconds = _timed(lambda: convert(plain, Design().with_settings(settings), few))
    _, first_seconds = _timed(lambda: analog(samples))
    plain(samples)
    pairs = [(_time(lambda: analog(samples)), _time(lambda: plain(samples))) for _ in range(repeats)]
    seconds, plain_seconds = (statistics.median(column) for column in zip(*pairs, strict=True))
    flops, traffic = _work(analog, samples)
    limits = {"flops": flops / machine.flops, "bytes": traffic / machine.bandwidth}
    bound = max(limits, key=lambda name: limits[name])
    return Timing(
        case=case,
        meaning=meaning,
        ratio=statistics.median(analog_time / plain_time for analog_time, plain_time in pairs),
        seconds=seconds,
        plain_seconds=plain_seconds,
        samples=batch,
        setup_seconds=calibration_seconds + max(0.0, first_seconds - seconds),
        flops=flops,
        bytes=traffic,
        limit_seconds=limits[bound],
        bound=bound,
        memory_ratio=memory_ratio(machine.device, network, case, batch, plain, analog, samples),
    )


def plans(case: str, network: str) -> dict[str, str]:
    """How each layer of a network is evaluated on a benchmark design, and why not faster.

    Args:
        case: a name in `CASES`.
        network: a network's name.
    """
    plain, samples = network_and_inputs(network, samples=1)
    analog = convert(plain, Design().with_settings(CASES[case][1]), samples)
    return {layer.name: explain_plan(layer.programmed().plan) for layer in analog_layers(analog)}


def _work(analog: nn.Module, samples: Tensor) -> tuple[float, float]:
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
        analog(samples)
    return totals[0], totals[1]


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
