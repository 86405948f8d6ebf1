"""Noise of the reads of cells.

A read is G + sigma n with one normal number n. It is a new one at every read, or, where noise is slower than an
inference, one for each chip and time, so that no average over the reads of an inference removes it.

Whether a read ends at 0 is the design's choice (`clip`), apart from `cell.clip`, which is about programmed cells and
noise that lasts. Unclipped, the usual choice, the noise of a sum of cells is normal and adds up in variance, and is
drawn once for each sum. Reads that end at 0 differ from that where G is not far above
sigma: at G = 0 they have 0.58 of sigma and a mean of 0.40 sigma. For state-independent noise at an infinite on/off
ratio, a differential pair with one cell far above the noise has 0.82 of sigma, and 0.78 over all pairs of normally
distributed weights with sigma = 5 % of G_max; the means of a pair of zeros cancel. The noise of measured devices falls
with G: clipping takes at most 14 % of it from the weakest PCM cells, and nothing from SONOS cells.

Sums of reads that end at 0 get their exact mean and variance, and are drawn as normal numbers; their skewness is at
most 1.4 / sqrt(n), that of n cells at G = 0.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from bitline.config.variants import Variant
from bitline.devices._device import Device, RelativeSigma
from bitline.shapes import Cellwise

FAR = 8.0
"""Standard deviations above 0 from which on a read does not feel that it would end there."""


class NoisyReads(Variant):
    """What reads with noise of any size have in common.

    Examples:
        A cell without conductance, and one that never reads 0:

        >>> cells, sigma = torch.tensor([0.0, 1.0]), torch.tensor([0.1, 0.1])
        >>> IndependentNoise(alpha=0.1, clip="zero").shown(cells, sigma)
        (tensor([0.0399, 1.0000]), tensor([0.0584, 0.1000]))
        >>> IndependentNoise(alpha=0.1).shown(cells, sigma)
        (tensor([0., 1.]), tensor([0.1000, 0.1000]))
    """

    clip: Literal["none", "zero"] = "none"
    """Where reads end: nowhere ('none'), so that weak cells read negative conductances at times, or at 0 ('zero')."""

    def lasts(self, device: Device) -> bool:
        """Whether all reads of a chip at one time have the same noise."""
        return device.noise_lasts

    def shown(self, conductance: Cellwise, sigma: Cellwise | None) -> tuple[Cellwise, Cellwise | None]:
        """Mean and standard deviation of the reads of cells, in G/G_max, where every read has noise of its own.

        Args:
            conductance: G/G_max at the time of reading.
            sigma: standard deviation of reads that end nowhere, same shape; None for reads without noise.
        """
        if self.clip == "none" or sigma is None:
            return conductance, sigma
        return rectified(conductance, sigma)


def rectified(mean: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of max(0, x) for normal numbers x.

    Examples:
        >>> rectified(torch.tensor([0.0]), torch.tensor([1.0]))
        (tensor([0.3989]), tensor([0.5838]))
    """
    center, spread = mean.double(), sigma.double()
    z = torch.where(spread > 0, center / spread, torch.where(center > 0, torch.inf, -torch.inf)).clamp(-FAR, FAR)
    density, above = torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi), torch.special.ndtr(z)
    # in units of sigma, in which nothing cancels
    first = z * above + density
    variance = ((1 + z.square()) * above + z * density - first.square()).clamp(min=0)
    kept, spread_kept = spread * first, spread * variance.sqrt()
    far = center >= FAR * spread
    kept, spread_kept = torch.where(far, center.clamp(min=0), kept), torch.where(far, spread, spread_kept)
    return kept.to(mean.dtype), spread_kept.to(sigma.dtype)


class ChosenNoise(NoisyReads):
    """What noise that no device decides has in common.

    Examples:
        >>> from bitline.devices.exact import Exact
        >>> ProportionalNoise(alpha=0.01).lasts(Exact()), ProportionalNoise(alpha=0.01, renewed="time").lasts(Exact())
        (False, True)
    """

    renewed: Literal["read", "time"] = "read"
    """When cells have new noise: at every read ('read'), or at every time for which a chip is looked at ('time'), for
    noise slower than an inference, such as 1/f and telegraph noise."""

    def lasts(self, device: Device) -> bool:
        return self.renewed == "time"


class DeviceNoise(NoisyReads):
    """The read noise that was measured for the device; reads have no noise if none was measured. The device says
    whether every read has noise of its own.

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

    def lasts(self, device: Device) -> bool:
        """Whether all reads of a chip at one time have the same noise."""
        return False

    def shown(self, conductance: Cellwise, sigma: Cellwise | None) -> tuple[Cellwise, Cellwise | None]:
        """Mean and standard deviation of the reads of cells, which are what they are."""
        return conductance, sigma


class IndependentNoise(ChosenNoise):
    """sigma = alpha G_max, whatever the conductance; unclipped reads of a cell at G = 0 are negative half of the time.

    Examples:
        >>> from bitline.devices.exact import Exact
        >>> cells = torch.tensor([0.1, 0.5, 1.0])
        >>> IndependentNoise(alpha=0.01).sigma(cells, cells, Exact(), seconds=0.0)
        tensor([0.0100, 0.0100, 0.0100])
    """

    kind: Literal["state-independent"] = "state-independent"
    alpha: RelativeSigma
    """Standard deviation as a fraction of G_max."""

    def sigma(self, conductance: Cellwise, programmed: Cellwise, device: Device, seconds: float) -> Cellwise | None:
        return torch.full_like(conductance, self.alpha) if self.alpha else None


class ProportionalNoise(ChosenNoise):
    """sigma = alpha G of the conductance at the time of reading.

    Examples:
        >>> from bitline.devices.exact import Exact
        >>> cells = torch.tensor([0.1, 0.5, 1.0])
        >>> ProportionalNoise(alpha=0.01).sigma(cells, cells, Exact(), seconds=0.0)
        tensor([0.0010, 0.0050, 0.0100])
    """

    kind: Literal["state-proportional"] = "state-proportional"
    alpha: RelativeSigma
    """Standard deviation as a fraction of G."""

    def sigma(self, conductance: Cellwise, programmed: Cellwise, device: Device, seconds: float) -> Cellwise | None:
        return conductance.abs() * self.alpha if self.alpha else None
