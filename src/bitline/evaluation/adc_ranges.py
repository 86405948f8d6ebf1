"""How the ADC range of every layer lies in what its arrays can produce (Xiao et al. 2022, Figs. 14 and 15)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor, nn

from bitline.data.samples import Samples
from bitline.design import Design
from bitline.errors import DesignError
from bitline.nn import AnalogLayer, Inputs, LayerRecord, analog_layers, convert, record_network
from bitline.numerics.histogram import Histogram
from bitline.quantize import InputScale
from bitline.readout import BitLines, Levels

if TYPE_CHECKING:
    import pandas as pd


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
        inputs: quantisation of the layer's inputs.
        levels: of all ADCs of the layer.

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
    inputs: InputScale
    levels: Levels

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


def study_ranges(model: nn.Module, design: Design | str, images: Tensor | Samples) -> tuple[SliceRange, ...]:
    """See where the signals of every layer and slice lie.

    Args:
        model: float network; left as it is.
        design: the accelerator, with an ADC, or the name of a preset.
        images: normalised calibration images, or samples.

    Raises:
        DesignError: a design without an ADC.

    Examples:
        >>> import torch
        >>> design = Design().with_settings({"weights.bits": 9, "weights.bits_per_cell": 2})
        >>> [entry.slice for entry in study_ranges(nn.Linear(4, 2), design, torch.rand(16, 4))]
        [0, 1, 2, 3]
    """
    design = Design.of(design)
    if not design.adc.converts:
        raise DesignError("adc.kind is 'none', so there are no ADC ranges: use --set adc.kind=uniform")
    inputs = Inputs.of(images, model)
    converted = convert(model, design, inputs.first(1))  # for the form of its layers; all images are seen below
    layers = {layer.name: layer for layer in analog_layers(converted)}
    seen = record_network(converted, inputs, layers)
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
        SliceRange(
            layer.name,
            lines.rows,
            index,
            signals,
            lines,
            low[index],
            high[index],
            step,
            widest[index],
            seen.scale,
            levels,
        )
        for index, (signals, step) in enumerate(zip(seen.signals.by_slice, levels.finest, strict=True))
    ]


def ranges_frame(ranges: Sequence[SliceRange], percent: float = 99.98) -> pd.DataFrame:
    """One row for each layer and slice; fractions of the range that the array can produce, bits, and limits.

    `low`, `high` and `step` of the ADC are in units of the current of a cell at G_max with the largest input, those of
    `adc.range = {kind = "given", low, high}`.

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
                "low": entry.low,
                "high": entry.high,
                "step": entry.step,
            }
            for entry in ranges
        ]
    )
