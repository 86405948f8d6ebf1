"""The calibrated range with which a layer computes best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from bitline.numerics.histogram import Histogram
from bitline.readout.bit_lines import BitLines
from bitline.readout.levels import Levels
from bitline.readout.ranges.calibrated import CalibratedRange
from bitline.readout.ranges.least_error import LeastErrorAdcRange
from bitline.readout.ranges.policy import CalibratedPolicy, required


class BestOutputRange(CalibratedPolicy):
    """Of the calibrated ranges with several P and that of least error, the one whose layer computes best.

    Judged by the signal-to-error ratio of the layer's digital output on some of the calibration images, with exact
    cells, clipping and shift and add included: what each range does to the sum, not to single signals.

    Examples:
        >>> lines = BitLines(rows=4, signed=True, cell_bits=8, input_bits=8, step=0.25, radix=(1,))
        >>> import torch
        >>> seen = Histogram()
        >>> seen.update(torch.linspace(-1, 1, 1001))
        >>> policy = BestOutputRange(percentiles=(99.0, 100.0))
        >>> len(policy.candidates(bits=4, lines=lines, seen=[seen]))  # and the range of least error
        3
    """

    kind: Literal["best-output"] = "best-output"
    percentiles: tuple[Annotated[float, Field(gt=50, le=100)], ...] = (99.0, 99.9, 99.98, 99.995, 100.0)
    """P that are tried."""

    @property
    def keeps_samples(self) -> bool:
        return True

    def candidates(self, bits: int, lines: BitLines, seen: Sequence[Histogram]) -> list[Levels]:
        """The levels to choose from; arguments as for `levels`."""
        tried = [CalibratedRange(percentile=percentile).levels(bits, lines, seen) for percentile in self.percentiles]
        return [*tried, LeastErrorAdcRange().levels(bits, lines, seen)]

    def levels(self, bits: int, lines: BitLines, seen: Sequence[Histogram] | None) -> Levels:
        seen = required(seen, self.kind)
        return LeastErrorAdcRange().levels(bits, lines, seen)
