"""Whether measurements agree with a claim: a quantity with its confidence interval, and the bound that is claimed."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from bitline.numerics.confidence import deviation
from bitline.numerics.text import number
from bitline.numerics.two_way import Estimate, Spread

if TYPE_CHECKING:
    from bitline.paper.quantity import Quantity

Words = Literal["holds", "does not hold", "not decided"]
Relation = Literal["<", "<=", ">", ">="]
RELATIONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
"""What a relation asks of a value and a bound."""
SMALLEST = 1e-3
"""Tolerance, over the largest error that was measured, below which `log_ratio` tells nothing apart."""
MOST = 10**7
"""Images times chips that nobody will measure: a verdict that needs more says that the value lies on the bound."""


@dataclass(frozen=True)
class Verdict:
    """A claim of the paper, stated as a bound on a quantity, and what was found of that quantity.

    Attributes:
        claim: the paper's statement.
        quantity: what was measured or computed, with its unit.
        value: its value; NaN if nothing was found.
        low, high: ends of its 95 % confidence interval over chips and images; the value itself if nothing is random.
        relation: how the quantity relates to the bound if the claim is true.
        bound: the value that the claim compares the quantity with.
        p_value: probability of a value as far from the bound, if the bound is the truth; NaN if nothing is random.
        needed: how many chips and images would decide, in words; empty if it is decided, or cannot be told.
        published: what the paper gives for the quantity.

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
    p_value: float = math.nan
    needed: str = ""
    published: str = ""

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
        missing = {"value": math.nan, "low": -math.inf, "high": math.inf, "p_value": math.nan}
        kept: dict[str, Any] = {
            name: missing[name] if value is None else value for name, value in content.items() if name != "verdict"
        }
        return cls(**kept)


@dataclass(frozen=True)
class Claim:
    """A statement of the paper, to be judged by what is measured or computed.

    Attributes:
        text: the statement, with the place where the paper makes it.
        published: what the paper gives for the quantity, as precisely as it does; empty where it gives none.

    Examples:
        Losses of three chips decide whether a design loses less than a point; a ratio of means is arithmetic.

        >>> claim = Claim("Design A loses less than one point.")
        >>> claim.sampled("loss in points, by chip", [0.3, 0.5, 0.4], "<", 1).found
        '0.4 [0.152, 0.648]'
        >>> claim.computed("loss in points", 1.2, "<", 1).words
        'does not hold'
    """

    text: str
    published: str = ""

    def measured(self, name: str, quantity: Quantity, relation: Relation, bound: float) -> Verdict:
        """Judge a number computed from accuracies; its interval is over chips and images, see `numerics.two_way`.

        Args:
            name: what the number is, with its unit.
            quantity: the number.
            relation: how it relates to the bound if the claim is true.
            bound: what it is compared with.
        """
        return self._judged(name, quantity.estimate(), relation, float(bound))

    def ratio(self, name: str, logarithm: Quantity, relation: Relation, bound: float) -> Verdict:
        """Judge a ratio: its interval is that of its logarithm.

        Args:
            name: what the ratio is of.
            logarithm: natural logarithm of the ratio, as `measurements.ratio` gives it.
            relation: how the ratio relates to the bound if the claim is true.
            bound: what the ratio is compared with.
        """
        verdict = self._judged(name, logarithm.estimate(), relation, math.log(bound))
        value, low, high = (_exponential(end) for end in (verdict.value, verdict.low, verdict.high))
        return replace(verdict, value=value, low=low, high=high, bound=float(bound))

    def sampled(self, name: str, samples: Sequence[float], relation: Relation, bound: float) -> Verdict:
        """Judge the mean of independent samples, such as one of each chip, by Student's interval.

        Args:
            name: what a sample is, with its unit.
            samples: finite.
            relation: how the mean relates to the bound if the claim is true.
            bound: what the mean is compared with.
        """
        variance = deviation(samples) ** 2 / len(samples) if len(samples) > 1 else math.inf
        spread = Spread(len(samples), 1, from_chips=variance, from_images=0.0, from_both=0.0)
        return self._judged(name, Estimate(sum(samples) / len(samples), (spread,)), relation, float(bound))

    def _judged(self, name: str, found: Estimate, relation: Relation, bound: float) -> Verdict:
        low, high = found.interval()
        p_value = found.p_value(bound)
        verdict = Verdict(self.text, name, found.value, low, high, relation, bound, p_value, published=self.published)
        undecided = verdict.words == "not decided"
        return replace(verdict, needed=_needed(found, bound) if undecided else "")

    def computed(self, quantity: str, value: float, relation: Relation, bound: float) -> Verdict:
        """Judge a number that is not random: arithmetic, or a property of one network's weights or images.

        Args:
            quantity: what the number is, with its unit.
            value: the number; NaN if it is unknown.
            relation: how it relates to the bound if the claim is true.
            bound: what it is compared with.
        """
        return Verdict(self.text, quantity, *3 * (float(value),), relation, float(bound), published=self.published)


def corrected(verdicts: Sequence[Verdict], error: float = 0.05) -> list[Words]:
    """Verdicts on several claims together: all that are decided are right in 95 % of cases (Holm's step-down method).

    Claims that rest on nothing random count as they are; of the others, the clearest are decided first, each against a
    stricter bound than it would be alone (Holm, Scand. J. Stat. 6, 65, 1979).

    Args:
        verdicts: on all claims that are read together.
        error: probability that any of them is wrong.

    Examples:
        >>> clear = Verdict("a", "loss", 0.4, 0.3, 0.5, "<", 1.0, p_value=0.001)
        >>> close = Verdict("b", "loss", 0.9, 0.8, 0.99, "<", 1.0, p_value=0.04)
        >>> corrected([clear]), corrected([close]), corrected([close, clear])
        (['holds'], ['holds'], ['holds', 'holds'])
        >>> corrected([close, close])
        ['not decided', 'not decided']
    """
    words = [verdict.words for verdict in verdicts]
    uncertain = [place for place, verdict in enumerate(verdicts) if not math.isnan(verdict.p_value)]
    uncertain.sort(key=lambda place: verdicts[place].p_value)
    for rank, place in enumerate(uncertain):
        if verdicts[place].p_value > error / (len(uncertain) - rank):
            for undecided in uncertain[rank:]:
                words[undecided] = "not decided"
            break
    return words


def tolerance(errors: Sequence[float], accuracies: Sequence[float], baseline: float, loss: float = 0.02) -> float:
    """Largest error that costs no more than `loss`, interpolated between the measured ones.

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


def _needed(found: Estimate, bound: float) -> str:
    """How many chips and images would decide."""
    needed = found.needed(bound)
    if needed is None:
        return ""
    chips, images = needed
    if chips * images > MOST:
        return "too close to the bound to be decided"
    spread = found.spreads[0]
    more = [f"{_two_digits(images):,} images"] if images > spread.images else []
    more += [f"{_two_digits(chips):,} chips"] if chips > spread.chips else []
    return f"about {' and '.join(more)} would decide" if more else ""


def _two_digits(count: int) -> int:
    """The next whole number with no more than two digits that are not zero.

    Examples:
        >>> _two_digits(7), _two_digits(361), _two_digits(9_910)
        (7, 370, 10000)
    """
    unit = int(10 ** max(0, len(str(count)) - 2))
    return -(-count // unit) * unit


def _exponential(logarithm: float) -> float:
    """exp, or infinity where it is beyond the numbers of a computer."""
    try:
        return math.exp(logarithm)
    except OverflowError:
        return math.inf


def _text(value: float) -> str:
    """Three digits, without what is left of a difference of equal floating-point numbers."""
    return {math.inf: "∞", -math.inf: "−∞"}.get(value) or number(round(value, 12), 3)
