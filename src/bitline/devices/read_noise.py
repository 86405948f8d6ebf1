"""Noise from one read of a cell to the next.

A read is G + sigma n with one normal number n, and is not clipped at 0, whatever `cell.clip` says of programmed cells:
so the noise of a sum of cells is normal and adds up in variance, and is drawn once for each sum. Where G is not far
above sigma that differs from cells that cannot read below 0. For state-independent noise at an infinite on/off ratio,
reads clipped at 0 would have 0.58 of sigma and a mean of 0.40 sigma at G = 0, 0.82 of sigma in a differential pair with
one cell far above the noise, and 0.78 over all pairs of normally distributed weights with sigma = 5 % of G_max; the
means of a pair cancel. The noise of measured devices falls with G: clipping would take at most 14 % of it from the
weakest PCM cells, and nothing from SONOS cells.
"""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field

from bitline.config.variants import Variant
from bitline.devices._device import Device
from bitline.shapes import Cellwise


class DeviceNoise(Variant):
    """The read noise that was measured for the device; reads have no noise if none was measured.

    Examples:
        >>> from bitline.devices.pcm_joshi_2020 import PcmJoshi2020
        >>> cells = torch.tensor([0.1, 0.5, 1.0])
        >>> DeviceNoise().sigma(cells, cells, PcmJoshi2020(), seconds=3600.0)
        tensor([0.0187, 0.0329, 0.0419])
    """

    kind: Literal["device"] = "device"

    def sigma(self, conductance: Cellwise, programmed: Cellwise, device: Device, seconds: float) -> Cellwise | None:
        """Standard deviation of G/G_max of a read.

        Args:
            conductance: G/G_max at the time of reading.
            programmed: G/G_max of the same cells just after programming, same shape.
            device: the memory device.
            seconds: time since programming.

        Returns:
            Same shape; None for reads without noise.
        """
        return device.read_noise(conductance, programmed, seconds)


class NoNoise(Variant):
    """Reads without noise.

    Examples:
        >>> from bitline.devices.exact import Exact
        >>> NoNoise().sigma(torch.ones(3), torch.ones(3), Exact(), seconds=0.0) is None
        True
    """

    kind: Literal["none"] = "none"

    def sigma(self, conductance: Cellwise, programmed: Cellwise, device: Device, seconds: float) -> Cellwise | None:
        return None


class IndependentNoise(Variant):
    """sigma = alpha G_max, whatever the conductance; reads of a cell at G = 0 are negative half of the time.

    Examples:
        >>> from bitline.devices.exact import Exact
        >>> cells = torch.tensor([0.1, 0.5, 1.0])
        >>> IndependentNoise(alpha=0.01).sigma(cells, cells, Exact(), seconds=0.0)
        tensor([0.0100, 0.0100, 0.0100])
    """

    kind: Literal["state-independent"] = "state-independent"
    alpha: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    """Standard deviation as a fraction of G_max."""

    def sigma(self, conductance: Cellwise, programmed: Cellwise, device: Device, seconds: float) -> Cellwise | None:
        return torch.full_like(conductance, self.alpha) if self.alpha else None


class ProportionalNoise(Variant):
    """sigma = alpha G of the conductance at the time of reading.

    Examples:
        >>> from bitline.devices.exact import Exact
        >>> cells = torch.tensor([0.1, 0.5, 1.0])
        >>> ProportionalNoise(alpha=0.01).sigma(cells, cells, Exact(), seconds=0.0)
        tensor([0.0010, 0.0050, 0.0100])
    """

    kind: Literal["state-proportional"] = "state-proportional"
    alpha: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    """Standard deviation as a fraction of G."""

    def sigma(self, conductance: Cellwise, programmed: Cellwise, device: Device, seconds: float) -> Cellwise | None:
        return conductance.abs() * self.alpha if self.alpha else None
