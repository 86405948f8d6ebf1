"""An input range that is a setting, such as one that was published with a chip."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bitline.numerics.histogram import Histogram
from bitline.quantize.input_ranges import InputRangePolicy


class GivenInputRange(InputRangePolicy):
    """A range that the design states, whatever the inputs are; larger inputs clip. Calibration decides the sign alone.

    With a rule for each layer (`layers`), every layer gets the range that was published for it.

    Examples:
        >>> import torch
        >>> seen = Histogram()
        >>> seen.update(torch.tensor([0.5, 99.0]))
        >>> GivenInputRange(high=25.5).scale(seen, bits=8)
        InputScale(step=0.1, magnitude_bits=8, signed=False)
    """

    kind: Literal["given"] = "given"
    high: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    """|input| that gets the largest code."""

    @property
    def needs_calibration(self) -> bool:
        return False

    def limit(self, seen: Histogram, magnitude_bits: int) -> float:
        return self.high
