"""How a lack of memory shows."""

from __future__ import annotations

import torch

SAID = ("not enough memory", "can't allocate memory", "cannot allocate memory", "bad_alloc", "out of memory")
"""How libraries say it in errors that have no type of their own."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory is used up.

    Examples:
        >>> is_out_of_memory(MemoryError()), is_out_of_memory(RuntimeError("can't allocate memory: 8 bytes"))
        (True, True)
        >>> is_out_of_memory(ValueError("no such layer"))
        False
    """
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, (RuntimeError, OSError)) and any(words in str(error).lower() for words in SAID)
