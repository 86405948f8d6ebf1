"""Memory that was freed, given back to the system."""

from __future__ import annotations

import ctypes
import sys


def give_back_freed_memory() -> None:
    """Let the C library give back what was freed; nothing where it cannot.

    glibc keeps freed blocks of up to 32 MiB for itself, as large as the tensors of many layers, and finds later ones no
    place between them: after a conversion, more than the weights themselves.

    Examples:
        >>> give_back_freed_memory()
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
