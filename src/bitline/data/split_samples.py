"""Samples to measure on, and others to set ranges with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from bitline.data.samples import Samples, samples_of
from bitline.errors import DataError


@dataclass(frozen=True)
class SplitSamples:
    """Samples to measure on, and others to set ranges with.

    Attributes:
        samples: to measure on.
        calibration: to set ranges with.
        digest: of all samples to measure on, however many of them are used.
        notes: how they were read, and which samples are which, where that was not said.

    Examples:
        >>> import torch
        >>> made = {"data": torch.rand(6, 4), "calibration": torch.rand(3, 4)}
        >>> data = SplitSamples.of(made, "mine:make", nn.Linear(4, 2))
        >>> len(data.samples), len(data.calibration)
        (6, 3)
    """

    samples: Samples
    calibration: Samples
    digest: str
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, made: Any, name: str, network: nn.Module, images: int | None = None, calibration: int | None = None
    ) -> SplitSamples:
        """Parts of data for a network: the first samples to measure on, the last ones to set ranges with.

        Args:
            made: data as `samples_of` takes it, or a mapping of 'data' and 'calibration', each such data. Without
                calibration samples, the last ones are set apart, at most half.
            name: of the data, for messages.
            network: takes the inputs.
            images: samples to measure on; all if None.
            calibration: samples to set apart or to use; at most half, or all, if None.

        Raises:
            DataError: it is no data, or a single sample.
        """
        if isinstance(made, Mapping) and set(made) == {"data", "calibration"}:
            samples, others = (samples_of(made[part], None, network) for part in ("data", "calibration"))
            return cls(samples.part(0, images), others.part(0, calibration), samples.digest())
        samples = samples_of(made, None, network)
        kept = min(len(samples) if images is None else images, len(samples) - len(samples) // 2)
        apart = len(samples) - kept if calibration is None else min(calibration, len(samples) - kept)
        if not apart:
            raise DataError(f"{name} gives {len(samples)} samples, and none to calibrate with: give two or more")
        last = len(samples) - apart
        note = f"the last {apart:,} samples of {name} set ranges, and are not measured on"
        count = last if images is None else min(images, last)
        return cls(samples.part(0, count), samples.part(last, None), samples.digest(), (note,))
