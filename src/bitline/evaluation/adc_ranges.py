"""How the ADC range of every layer lies in what its arrays can produce (Xiao et al. 2022, Figs. 14 and 15)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from bitline.data.samples import Samples, samples_of
from bitline.design import Design
from bitline.errors import DataError, DesignError
from bitline.evaluation.evaluate import Metric, evaluate
from bitline.evaluation.layer_errors import layer_errors
from bitline.evaluation.measured_samples import MeasuredSamples
from bitline.evaluation.prepared import Known, Prepared
from bitline.evaluation.subject import Labels
from bitline.measures import ACCURACY, Measure, measure_of
from bitline.nn import (
    AnalogLayer,
    Inputs,
    LayerRecord,
    NetworkRecord,
    analog_layers,
    convert,
    record,
    record_network,
)
from bitline.numerics.histogram import Histogram
from bitline.numerics.text import exact
from bitline.readout import BitLines, Levels

if TYPE_CHECKING:
    import pandas as pd

PERCENTILES = (99.9, 99.98, 99.995, 100.0)
FEW = 32
"""Samples whose signals decide between percentiles."""


@dataclass(frozen=True)
class SliceRange:
    """The signals of one weight slice of a layer and the range of its ADC.

    Attributes:
        layer: its name.
        rows: rows of the fullest partition.
        slice: number of the weight slice, lowest bits first.
        signals: histogram of the ADC's inputs on the calibration images.
        lines: what the array can produce.
        low, high: limits of the ADC, in units of G_max V_read; where columns or partitions have ranges of their own,
            those that hold all of them.
        step: of the ADC, the finest.
        width: range of the ADC, the widest.

    Examples:
        >>> import torch
        >>> (found,) = study_ranges(nn.Linear(4, 2), Design(), torch.rand(16, 4))
        >>> found.layer, found.rows, found.slice
        ('linear', 4, 0)
        >>> 0 < found.useful() <= found.chosen <= 1
        True
    """

    layer: str
    rows: int
    slice: int
    signals: Histogram
    lines: BitLines
    low: float
    high: float
    step: float
    width: float

    def useful(self, percent: float = 99.98) -> float:
        """Range of the inner `percent` of the signals, as a fraction of what the array can produce."""
        tail = (100 - percent) / 2
        return (self.signals.percentile(100 - tail) - self.signals.percentile(tail)) / self._full

    @property
    def chosen(self) -> float:
        """Range of the ADC as a fraction of what the array can produce."""
        return self.width / self._full

    @property
    def clipped(self) -> float:
        """Fraction of the signals beyond the ADC's last levels by more than half a step; NaN if ranges differ."""
        if not math.isclose(self.width, self.high - self.low):
            return math.nan
        outside = (self.signals.centres > self.high + self.step / 2) | (self.signals.centres < self.low - self.step / 2)
        return float(self.signals.counts[outside].sum()) / self.signals.total

    @property
    def levels_in_use(self) -> float:
        """Levels that the inner half of the signals spreads over, at least one."""
        return max(1.0, (self.signals.percentile(75) - self.signals.percentile(25)) / self.step)

    @property
    def equivalent_bits(self) -> float:
        """Bits that an ADC over the whole possible range would need for the same step."""
        return math.log2(self._full / self.step)

    @property
    def full_precision_bits(self) -> float:
        """Bits of the full precision guarantee."""
        return self.lines.full_precision_bits

    @property
    def _full(self) -> float:
        return self.lines.high - self.lines.low


def study_ranges(model: nn.Module, design: Design, images: Tensor | Samples) -> tuple[SliceRange, ...]:
    """See where the signals of every layer and slice lie.

    Args:
        model: float network; left as it is.
        design: the accelerator, with an ADC.
        images: normalised calibration images, or samples.

    Raises:
        DesignError: a design without an ADC.

    Examples:
        >>> import torch
        >>> design = Design().with_settings({"weights.bits": 9, "weights.bits_per_cell": 2})
        >>> [entry.slice for entry in study_ranges(nn.Linear(4, 2), design, torch.rand(16, 4))]
        [0, 1, 2, 3]
    """
    if not design.adc.converts:
        raise DesignError("adc.kind is 'none', so there are no ADC ranges: use --set adc.kind=uniform")
    first = images[:1] if isinstance(images, Tensor) else images.part(0, 1)
    converted = convert(model, design, first)  # for the form of its layers; all images are seen below
    layers = {layer.name: layer for layer in analog_layers(converted)}
    seen = record_network(converted, Inputs.of(images, converted), layers)
    return tuple(entry for name, layer in layers.items() for entry in _slices(layer, seen[name]))


def _slices(layer: AnalogLayer, seen: LayerRecord) -> list[SliceRange]:
    encoded = layer.encoded()
    levels: Levels | None = encoded.levels(seen.scale, seen.signals)
    assert levels is not None and seen.signals is not None
    lines = encoded.bit_lines(seen.scale)
    axes = (0, 1, 2, 3, 5)
    steps, (lows, highs) = levels.steps(), levels.limits()
    widest = [float(width) for width in ((highs - lows) * steps).amax(axes)]
    low, high = (lows * steps).amin(axes).tolist(), (highs * steps).amax(axes).tolist()
    return [
        SliceRange(layer.name, lines.rows, index, signals, lines, low[index], high[index], step, widest[index])
        for index, (signals, step) in enumerate(zip(seen.signals.by_slice, levels.finest, strict=True))
    ]


def ranges_frame(ranges: Sequence[SliceRange], percent: float = 99.98) -> pd.DataFrame:
    """One row for each layer and slice; fractions of the range that the array can produce, and bits.

    Args:
        ranges: what `study_ranges` returned.
        percent: share of the signals that the useful range has to hold, in per cent.

    Examples:
        >>> import torch
        >>> frame = ranges_frame(study_ranges(nn.Linear(4, 2), Design(), torch.rand(16, 4)))
        >>> list(frame.columns[:5])
        ['layer', 'rows', 'slice', 'useful', 'chosen']
    """
    import pandas as pd  # here, for the start-up of what does not need it

    return pd.DataFrame(
        [
            {
                "layer": entry.layer,
                "rows": entry.rows,
                "slice": entry.slice,
                "useful": entry.useful(percent),
                "chosen": entry.chosen,
                "clipped": entry.clipped,
                "equivalent_bits": entry.equivalent_bits,
                "full_precision_bits": entry.full_precision_bits,
            }
            for entry in ranges
        ]
    )


@dataclass(frozen=True)
class Recommendation:
    """The fewest ADC bits that are good enough.

    Attributes:
        bits: of the ADC; None if even the most bits tried lose too much.
        percentile: P of the calibrated range.
        value: of the measure with them.
        reference: of the measure without an ADC.
        tried: (bits, percentile, signal-to-error ratio in dB, value or NaN) of everything looked at.
        measure: what was measured.

    Examples:
        >>> print(Recommendation(6, percentile=99.98, value=0.912, reference=0.915, tried=()))
        adc.bits = 6, adc.range.percentile = 99.98: accuracy 91.20 %, without ADC 91.50 %
    """

    bits: int | None
    percentile: float
    value: float
    reference: float
    tried: tuple[tuple[int, float, float, float], ...]
    measure: Measure = ACCURACY

    def __str__(self) -> str:
        reference = f"without ADC {self.measure.shown(self.reference)}"
        if self.bits is None:
            return f"no resolution tried is good enough: {self.measure.name} {reference}"
        value = f"{self.measure.name} {self.measure.shown(self.value)}"
        return f"adc.bits = {self.bits}, adc.range.percentile = {exact(self.percentile)}: {value}, {reference}"


def recommend(
    model: nn.Module,
    design: Design,
    images: Any,
    labels: Labels | None = None,
    calibration: Any = None,
    *,
    metric: Metric = "accuracy",
    loss: float = 0.01,
    bits: Sequence[int] = (4, 5, 6, 7, 8, 9, 10),
    seed: int = 0,
    progress: Callable[[str], object] = lambda what: None,
) -> Recommendation:
    """Find the fewest ADC bits, and the best P for them.

    For each resolution P is chosen by the signal-to-error ratio of the layer that is worst, on a few images and one
    chip; the measure on all samples then decides between resolutions, by bisection.

    Args:
        model: float network.
        design: the accelerator; its ADC range becomes 'calibrated'.
        images, labels: to measure on, any data as for `evaluate`.
        calibration: calibration images or other inputs, as for `evaluate`.
        metric: what is measured, as for `evaluate`.
        loss: accepted loss of accuracy against no ADC, as a fraction; of another measure, in its unit.
        bits: resolutions to choose from, ascending.
        seed: seed of the chip.
        progress: told what is tried.

    Raises:
        DataError: `loss` is negative or, of a measure that is a fraction, more than 1; or as for `evaluate`.

    Examples:
        >>> import torch
        >>> network = nn.Linear(4, 4, bias=False)
        >>> _ = nn.init.eye_(network.weight)
        >>> images, labels = torch.eye(4).repeat(5, 1), torch.arange(4).repeat(5)
        >>> recommend(network, Design(), images, labels, calibration=images, bits=(2, 4)).bits
        2
    """
    measure = measure_of(metric)
    if not 0 <= loss <= (1 if measure.is_share else math.inf):
        raise DataError(f"loss is {loss!r}: give a {'fraction, 0 .. 1' if measure.is_share else 'number from 0 on'}")
    samples = samples_of(images, labels, model)
    if calibration is None:
        raise DataError("there are no samples to calibrate with: give calibration=..., inputs that are not in the data")
    seen = record(model, design.with_settings({"adc.range": {"kind": "calibrated"}}), calibration)
    trials = _Trials(model, design, samples, seen, measure, seed, progress)
    reference = trials.value(design.with_settings({"adc": "none"}), calibration)
    low, high = 0, len(bits)
    found: tuple[int | None, float, float] = None, math.nan, math.nan
    while low < high:
        middle = (low + high) // 2
        percentile, value = trials.best(bits[middle])
        if measure.sign * value >= measure.sign * reference - loss:
            found, high = (bits[middle], percentile, value), middle
        else:
            low = middle + 1
    return Recommendation(*found, reference, tuple(trials.tried), measure)


@dataclass
class _Trials:
    """Designs with other ADCs on the same samples, and what was found of them."""

    model: nn.Module
    design: Design
    samples: Samples
    seen: NetworkRecord
    measure: Measure
    seed: int
    progress: Callable[[str], object]
    tried: list[tuple[int, float, float, float]] = field(default_factory=list)
    prepared: Prepared | None = None

    def value(self, changed: Design, calibration: Any) -> float:
        """The measure on all samples and two chips."""
        options: dict[str, Any] = {"metric": self.measure, "chips": 2, "seed": self.seed, "compared_images": 0}
        return evaluate(self.model, changed, self.samples, calibration=calibration, **options).mean

    def ratio(self, changed: Design) -> float:
        """The signal-to-error ratio in dB of the worst layer, on a few samples and one chip."""
        few = MeasuredSamples(self.samples.part(0, FEW), self.measure, FEW)
        known = Known(earlier=self.prepared)
        self.prepared = Prepared.of(self.model, changed, self.seen, self.seed, few.samples, known)
        self.prepared.program(0)
        return min(layer.own_db for layer in layer_errors([self.prepared.compare(few)]))

    def best(self, bits: int) -> tuple[float, float]:
        """The best P for so many bits, and the measure with it."""
        ratios = {}
        for percentile in PERCENTILES:
            self.progress(f"{bits} bits, P = {percentile:g} %")
            ratios[percentile] = self.ratio(self._with_range(bits, percentile))
            self.tried.append((bits, percentile, ratios[percentile], math.nan))
        percentile = max(ratios, key=lambda choice: ratios[choice])
        self.progress(f"{bits} bits, P = {percentile:g} %: {self.measure.name}")
        value = self.value(self._with_range(bits, percentile), self.seen)
        self.tried.append((bits, percentile, ratios[percentile], value))
        return percentile, value

    def _with_range(self, bits: int, percentile: float) -> Design:
        adc = {"adc.bits": bits, "adc.range": {"kind": "calibrated", "percentile": percentile}}
        return self.design.with_settings(adc)
