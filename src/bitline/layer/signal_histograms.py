"""What calibration showed of the signals at one layer's ADCs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bitline.layer.accumulated_signals import signals_of
from bitline.layer.arrays import ProgrammedArrays
from bitline.layer.relu_floor import relu_floor
from bitline.layer.sample_numbers import SLICE_STRIDE, numbers_from
from bitline.layer.signals import LinearSignals, Signals
from bitline.numerics.histogram import Histogram, HistogramSeries
from bitline.readout import Levels
from bitline.shapes import LayerInputs

SAMPLE = 16
"""Calibration images whose layer inputs are kept where ranges are judged by the layer's output."""
ENOUGH = 999
"""Signals that a place must have shown to get a range of its own.

Of n + 1 exchangeable values, the last is the largest with probability 1 / (n + 1), whatever their distribution: from
999 values on, the next one exceeds all of them once in a thousand times or less.
"""


@dataclass(frozen=True)
class SparsePlaces:
    """Places of a layer that showed too few signals during calibration for a range of their own.

    Examples:
        >>> SparsePlaces(places=10, of=202, signals=20).places
        10

    Attributes:
        places: how many there are.
        of: places that could have a range of their own.
        signals: fewest signals that one of them showed.
    """

    places: int
    of: int
    signals: int


class SignalHistograms:
    """Signals of a layer, counted in bounded memory.

    Args:
        arrays: the layer, with exact cells, whose lines then count as ideal, or with those of a chip.
        relu: whether a ReLU follows the layer directly.

    Attributes:
        by_slice: histogram of the signals of each weight slice; less what each column expects where the ADC is centred.
        sample: input codes of the first images, where ranges are judged by the layer's output.
        relu: as given.
    """

    def __init__(self, arrays: ProgrammedArrays, relu: bool = False) -> None:
        self._signals: Signals | None = None
        self.resume(arrays)
        self._reads = 0
        readings, slices = arrays.code_factors().shape
        self.by_slice = tuple(Histogram() for _ in range(slices))
        self.sample: list[Tensor] = []
        self.relu = relu
        adc = arrays.design.adc
        own = adc.ranges_per
        _, _, groups, _, columns = arrays.cells.conductance.shape
        self._full = (arrays.slicing.conversions, groups, arrays.partition.parts, readings, slices, columns)
        kept = ("input-slice" in own, "column" in own, "partition" in own, "column" in own, True, "column" in own)
        self.shape = tuple(size if keep else 1 for size, keep in zip(self._full, kept, strict=True))
        self._series = HistogramSeries(math.prod(self.shape)) if own else None
        self._sums = torch.zeros(self._full, dtype=torch.float64)
        self._count = 0
        self.is_centred = adc.centred
        self._samples = adc.range.keeps_samples
        self._floor = relu_floor(arrays) if relu and adc.range.is_relu_aware else None

    def resume(self, arrays: ProgrammedArrays) -> None:
        """Compute signals of these arrays from now on."""
        unit = [1.0] * arrays.code_factors().shape[1]
        is_chip = arrays.design.adc.calibrated_on == "chip"
        self._signals = (signals_of if is_chip else LinearSignals)(arrays, unit, arrays.slicing.accumulated)

    def learn_centres(self, codes: LayerInputs) -> None:
        """Add signals to the mean of each column; before anything is counted.

        Args:
            codes: input codes (batch, groups * channels, *space).
        """
        for index, signals in self._by_place(codes):
            self._sums[index] += signals.sum((0, 6)).double().cpu()
            self._count += signals.shape[0] * signals.shape[6] if index == 0 else 0

    def add(self, codes: LayerInputs) -> None:
        """Count the signals of input codes (batch, groups * channels, *space)."""
        if self._samples and len(self.sample) < SAMPLE:
            self.sample.extend(codes[: SAMPLE - len(self.sample)].to(torch.int32))
        for index, signals in self._by_place(codes):
            if self._floor is not None:
                signals = torch.maximum(signals, self._floor.to(signals))
            if self.is_centred:
                signals = signals - self.centres()[index].to(signals)[None, ..., None]
            for number, histogram in enumerate(self.by_slice):
                histogram.update(signals[:, :, :, :, number])
            self._count_places(index, signals)

    def finish(self) -> None:
        """Drop what signals are computed with, many times as much as what was counted."""
        self._signals = None

    @property
    def is_finished(self) -> bool:
        """Whether nothing can be added any more, until `resume`."""
        return self._signals is None

    def centres(self) -> Tensor:
        """Mean signal of every column, along `readout.levels.AXES`, float64."""
        return self._sums / max(self._count, 1)

    def levels(self, chosen: Callable[[Sequence[Histogram]], Levels]) -> Levels:
        """Levels of a layer; places that showed fewer than `ENOUGH` signals take those of the whole layer.

        Args:
            chosen: gives the levels for the signals of every weight slice of one place.
        """
        levels = chosen(self.by_slice) if self._series is None else self._spread(chosen, self._series)
        return levels.shifted(self.centres()) if self.is_centred else levels

    @property
    def sparse(self) -> SparsePlaces | None:
        """The places whose signals are too few for a range of their own; None if there are none."""
        if self._series is None:
            return None
        counts = self._series.counts.sum(1)
        few = int((counts < ENOUGH).sum())
        return SparsePlaces(few, len(counts), int(counts.min())) if few else None

    def _spread(self, chosen: Callable[[Sequence[Histogram]], Levels], series: HistogramSeries) -> Levels:
        """Levels of every place that may have its own."""
        numbers = torch.arange(math.prod(self.shape)).reshape(self.shape)
        places = numbers.transpose(4, 5).reshape(-1, self.shape[4])
        enough = (series.counts.sum(1)[places] >= ENOUGH).all(1).tolist()
        shared = None if all(enough) else chosen(self.by_slice)
        levels = [
            chosen([series.histogram(index) for index in place]) if known or shared is None else shared
            for place, known in zip(places.tolist(), enough, strict=True)
        ]
        return Levels.spread(levels, self.shape)

    def _count_places(self, index: int, signals: Tensor) -> None:
        if self._series is None:
            return
        index = index if self.shape[0] > 1 else 0
        moved = signals.permute(1, 2, 3, 4, 5, 0, 6)  # places first, then samples and positions
        shared = [axis for axis in range(5) if self.shape[axis + 1] == 1]
        kept = [axis for axis in range(5) if self.shape[axis + 1] > 1]
        flat = moved.permute(*kept, *shared, 5, 6).reshape(math.prod(self.shape[1:]), -1)
        self._series.update(flat, first=index * len(flat))

    def _by_place(self, codes: Tensor) -> Iterator[tuple[int, Tensor]]:
        """Signals (batch, groups, parts, readings, slices, columns, positions) of every conversion of a product."""
        computed = self._signals
        assert computed is not None, "nothing is added any more"
        samples = numbers_from(self._reads, codes)
        for part in computed.chunks(codes, factor=4):
            slicing = computed.arrays.slicing
            for index, digits in enumerate(slicing.conversion_inputs(codes[part])):
                signals = computed.noisy_at_adcs(digits, samples[part] + SLICE_STRIDE * index, slicing.slices_of(index))
                yield index, signals.reshape(len(codes[part]), *self._full[1:], -1)
        self._reads += len(codes)
