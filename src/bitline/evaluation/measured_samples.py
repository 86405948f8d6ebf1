"""Samples of a data set, and what a measure says of a network on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bitline.data.batch import Batch, copied
from bitline.data.call import Call
from bitline.data.samples import Samples, StoredSamples
from bitline.errors import DataError
from bitline.measures import ACCURACY, Measure
from bitline.measures.measure import Values
from bitline.measures.own import naming_failures
from bitline.nn import settled

Advance = Callable[[int], object]
"""Called with the number of samples done so far."""


@dataclass(frozen=True)
class MeasuredSamples:
    """Samples of a data set, or a part of them, with what is measured on them.

    Attributes:
        samples: inputs with their targets.
        measure: compares the outputs of a network with the targets.
        batch: how many samples go through a network at once; see `evaluate` for what that changes.
        first: place of the first sample in the data set, which decides the read noise that it meets.

    Examples:
        >>> data = MeasuredSamples.labelled(torch.eye(4), torch.tensor([0, 1, 2, 0]), batch=3)
        >>> data.value(nn.Identity().eval()), data.values(nn.Identity().eval()).tolist()
        (0.75, [[1.0], [1.0], [1.0], [0.0]])
        >>> data.part(2, 4).first
        2
    """

    samples: Samples
    measure: Measure
    batch: int
    first: int = 0

    @classmethod
    def labelled(cls, images: Tensor, classes: Tensor, batch: int) -> MeasuredSamples:
        """Images whose classes are known, (images, ...) and (images,)."""
        return cls(StoredSamples(Call((images,), {}), classes), ACCURACY, batch)

    def __len__(self) -> int:
        return len(self.samples)

    def part(self, start: int, stop: int) -> MeasuredSamples:
        """Some of the samples, from number `start` to the one before `stop`."""
        return replace(self, samples=self.samples.part(start, stop), first=self.first + start)

    def batches(self) -> Iterator[Batch]:
        """Inputs and targets, `batch` samples at most at once."""
        return self.samples.batches(self.batch)

    @torch.no_grad()
    def values(self, network: nn.Module, advance: Advance = int) -> Values:
        """Values of each sample, (samples, columns), of which the measure is made.

        Args:
            network: in eval mode.
            advance: told how many samples are done.

        Raises:
            DataError: outputs or targets do not suit the measure, or the data is not what it was.
        """
        found, done = [], 0
        with settled(network):
            for batch in self.batches():
                found.append(self._of_batch(batch, network))
                done += len(batch)
                advance(done)
        if len({values.shape[1] for values in found}) > 1:
            raise DataError(
                f"{self.measure.name} has other numbers of values for some samples: give samples of one shape"
            )
        return np.concatenate(found)

    def value(self, network: nn.Module, advance: Advance = int) -> float:
        """The measure of a network; arguments are those of `values`.

        Raises:
            DataError: as for `values`, or the measure has no value.
        """
        return self.measure.of(self.values(network, advance), "the network")

    def _of_batch(self, batch: Batch, network: nn.Module) -> Values:
        return values_of(self.measure, batch, batch.call.on(network)).detach().cpu().double().numpy()


def values_of(measure: Measure, batch: Batch, outputs: Any) -> Tensor:
    """What a measure says of each sample of a batch, (samples, columns).

    Args:
        measure: gets copies of the targets, so that one that works in place changes none of a user's.
        batch: of samples.
        outputs: what a network returned for it.

    Raises:
        DataError: outputs or targets do not suit the measure, a measure of a user's fails, or it has not one row of
            numbers for each sample.

    Examples:
        >>> values_of(ACCURACY, Batch(Call((torch.eye(2),), {}), torch.tensor([0, 0])), torch.eye(2))
        tensor([[ True],
                [False]])
    """
    targets = measure.targets_of(batch.call, copied(batch.targets))
    is_a_users = type(measure).__module__.partition(".")[0] != "bitline"
    with naming_failures(measure.name) if is_a_users else nullcontext():
        values = measure.values(outputs, targets)
    what = f"values of the shape {tuple(values.shape)}" if isinstance(values, Tensor) else f"a {type(values).__name__}"
    if not isinstance(values, Tensor) or values.ndim != 2 or len(values) != len(batch):
        raise DataError(
            f"the measure {measure.name!r} has {what} for {len(batch)} samples: give a tensor with one row for each"
        )
    return values
