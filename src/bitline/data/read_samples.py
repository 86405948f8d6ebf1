"""What a file that holds no images gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, Self


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
