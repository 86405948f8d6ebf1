"""Normal random numbers for reads, each a function of what it is for.

Read noise is new for every read, so there are far too many numbers to draw one cell at a time or in one stream. The
noise of a bit line is a sum of independent normal numbers, hence normal itself: it is drawn once for each signal from
its exact variance. Signal `i` of sample `s` gets a number that depends on (key, s, i) only, so that results do not
depend on how samples are cut into batches or chunks. The generator is splitmix64 (Steele, Lea and Flood, "Fast
splittable pseudorandom number generators", OOPSLA 2014) used as a counter-based one, then the Box-Muller transform.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

GAMMA = 0x9E3779B97F4A7C15
MIX_1 = 0xBF58476D1CE4E5B9
MIX_2 = 0x94D049BB133111EB


def add_read_noise(signals: Tensor, variance: Tensor, key: int, samples: Tensor) -> Tensor:
    """Add normal noise to signals, in place.

    Args:
        signals: (samples, signals of a sample), contiguous, float32 or float64.
        variance: variance of every signal's noise, same shape; its values may be overwritten.
        key: number of the stream of random numbers, 0 .. 2^63 - 1.
        samples: number of each sample, (samples,) int64.

    Returns:
        `signals`.

    Examples:
        The noise of a sample depends on its number, not on the batch that it comes in:

        >>> batch = add_read_noise(torch.zeros(3, 2), torch.ones(3, 2), key=7, samples=torch.tensor([4, 5, 6]))
        >>> alone = add_read_noise(torch.zeros(1, 2), torch.ones(1, 2), key=7, samples=torch.tensor([5]))
        >>> bool((batch[1] == alone[0]).all())
        True
    """
    if signals.device.type == "cpu" and signals.dtype == torch.float32:
        from bitline.numerics._read_noise_numba import add_read_noise_float32

        add_read_noise_float32(signals.numpy(), variance.numpy(), key, samples.numpy())
        return signals
    return signals.add_(variance.clamp(min=0).sqrt_().mul_(standard_normal(key, samples, signals.shape[1]).to(signals)))


def standard_normal(key: int, samples: Tensor, count: int) -> Tensor:
    """The numbers that `add_read_noise` uses, (samples, count), float64: the readable version, on any device.

    Examples:
        >>> numbers = standard_normal(key=7, samples=torch.arange(1000), count=10)
        >>> round(float(numbers.mean()), 1), round(float(numbers.std()), 1)
        (0.0, 1.0)
    """
    pairs = torch.arange((count + 1) // 2, device=samples.device)
    start = _mix(_signed(key) + samples.long() * _signed(GAMMA))
    bits = _mix(start[:, None] + (pairs + 1) * _signed(GAMMA))
    first = (_shift(bits, 32).double() + 0.5) * 2.0**-32
    second = (bits & 0xFFFFFFFF).double() * 2.0**-32
    radius = (-2 * first.log()).sqrt()
    angle = 2 * math.pi * second
    both = torch.stack((radius * angle.cos(), radius * angle.sin()), dim=2)
    return both.flatten(1)[:, :count]


def _mix(z: Tensor) -> Tensor:
    z = (z ^ _shift(z, 30)) * _signed(MIX_1)
    z = (z ^ _shift(z, 27)) * _signed(MIX_2)
    return z ^ _shift(z, 31)


def _shift(z: Tensor, bits: int) -> Tensor:
    """Logical right shift of int64."""
    return (z >> bits) & ((1 << (64 - bits)) - 1)


def _signed(value: int) -> int:
    """An unsigned number of 64 bits as the int64 with the same bits."""
    return value - (1 << 64) if value >= 1 << 63 else value
