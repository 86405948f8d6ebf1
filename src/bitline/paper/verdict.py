"""Whether measurements agree with a claim: a statistic with its confidence interval, and the words that follow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from scipy import stats

Words = Literal["holds", "does not hold", "not decided"]


@dataclass(frozen=True)
class Verdict:
    """A claim and what was found.

    Attributes:
        claim: the paper's statement.
        statistic: what was computed.
        value: its value.
        low, high: 95 % confidence interval; the value itself where nothing is random.
        above: what it has to exceed for the claim to hold.
    """

    claim: str
    statistic: str
    value: float
    low: float
    high: float
    above: float

    @property
    def words(self) -> Words:
        """Holds where the whole interval lies above the limit, does not hold where it lies below."""
        if math.isnan(self.value):
            return "not decided"
        if self.low > self.above:
            return "holds"
        return "does not hold" if self.high <= self.above else "not decided"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        numbers = {key: None if isinstance(one, float) and not math.isfinite(one) else one
                   for key, one in asdict(self).items()}  # fmt: skip
        return {**numbers, "verdict": self.words}


def measured(claim: str, statistic: str, samples: Sequence[float], above: float = 0.0) -> Verdict:
    """A verdict on the mean of independent samples: one for each chip, or differences of the same chips.

    Args:
        claim: the paper's statement.
        statistic: what a sample is.
        samples: one for each chip; the interval is Student's.
        above: what the mean has to exceed.
    """
    values = np.asarray([one for one in samples if math.isfinite(one)], dtype=float)
    if len(values) == 0:
        return Verdict(claim, statistic, math.nan, math.nan, math.nan, above)
    mean = float(values.mean())
    if len(values) == 1:
        return Verdict(claim, statistic, mean, -math.inf, math.inf, above)
    half = float(stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values)))
    return Verdict(claim, statistic, mean, mean - half, mean + half, above)


def computed(claim: str, statistic: str, value: float, above: float = 0.0) -> Verdict:
    """A verdict on something that is not random: arithmetic, or the weights of one network."""
    return Verdict(claim, statistic, value, value, value, above)


def tolerance(errors: Sequence[float], accuracies: Sequence[float], baseline: float, loss: float = 0.02) -> float:
    """Largest error at which a chip loses no more than `loss`, between measured ones by interpolation.

    Args:
        errors: sizes of the error, ascending.
        accuracies: fraction right at each.
        baseline: fraction right without error.
        loss: fraction that may be lost.

    Returns:
        The error; the largest measured one where even that loses less, 0 where the smallest loses more.
    """
    floor, last_error, last_accuracy = baseline - loss, 0.0, baseline
    for error, accuracy in zip(errors, accuracies, strict=True):
        if accuracy < floor:
            share = (last_accuracy - floor) / (last_accuracy - accuracy)
            return last_error + share * (error - last_error)
        last_error, last_accuracy = error, accuracy
    return float(errors[-1])


def log_ratio(one: float, other: float, largest: float) -> float:
    """Logarithm of the ratio of two tolerances.

    Args:
        one, other: tolerated errors.
        largest: error that was measured; where both chips bear it, their ratio is unknown, and the result NaN.
    """
    if min(one, other) >= largest:
        return math.nan
    smallest = 1e-3 * largest
    return math.log(max(one, smallest) / max(other, smallest))
