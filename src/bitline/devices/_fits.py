"""The laws that fits of measured cells follow, and what lies between measured times."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from bitline.numerics.draws import Draws


def polynomial(coefficients: Sequence[float], x: Tensor) -> Tensor:
    """c0 + c1 x + c2 x^2 + ..., in the precision of `x` (Horner's rule)."""
    result = torch.zeros_like(x)
    for coefficient in reversed(coefficients):
        result = result * x + coefficient
    return result


def saturating(height: float, scale: float, x: Tensor) -> Tensor:
    """height (1 - exp(-x / scale))."""
    return -height * torch.expm1(-x / scale)


def piecewise_linear(x: Tensor, xs: Sequence[float], ys: Sequence[float]) -> Tensor:
    """Linear interpolation through the points (xs, ys), xs ascending; the first and last segments go on outside."""
    grid = torch.tensor(xs, dtype=x.dtype)
    values = torch.tensor(ys, dtype=x.dtype)
    left = (torch.bucketize(x.contiguous(), grid) - 1).clamp(0, len(xs) - 2)
    slope = (values[1:] - values[:-1]) / (grid[1:] - grid[:-1])
    return values[left] + slope[left] * (x - grid[left])


def between(seconds: float, times_s: Sequence[float]) -> tuple[int, int, float]:
    """Indices of the measured times around a time, and how far it lies between them; the last two if it lies beyond.

    Cells drift in the logarithm of time: what lies between two times after programming, or beyond the last two, is
    linear in it. From programming to the first time after it, which logarithms do not reach, it is linear in time.

    Args:
        seconds: not before the first of the times; any unit that the times have, too.
        times_s: ascending, two or more.

    Examples:
        >>> between(5.0, (0.0, 10.0, 1000.0)), between(100.0, (0.0, 10.0, 1000.0)), between(1e5, (0.0, 10.0, 1000.0))
        ((0, 1, 0.5), (1, 2, 0.5), (1, 2, 2.0))
    """
    later = min(max(next((i for i, t in enumerate(times_s) if t >= seconds), len(times_s) - 1), 1), len(times_s) - 1)
    first, second = times_s[later - 1], times_s[later]
    if first > 0:
        return later - 1, later, math.log(seconds / first) / math.log(second / first)
    return later - 1, later, (seconds - first) / (second - first)


def grown(sigma: Tensor, later: Tensor, draws: Draws) -> Tensor:
    """One more normal deviation of every cell, with which a spread sigma grows to a later one.

    The same cell gets the same deviation at all times, and no deviation where the spread has shrunk.

    Args:
        sigma, later: standard deviations just after programming and at the later time, same shape.
        draws: random numbers of this chip and layer.
    """
    return (later.square() - sigma.square()).clamp(min=0).sqrt() * draws.normal(sigma.shape, "retention")
