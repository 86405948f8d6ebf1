"""What is said where there is not enough memory for a network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from bitline.errors import ConversionError
from bitline.numerics.out_of_memory import is_out_of_memory


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
