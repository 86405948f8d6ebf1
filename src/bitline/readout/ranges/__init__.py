"""Which voltages an ADC can tell apart: the range policies (Xiao et al. 2022, section 6).

To add a policy, write one file with a `RangePolicy` and add it to `AnyRange` in `registry.py`.
"""

from bitline.readout.ranges.aligned import AlignedRange
from bitline.readout.ranges.best_output import BestOutputRange
from bitline.readout.ranges.calibrated import CalibratedRange
from bitline.readout.ranges.full import FullRange
from bitline.readout.ranges.given import GivenRange
from bitline.readout.ranges.guaranteed import GuaranteedRange
from bitline.readout.ranges.least_error import LeastErrorAdcRange
from bitline.readout.ranges.policy import RangePolicy
from bitline.readout.ranges.registry import AnyRange

__all__ = [
    "AlignedRange",
    "AnyRange",
    "BestOutputRange",
    "CalibratedRange",
    "FullRange",
    "GivenRange",
    "GuaranteedRange",
    "LeastErrorAdcRange",
    "RangePolicy",
]
