"""Transfer curves of converters: which code a converter gives for which signal."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class TransferTable:
    """Steps of the transfer curves of many converters, in units of the ideal step; the ideal edges are 0.5, 1.5, ...

    Attributes:
        edges: (arrays, converters, edges) ascending signals at which the code changes; infinite where there are fewer.
        codes: (arrays, converters, edges + 1) code below the first edge, between edges, above the last; 0 .. 2^bits -
            1.
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
            signals: in units of the ideal step, 0 for the lowest code, (arrays, converters, signals).

        Returns:
            Codes, same shape.
        """
        places = torch.searchsorted(self.edges.to(signals.dtype), signals.contiguous(), right=True)
        return self.codes.to(signals.dtype).gather(-1, places)


def ideal_edges(bits: int) -> Tensor:
    """Edges between the codes of an ideal converter, (2^bits - 1,)."""
    return torch.arange(2**bits - 1, dtype=torch.float64) + 0.5
