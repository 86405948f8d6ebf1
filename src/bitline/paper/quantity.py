"""Numbers computed from accuracies, which remember the images and chips that they rest on.

A study combines accuracies to what a claim speaks of, and the claim's interval follows from the same formula.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bitline.numerics.two_way import Estimate, Spread, estimate

Source = tuple[str, str]
"""What was measured: the store, which stands for a network and its images, and a key in it."""
Values = NDArray[np.floating]


@dataclass(frozen=True)
class Quantity:
    """A number computed from accuracies.

    Attributes:
        tables: whether each image was right on each chip, (chips, images), by what was measured.
        compute: the number, given the accuracy of each table.
        single: whether it rests on a single chip of several that differ.

    Examples:
        >>> reference = accuracy(("s", "reference"), np.array([[1, 1, 1, 0]]), exact=True)
        >>> chips = accuracy(("s", "analog"), np.array([[1, 1, 0, 0], [1, 0, 1, 0]]))
        >>> loss = combined(lambda exact, analog: 100 * (exact - analog), reference, chips)
        >>> loss.value
        25.0
    """

    tables: Mapping[Source, Values]
    compute: Callable[[Mapping[Source, float]], float]
    single: bool = False

    @property
    def value(self) -> float:
        """The number."""
        tables = {source: table for tables in self._samples().values() for source, table in tables.items()}
        return self.compute({source: float(table.mean()) for source, table in tables.items()})

    def estimate(self) -> Estimate:
        """The number with its spread over chips and images; networks are independent of each other."""
        if not self.tables:
            return Estimate(self.value, ())
        if self.single:
            images = min(table.shape[1] for table in self.tables.values())
            return Estimate(self.value, (Spread(1, images, math.inf, 0.0, 0.0),))
        stores = self._samples()

        def statistic(*means: Values) -> float:
            found = zip(stores.values(), means, strict=True)
            pairs = (pair for sources, of_store in found for pair in zip(sources, of_store, strict=True))
            return self.compute(dict(pairs))

        return estimate(statistic, *(list(sources.values()) for sources in stores.values()))

    def _samples(self) -> dict[str, dict[Source, Values]]:
        """The tables of each store, of the chips and images that all of them have."""
        stores: dict[str, dict[Source, Values]] = defaultdict(dict)
        for source, table in self.tables.items():
            stores[source[0]][source] = table
        return {store: _alike(tables) for store, tables in stores.items()}


def accuracy(source: Source, table: Sequence[Values], exact: bool = False) -> Quantity:
    """Share of the images that were right, on all chips.

    Args:
        source: what was measured.
        table: whether each image was right on each chip, (chips, images); NaN is its share if there is no chip.
        exact: whether all chips are alike, so that one says what all do; one of others says nothing about them.
    """
    if not len(table):
        return unknown()
    return Quantity({source: np.stack(table)}, lambda means: means[source], single=len(table) == 1 and not exact)


def combined(function: Callable[..., float], *quantities: Quantity) -> Quantity:
    """A function of several numbers.

    Args:
        function: takes one number for each quantity.
        quantities: its arguments.

    Examples:
        >>> half = accuracy(("s", "a"), np.array([[0, 1]]), exact=True)
        >>> combined(max, half, half).value
        0.5
    """
    tables = {source: table for quantity in quantities for source, table in quantity.tables.items()}
    single = any(quantity.single for quantity in quantities)
    return Quantity(tables, partial(_compute, function, quantities), single)


def largest(*values: float) -> float:
    """The largest of several numbers; NaN where one of them is, which Python's `max` may pass over.

    Examples:
        >>> largest(1.0, 3.0, 2.0), largest(1.0, math.nan)
        (3.0, nan)
    """
    return float(np.max(values))


def smallest(*values: float) -> float:
    """The smallest of several numbers; NaN where one of them is.

    Examples:
        >>> smallest(1.0, 3.0, 2.0), smallest(1.0, math.nan)
        (1.0, nan)
    """
    return float(np.min(values))


def unknown() -> Quantity:
    """A number that could not be measured.

    Examples:
        >>> math.isnan(unknown().value)
        True
    """
    return Quantity({}, lambda means: math.nan)


def _compute(function: Callable[..., float], quantities: Sequence[Quantity], means: Mapping[Source, float]) -> float:
    return float(function(*(quantity.compute(means) for quantity in quantities)))


def _alike(tables: Mapping[Source, Values]) -> dict[Source, Values]:
    """Tables with the images that all have, and with the chips that all have which have more than one."""
    chips = min((len(table) for table in tables.values() if len(table) > 1), default=1)
    images = min(table.shape[1] for table in tables.values())
    return {source: table[:chips, :images] for source, table in tables.items()}
