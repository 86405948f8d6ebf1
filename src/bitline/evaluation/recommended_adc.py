"""The fewest ADC bits that keep a measure, and the best range for them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from bitline.data.samples import Samples, samples_of
from bitline.design import Design
from bitline.errors import DataError
from bitline.evaluation.evaluate import Metric, evaluate
from bitline.evaluation.layer_errors import layer_errors
from bitline.evaluation.measured_samples import MeasuredSamples
from bitline.evaluation.prepared import Known, Prepared
from bitline.evaluation.reading import Reading
from bitline.evaluation.subject import Labels
from bitline.measures import ACCURACY, Measure, measure_of
from bitline.nn import NetworkRecord, record
from bitline.numerics.summary import counted
from bitline.numerics.text import exact

PERCENTILES = (99.9, 99.98, 99.995, 100.0)
FEW = 32
"""Samples whose signals decide between percentiles."""


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
    design: Design | str,
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
        design: the accelerator, or the name of a preset; its ADC range becomes 'calibrated'.
        images, labels: to measure on, any data as for `evaluate`.
        calibration: calibration images or other inputs that are not in the data.
        metric: what is measured, as for `evaluate`.
        loss: accepted loss of accuracy against no ADC, as a fraction; of another measure, in its unit.
        bits: resolutions to choose from.
        seed: seed of the chip.
        progress: told what is tried.

    Raises:
        DataError: `loss` is negative or, of a measure that is a fraction, more than 1; there are no `bits`, or no
            `calibration`; nobody says which values of a measure of the user's are better; or as for `evaluate`.

    Examples:
        >>> import torch
        >>> network = nn.Linear(4, 4, bias=False)
        >>> _ = nn.init.eye_(network.weight)
        >>> images, labels = torch.eye(4).repeat(5, 1), torch.arange(4).repeat(5)
        >>> recommend(network, Design(), images, labels, calibration=images, bits=(2, 4)).bits
        2
    """
    measure, design = measure_of(metric), Design.of(design)
    measure.check_order()
    if not 0 <= loss <= (1 if measure.is_share else math.inf):
        raise DataError(f"loss is {loss!r}: give a {'fraction, 0 .. 1' if measure.is_share else 'number from 0 on'}")
    if not bits:
        raise DataError("there are no resolutions to choose from: give bits=..., such as (4, 6, 8)")
    samples, ascending = samples_of(images, labels, model), sorted(set(bits))
    if calibration is None:
        raise DataError("there are no samples to calibrate with: give calibration=..., inputs that are not in the data")
    seen = record(model, design.with_settings({"adc.range": {"kind": "calibrated"}}), calibration)
    trials = _Trials(model, design, samples, seen, measure, seed, progress)
    reference = trials.value(design.with_settings({"adc": "none"}), calibration)
    low, high = 0, len(ascending)
    found: tuple[int | None, float, float] = None, math.nan, math.nan
    while low < high:
        middle = (low + high) // 2
        percentile, value = trials.best(ascending[middle])
        if measure.sign * value >= measure.sign * reference - loss:
            found, high = (ascending[middle], percentile, value), middle
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
        few = MeasuredSamples(self.samples.part(0, FEW), Reading(self.measure), FEW)  # only layers are compared
        known = Known(earlier=self.prepared)
        self.prepared = Prepared.of(self.model, changed, self.seen, self.seed, few.samples, known)
        self.prepared.program(0)
        ratios = [layer.own_db for layer in layer_errors([self.prepared.compare(few)])]
        return min((ratio for ratio in ratios if not math.isnan(ratio)), default=math.nan)

    def best(self, bits: int) -> tuple[float, float]:
        """The best P for so many bits, and the measure with it."""
        ratios = {}
        for percentile in PERCENTILES:
            self.progress(f"{counted(bits, 'bit')}, P = {percentile:g} %")
            ratios[percentile] = self.ratio(self._with_range(bits, percentile))
            self.tried.append((bits, percentile, ratios[percentile], math.nan))
        percentile = max(ratios, key=lambda choice: ratios[choice])
        self.progress(f"{counted(bits, 'bit')}, P = {percentile:g} %: {self.measure.name}")
        value = self.value(self._with_range(bits, percentile), self.seen)
        self.tried.append((bits, percentile, ratios[percentile], value))
        return percentile, value

    def _with_range(self, bits: int, percentile: float) -> Design:
        adc = {"adc.bits": bits, "adc.range": {"kind": "calibrated", "percentile": percentile}}
        return self.design.with_settings(adc)
