"""What checkpoints hold beside tensors that is loaded without running code: arguments, and numbers of NumPy."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import numpy as np

_SCALAR = np.float64(0).__reduce__()[0]  # the function that makes NumPy's numbers, private and under two names
_NUMBERS = "?bhilqBHILQefdg"

SAFE_TYPES: list[Any] = [
    Namespace,
    np.dtype,
    *((_SCALAR, f"numpy.{package}.multiarray.scalar") for package in ("core", "_core")),
    *{type(np.dtype(code)) for code in _NUMBERS},
]
"""For `torch.serialization.safe_globals`: they keep what they are given, and run nothing of it."""
