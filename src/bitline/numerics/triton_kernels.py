"""Whether kernels in Triton are used: where a GPU runs them, and they do what their readable versions do."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec

import torch
from torch import Tensor


def runs_kernels(values: Tensor, trial: Callable[[], bool]) -> bool:
    """Whether a kernel can work on values.

    Args:
        values: what it would work on.
        trial: compares the kernel with its readable version on the GPU; asked once in a process.

    Examples:
        >>> runs_kernels(torch.zeros(3), trial=lambda: True)  # on the CPU
        False
    """
    if values.device.type != "cuda" or values.dtype != torch.float32 or find_spec("triton") is None:
        return False
    return _passes(trial)


@cache
def _passes(trial: Callable[[], bool]) -> bool:
    try:
        return trial()
    except Exception:  # whatever a compiler or a driver raises that cannot do this
        return False
