"""What a file that holds no images gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, Self

from bitline.config.counts import whole_number
from bitline.errors import DataError


class Takes(Protocol):
    """What a network takes that takes no images: how its inputs are made of files."""

    @property
    def wants(self) -> str:
        """Which files these are, in words."""

    def of_length(self, length: int) -> Self:
        """The same for samples of another length.

        Raises:
            DataError: the network cannot take such.
        """


@dataclass(frozen=True)
class ReadSamples:
    """What a file gives.

    Attributes:
        data: samples of the network, as `samples_of` takes them, in an order whose first ones are a fair sample.
        notes: how they were read.
    """

    data: Any
    notes: tuple[str, ...] = ()


def tokens_at_once(length: int, least: int, most: int | None) -> int:
    """A number of tokens of a sample, if the network can take so many.

    Args:
        length: that is asked for.
        least, most: that the network can take; any number if `most` is None.

    Raises:
        DataError: it is no number of tokens, or the network takes fewer or more.

    Examples:
        >>> tokens_at_once(4096, 2, most=2048)
        Traceback (most recent call last):
        bitline.errors.DataError: length is 4096 tokens, but the network takes 2048 at most
    """
    whole_number("length", length, least, DataError)
    if most is not None and length > most:
        raise DataError(f"length is {length} tokens, but the network takes {most} at most")
    return length
