"""Data of a user's, as the command line names it: package.module:function or file.py:function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from bitline.data.samples import Samples
    from bitline.design import Design
    from bitline.measures import Measure


@dataclass(frozen=True)
class OwnSample:
    """A network and samples of the user's.

    Attributes:
        network: with its weights.
        weights: file of the weights, empty where they come from the network's own function.
        data: import path of the function that makes the samples.
        samples: to measure on.
        calibration: to set ranges with.
        notes: which samples are which, where that was not said.
    """

    network: nn.Module
    weights: str
    data: str
    samples: Samples
    calibration: Samples
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.samples)

    def given(self, measure: Measure, design: Design, compute: str) -> tuple[Samples, None, Samples]:
        """What `evaluate` takes: data, labels, which the data has, and calibration inputs."""
        network = self.network.to(compute)
        return self.samples.beside(network), None, self.calibration.beside(network)

    def for_recalibration(self, count: int, compute: str) -> Samples:
        """The first calibration inputs, on a compute device."""
        return self.calibration.part(0, count).beside(self.network.to(compute))


def own_sample(network: nn.Module, weights: str, data: str, images: int | None, calibration: int) -> OwnSample:
    """The samples that a function makes, for a network; the command line names it, so its code may run.

    Args:
        network: takes the inputs.
        weights: file of its weights, for reports.
        data: import path of the function.
        images: samples to measure on; all if None.
        calibration: samples to set apart.

    Raises:
        DataError: there is no such function, it fails, or what it returns is no data.
    """
    from bitline.data.own_data import own_data

    made = own_data(data, network, images, calibration)
    return OwnSample(network, weights, data, made.samples, made.calibration, made.notes)
