"""Transfer curves of converters: which code a converter gives for which signal."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class TransferTable:
    """Steps of the transfer curves of many converters, in units of the ideal step; the ideal edges are 0.5, 1.5, ...

    Attributes:
        edges: ascending signals at which the code changes, infinite for converters with fewer edges, (arrays,
            converters, edges).
        codes: codes 0 .. 2^bits - 1 below the first edge, between edges, and above the last, (arrays, converters,
            edges + 1).

    Examples:
        A converter of two bits whose second edge is late:

        >>> table = TransferTable.monotonic(torch.tensor([[[0.5, 1.9, 2.5]]]))
        >>> table.convert(torch.tensor([[[-1.0, 0.6, 1.7, 2.0, 9.0]]]))
        tensor([[[0., 1., 1., 2., 3.]]])
    """

    edges: Tensor
    codes: Tensor

    @classmethod
    def monotonic(cls, edges: Tensor) -> TransferTable:
        """A curve that passes every code once, at these edges; an edge below one before it skips a code."""
        ordered = torch.cummax(edges, dim=-1).values
        codes = torch.arange(edges.shape[-1] + 1, dtype=torch.float32).expand(*edges.shape[:-1], -1)
        return cls(ordered.float().contiguous(), codes.contiguous())

    def to(self, device: torch.device) -> TransferTable:
        """The same curves on another device."""
        return TransferTable(self.edges.to(device), self.codes.to(device))

    def convert(self, signals: Tensor) -> Tensor:
        """Codes of signals: the readable version.

        Args:
            signals: signals in units of the ideal step, 0 for the lowest code, (arrays, converters, signals).

        Returns:
            Codes, same shape.
        """
        places = torch.searchsorted(self.edges.to(signals.dtype), signals.contiguous(), right=True)
        return self.codes.to(signals.dtype).gather(-1, places)


def ideal_edges(bits: int) -> Tensor:
    """Edges between the codes of an ideal converter, (2^bits - 1,).

    Examples:
        >>> ideal_edges(bits=2)
        tensor([0.5000, 1.5000, 2.5000], dtype=torch.float64)
    """
    return torch.arange(2**bits - 1, dtype=torch.float64) + 0.5
