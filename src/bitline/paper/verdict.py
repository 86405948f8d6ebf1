"""Whether measurements agree with a claim: a quantity with its confidence interval, and the bound that is claimed."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from scipy import stats

from bitline.numerics.text import number

Words = Literal["holds", "does not hold", "not decided"]
Relation = Literal["<", "<=", ">", ">="]
RELATIONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
"""What a relation asks of a value and a bound."""
SMALLEST = 1e-3
"""Tolerance, over the largest error that was measured, below which `log_ratio` tells nothing apart."""


@dataclass(frozen=True)
class Verdict:
    """A claim of the paper, stated as a bound on a quantity, and what was found of that quantity.

    Attributes:
        claim: the paper's statement.
        quantity: what was measured or computed, with its unit.
        value: its value; NaN if nothing was found.
        low, high: ends of its 95 % confidence interval; the value itself if nothing is random.
        relation: how the quantity relates to the bound if the claim is true.
        bound: the value that the claim compares the quantity with.

    Examples:
        >>> verdict = Verdict("Design A loses little.", "loss in points", 0.4, 0.1, 0.7, "<", 1.0)
        >>> verdict.words, verdict.found, verdict.claimed
        ('holds', '0.4 [0.1, 0.7]', '< 1')
        >>> Verdict("Design A loses little.", "loss in points", 0.9, 0.6, 1.2, "<", 1.0).words
        'not decided'
    """

    claim: str
    quantity: str
    value: float
    low: float
    high: float
    relation: Relation
    bound: float

    @property
    def words(self) -> Words:
        """The claim holds if it is true of the whole interval, and does not hold if it is true of no part of it."""
        if math.isnan(self.value):
            return "not decided"
        low, high = (RELATIONS[self.relation](end, self.bound) for end in (self.low, self.high))
        if low != high:
            return "not decided"
        return "holds" if low else "does not hold"

    @property
    def found(self) -> str:
        """The value with its interval, as text; 'unknown' if there is no value."""
        if math.isnan(self.value):
            return "unknown"
        value, low, high = (_text(end) for end in (self.value, self.low, self.high))
        return value if self.low == self.high else f"{value} [{low}, {high}]"

    @property
    def claimed(self) -> str:
        """The relation and the bound, as text."""
        return f"{self.relation} {_text(self.bound)}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, with the verdict's words; a number that is not finite becomes None."""
        plain = {
            name: None if isinstance(content, float) and not math.isfinite(content) else content
            for name, content in asdict(self).items()
        }
        return {**plain, "verdict": self.words}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Verdict:
        """The opposite of `to_dict`."""
        missing = {"value": math.nan, "low": -math.inf, "high": math.inf}
        kept: dict[str, Any] = {
            name: missing[name] if value is None else value for name, value in content.items() if name != "verdict"
        }
        return cls(**kept)


@dataclass(frozen=True)
class Claim:
    """A statement of the paper, to be judged by what is measured or computed.

    Attributes:
        text: the statement, with the place where the paper makes it.

    Examples:
        Losses of three chips decide whether a design loses less than a point; a ratio of means is arithmetic.

        >>> claim = Claim("Design A loses less than one point.")
        >>> claim.measured("loss in points, by chip", [0.3, 0.5, 0.4], "<", 1).found
        '0.4 [0.152, 0.648]'
        >>> claim.computed("loss in points", 1.2, "<", 1).words
        'does not hold'
        >>> claim.ratio("tolerated errors, A over B, by chip", [math.log(8), math.log(2)], ">", 1).value
        4.0
    """

    text: str

    def measured(self, quantity: str, samples: Sequence[float], relation: Relation, bound: float) -> Verdict:
        """Judge the mean of independent samples: one of each chip, or differences between designs on the same chip.

        Args:
            quantity: what a sample is, with its unit.
            samples: one of each chip; those that are not finite are unknown and left out. The interval is Student's.
            relation: how the mean relates to the bound if the claim is true.
            bound: what the mean is compared with.
        """
        return Verdict(self.text, quantity, *_interval(samples), relation, float(bound))

    def ratio(self, quantity: str, logarithms: Sequence[float], relation: Relation, bound: float) -> Verdict:
        """Judge the geometric mean of a ratio: its interval is that of the mean logarithm.

        Args:
            quantity: what the ratio is of.
            logarithms: natural logarithm of the ratio on each chip, as `log_ratio` gives it.
            relation: how the ratio relates to the bound if the claim is true.
            bound: what the ratio is compared with.
        """
        value, low, high = (_exponential(end) for end in _interval(logarithms))
        return Verdict(self.text, quantity, value, low, high, relation, float(bound))

    def computed(self, quantity: str, value: float, relation: Relation, bound: float) -> Verdict:
        """Judge a number that is not random: arithmetic, or a property of one network's weights or images.

        Args:
            quantity: what the number is, with its unit.
            value: the number; NaN if it is unknown.
            relation: how it relates to the bound if the claim is true.
            bound: what it is compared with.
        """
        return Verdict(self.text, quantity, *3 * (float(value),), relation, float(bound))


def tolerance(errors: Sequence[float], accuracies: Sequence[float], baseline: float, loss: float = 0.02) -> float:
    """Largest error at which a chip loses no more than `loss`, interpolated between the measured ones.

    Args:
        errors: sizes of the error, ascending.
        accuracies: fraction of images classified correctly with each.
        baseline: fraction classified correctly without error.
        loss: fraction that may be lost.

    Returns:
        The error: the largest measured one if even that loses less. If the smallest loses more, the error is
        interpolated between it and no error.

    Examples:
        >>> round(tolerance([0.1, 0.2], [0.98, 0.94], baseline=0.98), 3)
        0.15
        >>> tolerance([0.1, 0.2], [0.98, 0.97], baseline=0.98)
        0.2
    """
    floor, last_error, last_accuracy = baseline - loss, 0.0, baseline
    for error, accuracy in zip(errors, accuracies, strict=True):
        if accuracy < floor:
            share = (last_accuracy - floor) / (last_accuracy - accuracy)
            return last_error + share * (error - last_error)
        last_error, last_accuracy = error, accuracy
    return float(errors[-1])


def log_ratio(tolerated: float, reference: float, largest: float) -> float:
    """Natural logarithm of the ratio of two tolerances.

    Args:
        tolerated, reference: tolerated errors; those below `SMALLEST` of the largest error count as that.
        largest: largest error that was measured.

    Returns:
        The logarithm of `tolerated` over `reference`; NaN if both tolerate the largest error, since their ratio is
        then unknown.

    Examples:
        >>> round(log_ratio(0.2, 0.1, largest=0.5), 3)
        0.693
        >>> log_ratio(0.5, 0.5, largest=0.5)
        nan
    """
    if min(tolerated, reference) >= largest:
        return math.nan
    smallest = SMALLEST * largest
    return math.log(max(tolerated, smallest) / max(reference, smallest))


def _interval(samples: Sequence[float]) -> tuple[float, float, float]:
    """Mean of the finite samples, and Student's 95 % interval of it: infinite for one sample, NaN for none."""
    values = np.asarray([sample for sample in samples if math.isfinite(sample)], dtype=float)
    if len(values) == 0:
        return math.nan, math.nan, math.nan
    mean = float(values.mean())
    if len(values) == 1:
        return mean, -math.inf, math.inf
    half = float(stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values)))
    return mean, mean - half, mean + half


def _exponential(logarithm: float) -> float:
    """exp, or infinity where it is beyond the numbers of a computer."""
    try:
        return math.exp(logarithm)
    except OverflowError:
        return math.inf


def _text(value: float) -> str:
    """Three digits, without what is left of a difference of equal floating-point numbers."""
    return {math.inf: "∞", -math.inf: "−∞"}.get(value) or number(round(value, 12), 3)
