"""Rounding in GPU kernels."""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def rounded(values):  # type: ignore[no-untyped-def]
    """The nearest whole numbers, halves to even."""
    below = tl.floor(values)
    rest = values - below
    is_odd = below * 0.5 != tl.floor(below * 0.5)
    return tl.where((rest > 0.5) | ((rest == 0.5) & is_odd), below + 1.0, below)
