"""A device without error."""

from __future__ import annotations

from typing import Literal

from bitline.devices._device import Device
from bitline.numerics.draws import Draws
from bitline.shapes import Cellwise


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

    def program(self, target: Cellwise, draws: Draws) -> Cellwise:
        return target
