"""numba's parallel kernels beside PyTorch's: kernels take `njit` and `prange` from here.

Where both run on OpenMP, the start of numba's threads silently sets the number of threads of PyTorch's kernels to that
of all cores. In worker processes, and for anyone who called `torch.set_num_threads`, cores then have more threads than
they can run, which wait for each other in busy loops: several times slower. So numba's threads start here, and PyTorch
gets back what it had.

GNU's OpenMP ends a process that was forked from one with such threads once it comes to a kernel; kernels refuse before.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import Any

import numba
import torch
from numba import prange, uint64

from bitline.errors import BitlineError
from bitline.numerics.kernel_cache import compiled


def njit(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`numba.njit`; kernels of many threads refuse to run where that would end the process.

    Examples:
        >>> @njit(inline="always")
        ... def double(x):
        ...     return 2 * x
        >>> double(3)
        6
    """
    is_kept = options.pop("cache", False)

    def compiler(function: Callable[..., Any]) -> Callable[..., Any]:
        return compiled(function, **options) if is_kept else numba.njit(**options)(function)

    def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
        compute = compiler(function)

        @wraps(function)
        def call(*arguments: Any) -> Any:
            if os.getpid() != _PROCESS:
                _refuse_fork()
            return compute(*arguments)

        return call

    return kernel if options.get("parallel") else compiler


def _refuse_fork() -> None:
    """Refuse to run in a forked process with GNU's OpenMP.

    Raises:
        BitlineError: says how to start processes instead.
    """
    if numba.threading_layer() != "omp":  # type: ignore[attr-defined]
        return
    from numba.np.ufunc import omppool  # type: ignore[attr-defined]

    if omppool.openmp_vendor == "GNU":
        raise BitlineError(
            "this process was forked from one with bitline's kernels, whose threads do not survive a fork: "
            'start workers with "spawn", as DataLoader(..., multiprocessing_context="spawn") or '
            'multiprocessing.get_context("spawn")'
        )


def limit_threads(count: int) -> None:
    """Let kernels of PyTorch and numba use so many threads; numba at most one for each core.

    Examples:
        >>> limit_threads(torch.get_num_threads())  # gives numba's kernels the threads of PyTorch's
    """
    numba.set_num_threads(min(count, numba.config.NUMBA_NUM_THREADS))  # type: ignore[attr-defined]
    torch.set_num_threads(count)


limit_threads(torch.get_num_threads())
_PROCESS = os.getpid()
"""The process that numba's threads belong to."""

__all__ = ["limit_threads", "njit", "prange", "uint64"]
