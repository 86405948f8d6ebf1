"""Throughput, and throughput per watt and per area, of whatever computes: a network on its chips, a unit at work."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar


class Efficiency:
    """What follows from a number of operations and the energy, time and area that they take.

    A subclass is a frozen dataclass that knows these four, for operations that are done again and again, period after
    period: `operations` and `energies_pJ` of a period, `period_ns`, and `areas_mm2`.
    """

    SCALE: ClassVar[float] = 1.0
    """Unit of operations and energies while they are divided: 1e-6 for 10^6 operations and microjoules.

    It cancels, except that it decides how the last digit is rounded. Networks and units have kept theirs, so that a
    cost equals that of earlier versions to the last digit.
    """

    if TYPE_CHECKING:  # only then, because a dataclass would take these properties for default values of its fields

        @property
        def operations(self) -> float:
            """Operations of a period; a multiplication with addition is two."""

        @property
        def energies_pJ(self) -> Mapping[str, float]:
            """Energy of a period by component."""

        @property
        def areas_mm2(self) -> Mapping[str, float]:
            """Area by component."""

    @property
    def period_ns(self) -> float:
        """Time from the start of a period to the start of the next."""
        raise NotImplementedError

    @property
    def energy_pJ(self) -> float:
        """Energy of a period, all components together."""
        return sum(self.energies_pJ.values())

    @property
    def area_mm2(self) -> float:
        """Area of all components together."""
        return sum(self.areas_mm2.values())

    @property
    def TOPS(self) -> float:
        """Operations per second, in units of 10^12."""
        return ratio(1e-3 * self.operations, self.period_ns)

    @property
    def TOPS_per_W(self) -> float:
        """Operations per picojoule; NaN if the library gives no energies."""
        return ratio(self.SCALE * self.operations, self.SCALE * self.energy_pJ)

    @property
    def TOPS_per_mm2(self) -> float:
        """Throughput over area; NaN if the library gives no areas."""
        return ratio(self.TOPS, self.area_mm2)


def ratio(value: float, base: float) -> float:
    """Their quotient, or NaN if `base` is 0: libraries may know energies only, or areas only.

    Examples:
        >>> ratio(3.0, 2.0), ratio(3.0, 0.0)
        (1.5, nan)
    """
    return value / base if base else math.nan
