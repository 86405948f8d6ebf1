"""Samples of a data set, and what a measure says of a network on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from bitline.data.batch import Batch
from bitline.data.call import Call
from bitline.data.samples import Samples, StoredSamples
from bitline.errors import DataError
from bitline.evaluation.reading import RUN, Reading
from bitline.measures import ACCURACY, Measure
from bitline.measures.measure import Values
from bitline.nn import settled

Advance = Callable[[int], object]
"""Called with the number of samples done so far."""


@dataclass(frozen=True)
class MeasuredSamples:
    """Samples of a data set, or a part of them, with what is measured on them.

    Attributes:
        samples: inputs with their targets.
        reading: the measure, and how it reads outputs and targets.
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
    reading: Reading
    batch: int
    first: int = 0

    @classmethod
    def labelled(cls, images: Tensor, classes: Tensor, batch: int) -> MeasuredSamples:
        """Images whose classes are known, (images, ...) and (images,)."""
        return cls(StoredSamples(Call((images,), {}), classes), Reading(ACCURACY), batch)

    @classmethod
    def of(cls, samples: Samples, measure: Measure, batch: int, network: nn.Module) -> MeasuredSamples:
        """Samples, read as `Reading.of` says; what is raised is the same.

        Args:
            samples, measure, batch: see above.
            network: takes the inputs, in eval mode.
        """
        return cls(samples, Reading.of(network, measure, lambda: samples.batches(RUN)), batch)

    @property
    def measure(self) -> Measure:
        """What is measured."""
        return self.reading.measure

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
        return self.reading.values(batch, batch.call.on(network)).detach().cpu().double().numpy()
