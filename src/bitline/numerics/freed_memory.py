"""Memory that was freed: kept for what comes next, or given back to the system."""

from __future__ import annotations

import ctypes
import os
import sys

FROM_THE_SYSTEM = 64 << 20
"""Bytes of a block from which on it comes from the system and goes back there, `M_MMAP_THRESHOLD` of mallopt(3)."""
KEPT = 256 << 20
"""Freed bytes at the end of the memory that the C library keeps, `M_TRIM_THRESHOLD`."""
CHOICES = ("GLIBC_TUNABLES", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_MMAP_MAX_")
"""Environment variables that say what the C library does."""
_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1
ENOUGH = 128 << 20
"""Freed bytes that are worth giving back, which takes milliseconds, and as long again where they are wanted again."""
_freed = 0


def keep_freed_memory() -> None:
    """Let the C library keep freed tensors of a layer for the next one, unless the user chose otherwise.

    By itself glibc gives what is freed at the end of its memory back to the system once it is more than about twice the
    largest block so far. The next layer then gets it page by page, each cleared first: a product for sliced weights of
    ResNet-50 took five times as long.

    Examples:
        >>> keep_freed_memory()
    """
    if sys.platform != "linux" or any(name in os.environ for name in CHOICES):
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "gnu_get_libc_version"):
        library.mallopt(_MMAP_THRESHOLD, FROM_THE_SYSTEM)
        library.mallopt(_TRIM_THRESHOLD, KEPT)


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
