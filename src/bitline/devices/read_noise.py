"""Noise from one read of a cell to the next."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from bitline._model import Part, shorthand
from bitline.devices._device import Device


class DeviceNoise(Part):
    """The read noise that was measured for the device, none if there is none."""

    kind: Literal["device"] = "device"

    def sigma(self, conductance: Tensor, device: Device, seconds: float) -> Tensor | None:
        """Standard deviation of G/G_max of a read; none for reads without noise.

        Args:
            conductance: G/G_max.
            device: the memory device.
            seconds: time since programming.
        """
        return device.read_noise(conductance, seconds)


class NoNoise(Part):
    """Reads without noise."""

    kind: Literal["none"] = "none"

    def sigma(self, conductance: Tensor, device: Device, seconds: float) -> Tensor | None:
        return None


class IndependentNoise(Part):
    """sigma = alpha G_max, whatever the conductance."""

    kind: Literal["state-independent"] = "state-independent"
    alpha: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    """Standard deviation as a fraction of G_max."""

    def sigma(self, conductance: Tensor, device: Device, seconds: float) -> Tensor | None:
        return torch.full_like(conductance, self.alpha) if self.alpha else None


class ProportionalNoise(Part):
    """sigma = alpha G."""

    kind: Literal["state-proportional"] = "state-proportional"
    alpha: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    """Standard deviation as a fraction of G."""

    def sigma(self, conductance: Tensor, device: Device, seconds: float) -> Tensor | None:
        return conductance.abs() * self.alpha if self.alpha else None


AnyReadNoise = Annotated[
    DeviceNoise | NoNoise | IndependentNoise | ProportionalNoise,
    Field(discriminator="kind"),
    shorthand("kind", default="device"),
]
