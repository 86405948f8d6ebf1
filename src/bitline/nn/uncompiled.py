"""What `torch.compile` leaves to Python: kernels that it cannot look into."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import torch

try:
    from torch._compile import _disable_dynamo as disable  # that of PyTorch's own modules
except ImportError:  # another version: the compiler is imported with bitline
    disable = torch.compiler.disable

P = ParamSpec("P")
R = TypeVar("R")


def uncompiled(method: Callable[P, R]) -> Callable[P, R]:
    """Let a compiled network call a method as it is, with everything that the method calls.

    PyTorch's own decorator, `torch.compiler.disable`, imports the compiler, which takes seconds; here only those wait
    for it who compile.

    Args:
        method: called by networks.

    Examples:
        >>> @uncompiled
        ... def double(x):
        ...     return 2 * x
        >>> double(3)
        6
    """

    def alone(*args: P.args, **kwargs: P.kwargs) -> R:
        torch._dynamo.decorators.skip(call)  # where there is nothing to compile either
        return method(*args, **kwargs)

    untouched = disable(alone)  # imports the compiler at its first call

    @wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if torch.compiler.is_compiling() or "torch._dynamo" in sys.modules:
            return untouched(*args, **kwargs)
        return method(*args, **kwargs)

    return call
