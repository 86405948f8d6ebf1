"""numba's parallel kernels beside PyTorch's: kernels take `njit` and `prange` from here.

Where both run on OpenMP, the start of numba's threads silently sets the number of threads of PyTorch's kernels to that
of all cores. In worker processes, and for anyone who called `torch.set_num_threads`, cores then have more threads than
they can run, which wait for each other in busy loops: several times slower. So numba's threads start here, and PyTorch
gets back what it had.
"""

from __future__ import annotations

import numba
import torch
from numba import njit, prange, uint64


def limit_threads(count: int) -> None:
    """Let kernels of PyTorch and numba use so many threads; numba at most one for each core.

    Examples:
        >>> limit_threads(torch.get_num_threads())  # gives numba's kernels the threads of PyTorch's
    """
    numba.set_num_threads(min(count, numba.config.NUMBA_NUM_THREADS))  # type: ignore[attr-defined]
    torch.set_num_threads(count)


limit_threads(torch.get_num_threads())

__all__ = ["limit_threads", "njit", "prange", "uint64"]
