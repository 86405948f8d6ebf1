"""A device without error."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from bitline.devices._device import Device
from bitline.numerics.draws import Draws


class Exact(Device):
    """Cells hold exactly what they are told to."""

    kind: Literal["none"] = "none"

    @property
    def is_exact(self) -> bool:
        return True

    def program(self, target: Tensor, draws: Draws) -> Tensor:
        return target
