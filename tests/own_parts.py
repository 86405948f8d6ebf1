"""Converters and cells of tests that designs name by their import path."""

from __future__ import annotations

import math

import torch

from bitline.devices import CurrentVoltage
from bitline.numerics.draws import Draws
from bitline.readout import CircuitAdc, TransferTable, ideal_edges


class ByPlace(CircuitAdc):
    """The first converter of every array is two steps late, the next one four, and so on."""

    def tables(self, arrays: int, converters: int, draws: Draws) -> TransferTable:
        late = 2.0 * torch.arange(1, converters + 1, dtype=torch.float64)[:, None]
        return TransferTable.monotonic((ideal_edges(self.bits) + late).expand(arrays, -1, -1))


class Saturating(CurrentVoltage):
    """Cells that conduct less and less."""

    slope: float = 1.0

    def current(self, conductance, voltage):
        return conductance * torch.tanh(self.slope * torch.as_tensor(voltage)) / math.tanh(self.slope)


class Rectifying(CurrentVoltage):
    """Ohmic cells behind a selector that lets a tenth through in the other direction."""

    def current(self, conductance, voltage):
        voltage = torch.as_tensor(voltage)
        return conductance * torch.where(voltage < 0, 0.1 * voltage, voltage)
