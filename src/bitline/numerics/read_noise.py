"""Normal random numbers for reads, each a function of what it is for.

Read noise is new for every read, so there are far too many numbers to draw one cell at a time or in one stream. The
noise of a bit line is a sum of independent normal numbers, hence normal itself: it is drawn once for each signal from
its exact variance. Signal `i` of sample `s` gets a number that depends on (key, s, i) only, so that results do not
depend on how samples are cut into batches or chunks. The generator is splitmix64 (Steele, Lea and Flood, "Fast
splittable pseudorandom number generators", OOPSLA 2014) used as a counter-based one, then the Box-Muller transform.

Both run on whole vectors of a processor: the two numbers of a transform are `LANES` signals apart, and logarithm, sine
and cosine are the polynomials of Moshier's Cephes library (Methods and Programs for Mathematical Functions, 1989) in
float32. Every operation is rounded by itself, so that the numbers are the same to the bit on every processor.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from bitline.numerics.triton_kernels import runs_kernels

GAMMA = 0x9E3779B97F4A7C15
MIX_1 = 0xBF58476D1CE4E5B9
MIX_2 = 0x94D049BB133111EB
LANES = 64
"""Signals between the two numbers of one transform."""
LOG = (
    7.0376836292e-2,
    -1.1514610310e-1,
    1.1676998740e-1,
    -1.2420140846e-1,
    1.4249322787e-1,
    -1.6668057665e-1,
    2.0000714765e-1,
    -2.4999993993e-1,
    3.3333331174e-1,
)
"""Of log(1 + f) = f - f^2 / 2 + f^3 P(f), the highest power first."""
LN2 = (-2.12194440e-4, 0.693359375)
"""log(2) in two parts, of which the larger has few bits."""
SINE = (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
"""Of sin(x) = x + x^3 P(x^2) up to pi / 4."""
COSINE = (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
"""Of cos(x) = 1 - x^2 / 2 + x^4 P(x^2) up to pi / 4."""
QUARTER = math.pi / 2 * 2.0**-32
"""Angle of one step of a quarter turn in 2^32."""


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
    if runs_kernels(signals, noise_agrees):
        from bitline.numerics._read_noise_triton import add_read_noise_on_gpu

        add_read_noise_on_gpu(signals, variance, key, samples)
        return signals
    return plain_add_read_noise(signals, variance, key, samples)


def plain_add_read_noise(signals: Tensor, variance: Tensor, key: int, samples: Tensor) -> Tensor:
    """`add_read_noise` in plain PyTorch, for any device and dtype; its example shows the arguments."""
    numbers = standard_normal(key, samples, signals.shape[1]).to(signals)
    return signals.add_(_root(variance.clamp(min=0)).mul_(numbers))


def noise_agrees(device: str = "cuda") -> bool:
    """Whether the GPU kernel of `add_read_noise` gives the same bits as plain PyTorch."""
    from bitline.numerics._read_noise_triton import add_read_noise_on_gpu

    samples = torch.tensor([0, 7, (1 << 40) + 3], device=device)
    variance = torch.linspace(-0.1, 4.0, 3 * 300, device=device).reshape(3, 300)
    signals = [torch.arange(900.0, device=device).reshape(3, 300) for _ in range(2)]
    plain_add_read_noise(signals[0], variance.clone(), (1 << 62) + 5, samples)
    add_read_noise_on_gpu(signals[1], variance, (1 << 62) + 5, samples)
    return torch.equal(*signals)


def standard_normal(key: int, samples: Tensor, count: int) -> Tensor:
    """The numbers that `add_read_noise` uses, (samples, count), float32, on any device.

    Examples:
        >>> numbers = standard_normal(key=7, samples=torch.arange(1000), count=10)
        >>> bool(abs(numbers.mean()) < 0.05), round(float(numbers.std()), 1)
        (True, 1.0)
    """
    blocks = -(-count // (2 * LANES))
    transforms = torch.arange(1, blocks * LANES + 1, device=samples.device)
    start = _mix(_signed(key) + samples.long() * _signed(GAMMA))
    bits = _mix(start[:, None] + transforms * _signed(GAMMA))
    uniform = (_shift(bits, 32).float() + 0.5) * 2.0**-32
    radius = _root(-2 * log_of(uniform))
    cosine, sine = cosine_and_sine(bits & 0xFFFFFFFF)
    both = torch.stack((radius * cosine, radius * sine)).reshape(2, len(samples), blocks, LANES)
    return both.permute(1, 2, 0, 3).reshape(len(samples), -1)[:, :count]


def _root(x: Tensor) -> Tensor:
    """Square root, rounded right; PyTorch's own in float32 is not on every processor."""
    return x.double().sqrt().to(x.dtype)


def log_of(x: Tensor) -> Tensor:
    """Natural logarithm of float32 numbers above 0."""
    bits = x.view(torch.int32)
    exponent = ((bits >> 23) - 127).float()
    mantissa = ((bits & 0x7FFFFF) | 0x3F800000).view(torch.float32)
    above = mantissa > math.sqrt(2)
    f = torch.where(above, mantissa * 0.5, mantissa) - 1
    exponent = exponent + above.float()
    square = f * f
    tail = _polynomial(LOG, f) * f * square + exponent * LN2[0] - square * 0.5
    return f + tail + exponent * LN2[1]


def cosine_and_sine(turn: Tensor) -> tuple[Tensor, Tensor]:
    """Of an angle in steps of a turn in 2^32, int64."""
    quarter = ((turn + (1 << 29)) >> 30) & 3
    fine = turn * 4 & 0xFFFFFFFF
    x = (fine - ((fine >> 31) << 32)).float() * QUARTER
    square = x * x
    sine = _polynomial(SINE, square) * square * x + x
    cosine = _polynomial(COSINE, square) * square * square - square * 0.5 + 1
    odd = (quarter & 1).bool()
    cosine_sign = 1 - 2 * (((quarter + 1) >> 1) & 1).float()
    sine_sign = 1 - 2 * (quarter >> 1).float()
    return torch.where(odd, sine, cosine) * cosine_sign, torch.where(odd, cosine, sine) * sine_sign


def _polynomial(coefficients: tuple[float, ...], x: Tensor) -> Tensor:
    total = torch.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        total = total * x + coefficient
    return total


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
