"""The range that holds most signals of a calibration set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from bitline.numerics.histogram import Histogram
from bitline.readout.bit_lines import BitLines
from bitline.readout.levels import Levels
from bitline.readout.ranges.policy import ROUNDING, CalibratedPolicy, not_empty, required


class CalibratedRange(CalibratedPolicy):
    """The range that holds the inner `percentile` per cent of the signals of a calibration set (section 6.2).

    One range for each layer and weight slice. The ranges of several slices differ by powers of two only, so that shift
    and add needs no scaling.

    Examples:
        >>> lines = BitLines(rows=4, signed=True, cell_bits=8, input_bits=8, step=0.25, radix=(1,))
        >>> import torch
        >>> seen = Histogram()
        >>> seen.update(torch.linspace(-1, 1, 1001))
        >>> levels = CalibratedRange(percentile=90.0).levels(bits=4, lines=lines, seen=[seen])
        >>> round(15 * levels.step[0], 1)
        1.8
    """

    kind: Literal["calibrated"] = "calibrated"
    percentile: Annotated[float, Field(gt=50, le=100)] = 99.98
    """P: percentage of the calibration signals inside the range."""

    def levels(self, bits: int, lines: BitLines, seen: Sequence[Histogram] | None) -> Levels:
        seen = required(seen, self.kind)
        tail = (100 - self.percentile) / 2
        limits = [(signals.percentile(tail), signals.percentile(100 - tail)) for signals in seen]
        if len(limits) > 1:
            sizes = tie_by_powers_of_two([max(-low, high) for low, high in limits], lines.radix)
            limits = [(-size if low < 0 else 0.0, size) for (low, _), size in zip(limits, sizes, strict=True)]
        return Levels.between(not_empty(limits, lines.step), bits)


def tie_by_powers_of_two(sizes: Sequence[float], radix: Sequence[float]) -> list[float]:
    """Enlarge `sizes` so that they differ by powers of two.

    Each size is tried as the one that stays; the choice with the least quantisation error after shift and add wins.
    """
    positive = [size for size in sizes if size > 0] or [1.0]

    def enlarged(base: float) -> list[float]:
        return [base * 2.0 ** math.ceil(math.log2(size / base) - ROUNDING) if size > 0 else base for size in sizes]

    def error(tied: list[float]) -> float:
        return sum((size * weight) ** 2 for size, weight in zip(tied, radix, strict=True))

    return min((enlarged(base) for base in positive), key=error)
