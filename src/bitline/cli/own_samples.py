"""Samples that are no images: those of files, and those that code of a user's makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from bitline.data.samples import Samples
    from bitline.data.split_samples import SplitSamples
    from bitline.design import Design
    from bitline.measures import Measure


@dataclass(frozen=True)
class OwnSample:
    """A network and the samples that it is shown.

    Attributes:
        network: with its weights.
        weights: file of the weights, empty where they come from the network's own function or folder.
        data: file, folder, or import path of the function that makes the samples.
        split: samples to measure on, and to set ranges with.
    """

    network: nn.Module
    weights: str
    data: str
    split: SplitSamples

    def __len__(self) -> int:
        return len(self.split.samples)

    @property
    def notes(self) -> tuple[str, ...]:
        """How they were read, and which samples are which, where that was not said."""
        return self.split.notes

    @property
    def inputs(self) -> Samples:
        """What the network is shown."""
        return self.split.samples.beside(self.network)

    @property
    def calibration(self) -> Samples:
        """What sets ranges."""
        return self.split.calibration

    def given(self, measure: Measure, design: Design, compute: str) -> tuple[Samples, None, Samples]:
        """What `evaluate` takes: data, labels, which the data has, and calibration inputs."""
        network = self.network.to(compute)
        return self.split.samples.beside(network), None, self.calibration.beside(network)

    def for_recalibration(self, count: int, compute: str) -> Samples:
        """The first calibration inputs, on a compute device."""
        return self.calibration.part(0, count).beside(self.network.to(compute))
