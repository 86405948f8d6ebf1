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
        start: what they start at if `anew`, (groups, columns).
        total: the sums to be written, (blocks, columns, *positions).
        anew: whether earlier values of `total` are forgotten.

    Examples:
        >>> import torch
        >>> signals = torch.zeros(1, 2, 3, 1)  # blocks, conversions, columns, positions
        >>> sums = Sums.of(signals, groups=1, start=torch.tensor([[10.0, 20.0, 30.0]]), total=None)
        >>> sums.add(torch.ones(1, 1, 3, 1)).flatten()
        tensor([11., 21., 31.])
    """

    start: Tensor
    total: Tensor
    anew: bool

    @classmethod
    def of(cls, signals: Tensor, groups: int, start: Tensor | None, total: Tensor | None) -> Sums:
        """The sums of signals, as the module describes.

        Args:
            signals: what is converted, (blocks, conversions, columns, *positions).
            groups: number of groups of the layer.
            start: what the sums start at, (groups, columns); see the module if None.
            total: where they are written, (blocks, columns, *positions); a new tensor if None.
        """
        anew = start is not None or total is None
        if start is None:
            start = signals.new_zeros(groups, signals.shape[2])
        if total is None:
            total = signals.new_empty(signals.shape[0], *signals.shape[2:])
        return cls(start.contiguous(), total, anew)

    def add(self, parts: Tensor) -> Tensor:
        """Add to the sums in plain PyTorch.

        Args:
            parts: what is added, (samples, groups, columns, positions).

        Returns:
            The total, (blocks, columns, *positions).
        """
        before = self.start[..., None] if self.anew else self.total.view(parts.shape)
        self.total.view(parts.shape).copy_(parts + before)
        return self.total
