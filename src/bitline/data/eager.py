"""Networks that `torch.compile` compiled, run without it: what looks into them cannot be compiled."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def uncompiled_networks() -> Iterator[None]:
    """Compiled networks, and compiled parts of them, run as they were written, and nothing is compiled.

    The compiler takes seconds to import; where nobody did, no network is compiled.

    Examples:
        >>> with uncompiled_networks():
        ...     torch.nn.Linear(2, 1)(torch.ones(3, 2)).shape
        torch.Size([3, 1])
    """
    if "torch._dynamo" not in sys.modules or torch.compiler.is_compiling():
        yield
        return
    with torch.compiler.set_stance("force_eager"):
        yield
