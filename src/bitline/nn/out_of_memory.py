"""What is said where there is not enough memory for a network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from bitline.errors import ConversionError

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


@contextmanager
def naming_memory(model: nn.Module) -> Iterator[None]:
    """Refuse a network that does not fit into memory with what it needs, and how it can be done.

    Examples:
        >>> with naming_memory(nn.Linear(2, 2)):
        ...     raise MemoryError
        Traceback (most recent call last):
        bitline.errors.ConversionError: not enough memory to convert this Linear with 0 MiB of weights, which takes ...

    Raises:
        ConversionError: what is done inside runs out of memory.
    """
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        held = sum(weight.nbytes for weight in (*model.parameters(), *model.buffers())) / 2**20
        raise ConversionError(
            f"not enough memory to convert this {type(model).__name__} with {held:,.0f} MiB of weights, which takes "
            "them once more and the codes: convert a part at a time with bitline.nn.Part"
        ) from None
