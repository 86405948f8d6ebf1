"""The range policies that a design can name: one line each."""

from __future__ import annotations

from typing import Annotated

from bitline.config.variants import Variants
from bitline.readout.ranges.aligned import AlignedRange
from bitline.readout.ranges.best_output import BestOutputRange
from bitline.readout.ranges.calibrated import CalibratedRange
from bitline.readout.ranges.full import FullRange
from bitline.readout.ranges.given import GivenRange
from bitline.readout.ranges.guaranteed import GuaranteedRange
from bitline.readout.ranges.least_error import LeastErrorAdcRange

AnyRange = Annotated[
    CalibratedRange | AlignedRange | LeastErrorAdcRange | BestOutputRange | FullRange | GivenRange | GuaranteedRange,
    Variants(default="calibrated"),
]
