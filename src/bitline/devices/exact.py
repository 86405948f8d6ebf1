"""A device without error."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from bitline.devices._device import Device
from bitline.numerics.draws import Draws


class Exact(Device):
    """Cells have exactly their target conductances.

    Examples:
        >>> import torch
        >>> Exact().program(torch.tensor([0.1, 0.5, 1.0]), Draws((0, 0, "conv1")))
        tensor([0.1000, 0.5000, 1.0000])
    """

    kind: Literal["none"] = "none"

    @property
    def is_exact(self) -> bool:
        return True

    def program(self, target: Tensor, draws: Draws) -> Tensor:
        return target
