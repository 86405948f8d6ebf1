"""Samples to measure on, and others to set ranges with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from bitline.data._order import fair_order, is_mixed
from bitline.data.samples import Samples, StoredSamples, samples_of
from bitline.errors import DataError
from bitline.numerics.summary import counted


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
            chosen = samples.part(0, images)
            return cls(chosen, others.part(0, calibration), samples.digest(), _too_few(chosen, images))
        samples = samples_of(made, None, network)
        kept = min(len(samples) if images is None else images, len(samples) - len(samples) // 2)
        apart = len(samples) - kept if calibration is None else min(calibration, len(samples) - kept)
        if not apart:
            raise DataError(f"{name} gives {len(samples)} samples, and none to calibrate with: give two or more")
        measured, others, which = set_apart(samples, apart)
        note = f"{which} of {name} set ranges, and are not measured on"
        chosen = measured.part(0, images)
        return cls(chosen, others, samples.digest(), (note, *_too_few(chosen, images)))


def _too_few(chosen: Samples, wanted: int | None) -> tuple[str, ...]:
    """What is to be said where there are fewer samples than were asked for."""
    if wanted is None or len(chosen) >= wanted:
        return ()
    return (f"only {counted(len(chosen), 'sample')} are there to measure on, not {wanted:,}",)


def set_apart(samples: Samples, count: int) -> tuple[Samples, Samples, str]:
    """Samples to measure on, others, and which these are in words: the last ones, or some of every class.

    Where classes stand together, the last samples would have some classes alone. Both keep their order.

    Args:
        samples: all.
        count: how many to set apart.

    Examples:
        >>> import torch
        >>> labels = torch.tensor([0, 0, 0, 0, 1, 1, 1, 1])
        >>> measured, others, which = set_apart(samples_of(torch.rand(8, 4), labels, nn.Linear(4, 2)), 4)
        >>> measured.targets.tolist(), others.targets.tolist(), which
        ([0, 0, 1, 1], [0, 0, 1, 1], '4 samples, drawn evenly over the classes as the data is in their order,')
    """
    kept = len(samples) - count
    if isinstance(samples, StoredSamples) and _are_classes(samples.targets) and not is_mixed(samples.targets):
        order = fair_order(samples.targets, seed=0)
        measured, others = (samples.at(order[part].sort().values) for part in (slice(kept), slice(kept, None)))
        return measured, others, f"{count:,} samples, drawn evenly over the classes as the data is in their order,"
    return samples.part(0, kept), samples.part(kept, None), f"the last {counted(count, 'sample')}"


def _are_classes(targets: Any) -> bool:
    """Whether targets are class numbers, most of which several samples have."""
    if not isinstance(targets, Tensor) or targets.ndim != 1 or targets.is_floating_point():
        return False
    return 1 < len(targets.unique()) <= len(targets) // 2
