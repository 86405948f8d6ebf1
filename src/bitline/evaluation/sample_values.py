"""What a measure says of each sample, so that networks are compared sample by sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bitline.measures import Measure
from bitline.measures.measure import Values
from bitline.numerics.two_way import Estimate, estimate


@dataclass(frozen=True)
class SampleValues:
    """Values of each sample, of which measures are made; see `Measure.values`.

    Attributes:
        original: of the float network, (samples, columns).
        reference: of the quantised reference, (samples, columns).
        chips: of each chip, (samples, columns).

    Examples:
        >>> from bitline.measures import ACCURACY
        >>> right = np.repeat([[1.0], [0.0]], [450, 50], axis=0)
        >>> seen = SampleValues(right, right, (right, 1 - right))
        >>> seen.quality(ACCURACY).value, seen.loss(ACCURACY).value
        (0.5, 0.4)
    """

    original: Values
    reference: Values
    chips: tuple[Values, ...]

    def quality(self, measure: Measure) -> Estimate:
        """The measure of all chips together, with its interval over the choice of chips and of samples.

        Sums over samples are averaged over chips before the measure is made of them. For a measure that is no mean,
        such as perplexity, that is not quite the mean over chips.
        """
        return estimate(measure.combine, tables(measure, self.chips))

    def loss(self, measure: Measure) -> Estimate:
        """How much worse the chips are than the quantised reference on the same samples; positive where they are.

        It has the unit of the measure, and an interval as for `quality`.
        """
        chips, reference = tables(measure, self.chips), tables(measure, [self.reference])
        size = len(chips)

        def difference(means: Values) -> float:
            return measure.sign * (measure.combine(means[size:]) - measure.combine(means[:size]))

        return estimate(difference, [*chips, *reference])


def tables(measure: Measure, chips: Sequence[Values]) -> list[Values]:
    """For each sum of a measure a table, (chips, samples).

    Args:
        measure: made of these sums.
        chips: values of the samples on each chip, (samples, columns).

    Examples:
        >>> from bitline.measures import ACCURACY
        >>> [table.tolist() for table in tables(ACCURACY, [np.array([[1.0], [0.0]]), np.array([[1.0], [1.0]])])]
        [[[1.0, 0.0], [1.0, 1.0]]]
    """
    return list(np.stack([measure.sums(values).T for values in chips], axis=1))
