"""Which voltages an ADC can tell apart: the range policies (Xiao et al. 2022, section 6)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from bitline.config.part import shorthand
from bitline.numerics.histogram import Histogram
from bitline.readout.aligned import AlignedRange
from bitline.readout.bit_lines import BitLines
from bitline.readout.least_error import LeastErrorAdcRange
from bitline.readout.levels import Levels
from bitline.readout.policy import ROUNDING, CalibratedPolicy, RangePolicy, not_empty, required


class FullRange(RangePolicy):
    """The largest output that the array can produce; most levels stay unused."""

    kind: Literal["full"] = "full"

    def levels(self, bits: int, lines: BitLines, seen: Sequence[Histogram] | None) -> Levels:
        return Levels.between([(lines.low, lines.high)] * len(lines.radix), bits)


class GuaranteedRange(RangePolicy):
    """One level for every output that an ideal array can produce (full precision guarantee, Eqs. 2 and 3).

    A design with too few bits for inputs that are never negative is refused. Where a layer's inputs turn out to be
    signed and take one bit more, its ADC takes the smallest power of two of the ideal step that covers the range. With
    a finite on/off ratio the G_min currents of lines that are not subtracted before the ADC fall between the levels.
    `EncodedLayer.shortfall` tells what a layer lacks; a plain matrix warns of it, and `bitline.convert` reports it.
    """

    kind: Literal["guaranteed"] = "guaranteed"

    def levels(self, bits: int, lines: BitLines, seen: Sequence[Histogram] | None) -> Levels:
        coarser = 2 ** max(0, lines.needed_bits - bits)
        low, high = (math.ceil(abs(code) / coarser - 0.5) for code in lines.ideal_codes)
        count = len(lines.radix)
        return Levels((lines.step * coarser,) * count, (-low,) * count, (min(high, 2**bits - 1 - low),) * count)


class CalibratedRange(CalibratedPolicy):
    """The range that holds the inner `percentile` per cent of the signals of a calibration set (section 6.2).

    One range for each layer and weight slice. The ranges of several slices differ by powers of two only, so that shift
    and add needs no scaling.
    """

    kind: Literal["calibrated"] = "calibrated"
    percentile: Annotated[float, Field(gt=50, le=100)] = 99.98
    """P: percentage of the calibration signals inside the range."""

    def levels(self, bits: int, lines: BitLines, seen: Sequence[Histogram] | None) -> Levels:
        seen = required(seen, self.kind)
        tail = (100 - self.percentile) / 2
        limits = [(one.percentile(tail), one.percentile(100 - tail)) for one in seen]
        if len(limits) > 1:
            sizes = tie_by_powers_of_two([max(-low, high) for low, high in limits], lines.radix)
            limits = [(-size if low < 0 else 0.0, size) for (low, _), size in zip(limits, sizes, strict=True)]
        return Levels.between([not_empty(*each, lines.step) for each in limits], bits)


class BestOutputRange(CalibratedPolicy):
    """Of the calibrated ranges with several P and that of least error, the one whose layer computes best.

    Judged by the signal-to-error ratio of the layer's digital output on some of the calibration images, with exact
    cells, clipping and shift and add included: what each range does to the sum, not to single signals.
    """

    kind: Literal["best-output"] = "best-output"
    percentiles: tuple[Annotated[float, Field(gt=50, le=100)], ...] = (99.0, 99.9, 99.98, 99.995, 100.0)
    """P that are tried."""

    @property
    def keeps_samples(self) -> bool:
        return True

    def candidates(self, bits: int, lines: BitLines, seen: Sequence[Histogram]) -> list[Levels]:
        """The levels to choose from; arguments as for `levels`."""
        tried = [CalibratedRange(percentile=one).levels(bits, lines, seen) for one in self.percentiles]
        return [*tried, LeastErrorAdcRange().levels(bits, lines, seen)]

    def levels(self, bits: int, lines: BitLines, seen: Sequence[Histogram] | None) -> Levels:
        seen = required(seen, self.kind)
        return LeastErrorAdcRange().levels(bits, lines, seen)


def tie_by_powers_of_two(sizes: Sequence[float], radix: Sequence[int]) -> list[float]:
    """Enlarge `sizes` so that they differ by powers of two.

    Each size is tried as the one that stays; the choice with the least quantisation error after shift and add wins.
    """
    positive = [size for size in sizes if size > 0] or [1.0]

    def enlarged(base: float) -> list[float]:
        return [base * 2.0 ** math.ceil(math.log2(size / base) - ROUNDING) if size > 0 else base for size in sizes]

    def error(tied: list[float]) -> float:
        return sum((size * weight) ** 2 for size, weight in zip(tied, radix, strict=True))

    return min((enlarged(base) for base in positive), key=error)


AnyRange = Annotated[
    CalibratedRange | AlignedRange | LeastErrorAdcRange | BestOutputRange | FullRange | GuaranteedRange,
    Field(discriminator="kind"),
    shorthand("kind", default="calibrated"),
]
