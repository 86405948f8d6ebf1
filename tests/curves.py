"""A user's current against voltage, named by its import path."""

from __future__ import annotations

import math

import torch

from bitline.devices import CurrentVoltage


class Saturating(CurrentVoltage):
    """Cells that conduct less and less."""

    slope: float = 1.0

    def current(self, conductance, voltage):
        return conductance * torch.tanh(self.slope * torch.as_tensor(voltage)) / math.tanh(self.slope)
