"""How far a cost may lie off: the uncertainty of every number of a library, carried to what follows from it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from bitline.config.arguments import check_fields, checked
from bitline.cost.library import Library
from bitline.cost.quantity import Quantity
from bitline.errors import DesignError
from bitline.numerics.text import number

ESTIMATE = 2.0
"""Factor by which an estimate without a range may lie off."""
PUBLISHED = 1.2
"""Factor by which a published number without a range may lie off: rounding, reading of figures, another process."""


@dataclass(frozen=True)
class Interval:
    """What a number may well be.

    Attributes:
        low: lower end.
        high: upper end.

    Examples:
        >>> Interval(1.0, 3.0).overlaps(Interval(2.0, 5.0)), 4.0 in Interval(1.0, 3.0)
        (True, False)
        >>> print(Interval(1.0, 3.25))
        1 to 3.25
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        check_fields(self, DesignError)

    @checked(DesignError)
    def overlaps(self, other: Interval) -> bool:
        """Whether a value may lie in both."""
        return self.low <= other.high and other.low <= self.high

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{number(self.low, 3)} to {number(self.high, 3)}"


def bounds(quantity: Quantity) -> Interval:
    """What a number of a library may well be: its range, or the usual factor of estimates or published numbers.

    A share is 1 at most.

    Examples:
        >>> print(bounds(Quantity(value=2.0)), "and", bounds(Quantity(value=2.0, source="Table 1")))
        1 to 4 and 1.67 to 2.4
    """
    if quantity.range is not None:
        return Interval(*quantity.range)
    factor = ESTIMATE if quantity.is_estimate else PUBLISHED
    return Interval(quantity.value / factor, min(quantity.value * factor, quantity.LARGEST))


def intervals(totals: Callable[[Library], dict[str, float]], library: Library) -> dict[str, Interval]:
    """Intervals of what follows from a library.

    Every number is put at both ends of what it may be while the others stay, and the deviations are taken as
    independent: their logarithms are added in quadrature, upwards and downwards apart.

    Args:
        totals: numbers above 0 by name, from a library; others get no interval.
        library: circuits.

    Examples:
        >>> from bitline.cost import core_cost
        >>> library = Library.load("sonos-40nm")
        >>> found = intervals(lambda other: {"TOPS/W": core_cost("sonos-a", other).TOPS_per_W}, library)
        >>> print(found["TOPS/W"])
        22.9 to 74.1
    """
    central = {name: value for name, value in totals(library).items() if value > 0}
    up, down = dict.fromkeys(central, 0.0), dict.fromkeys(central, 0.0)
    for name, quantity in library.quantities().items():
        if quantity.value == 0:
            continue
        ends = [_logarithms(totals, library.with_settings({name: end}), central) for end in _ends(quantity)]
        for total in central:
            shifts = [end[total] for end in ends]
            up[total] += max(0.0, *shifts) ** 2
            down[total] += min(0.0, *shifts) ** 2
    return {
        name: Interval(value * math.exp(-math.sqrt(down[name])), value * math.exp(math.sqrt(up[name])))
        for name, value in central.items()
    }


def _ends(quantity: Quantity) -> tuple[float, float]:
    interval = bounds(quantity)
    return interval.low, interval.high


def _logarithms(
    totals: Callable[[Library], dict[str, float]], library: Library, central: dict[str, float]
) -> dict[str, float]:
    """Logarithms of what follows from a library over what is central."""
    found = totals(library)
    return {name: math.log(found[name] / value) for name, value in central.items()}
