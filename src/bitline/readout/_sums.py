"""Where a readout keeps its digital sums.

Sums are (blocks, columns, *positions); blocks are samples times groups of the layer, groups fastest. They start at
`start`, (groups, columns), and are written to `total`, contiguous. Without a start they go on from what `total` holds;
without a total they are a new tensor, which starts at 0 if nothing else is said.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Sums:
    """The sums that one conversion adds to.

    Attributes:
        start: (groups, columns), what they start at if `anew`.
        total: (blocks, columns, *positions), to be written.
        anew: whether what `total` holds is forgotten.
    """

    start: Tensor
    total: Tensor
    anew: bool

    @classmethod
    def of(cls, signals: Tensor, groups: int, start: Tensor | None, total: Tensor | None) -> Sums:
        """The sums of `signals`, (blocks, conversions, columns, *positions), as the module describes."""
        anew = start is not None or total is None
        if start is None:
            start = signals.new_zeros(groups, signals.shape[2])
        if total is None:
            total = signals.new_empty(signals.shape[0], *signals.shape[2:])
        return cls(start.contiguous(), total, anew)

    def add(self, parts: Tensor) -> Tensor:
        """Add what kernels leave to plain PyTorch, (samples, groups, columns, positions), and return the total."""
        before = self.start[..., None] if self.anew else self.total.view(parts.shape)
        self.total.view(parts.shape).copy_(parts + before)
        return self.total
