"""Memory that was freed, given back to the system."""

from __future__ import annotations

import ctypes
import sys

ENOUGH = 128 << 20
"""Freed bytes that are worth giving back, which takes milliseconds, and as long again where they are wanted again."""
_freed = 0


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


def note_freed_memory(size: int) -> None:
    """Note that so many bytes were used for a while, and give back what was freed where that is worth it.

    Args:
        size: bytes.

    Examples:
        >>> note_freed_memory(1_000)
    """
    global _freed
    _freed += size
    if _freed >= ENOUGH:
        _freed = 0
        give_back_freed_memory()
