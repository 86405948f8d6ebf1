"""An estimate of a measure, such as accuracy, of a design that nobody has measured, from those that somebody has.

The signal-to-error ratio of the network's last analog layer varies smoothly with the settings of a design: it is
interpolated between measured designs by a Gaussian process (Rasmussen and Williams, "Gaussian Processes for Machine
Learning", 2006, chapter 2). A curve through the measured pairs of ratio and value makes a value of it: it leads from
the value of a network without errors to the worst one, which is chance for accuracy and fitted for other measures. Both
uncertainties are shown, and where nothing alike was measured there is no estimate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitline.measures import Measure

Values = NDArray[np.float64]

FEWEST = 4
"""Measured designs without which there is no estimate."""
MOST = 200
"""Measured designs that are used: the last ones."""
NOISE_dB = 0.7
"""Standard deviation of a measured ratio, over chips and images."""
LENGTHS = (0.3, 0.6, 1.2, 2.4)
"""Distances over which designs are alike, as shares of the range of a setting that was measured."""
RATIO = 4.0
"""Ratio of the largest to the smallest value of a setting from which on its logarithm is taken."""


@dataclass(frozen=True)
class Known:
    """A measured design.

    Attributes:
        settings: what its answers depend on, by dotted name.
        ratio_db: signal-to-error ratio of the last analog layer.
        value: of the measure, mean over chips.
    """

    settings: Mapping[str, Any]
    ratio_db: float
    value: float


@dataclass(frozen=True)
class Guess:
    """A value with its uncertainty, or the reason why there is none.

    Attributes:
        value: of the measure; NaN without an estimate.
        low, high: 95 % interval.
        words: what it rests on, or why there is none.
    """

    value: float
    low: float
    high: float
    words: str

    @classmethod
    def none(cls, words: str) -> Guess:
        """No estimate, and why."""
        return cls(math.nan, math.nan, math.nan, words)


@dataclass(frozen=True)
class Bounds:
    """Between what a measure lies.

    Attributes:
        measure: what is estimated.
        best: its value for a network without errors.
        worst: its value for a network that knows nothing; None where nobody knows.

    Examples:
        >>> from bitline.measures import ACCURACY
        >>> Bounds(ACCURACY, 0.9, 0.1).is_logarithmic(np.array([0.2, 0.8]))
        False
    """

    measure: Measure
    best: float
    worst: float | None = None

    def is_logarithmic(self, values: Values) -> bool:
        """Whether the logarithms of values are estimated: of those that span much and have no upper end."""
        positive = self.best > 0 and bool((values > 0).all())
        return not self.measure.is_share and positive and bool(values.max() > RATIO * values.min())


def guess_quality(measured: Sequence[Known], settings: Mapping[str, Any], bounds: Bounds) -> Guess:
    """Estimate a measure of a design.

    Args:
        measured: designs that are known.
        settings: what the answers of the design depend on, by dotted name.
        bounds: the measure, and what its values lie between.

    Examples:
        >>> from bitline.measures import ACCURACY
        >>> ratios = {4: 3.0, 5: 9.0, 7: 20.0, 8: 24.0}
        >>> known = [Known({"adc.bits": bits}, ratio, 0.1 + 0.8 / (1 + math.exp(6 - ratio)))
        ...          for bits, ratio in ratios.items()]
        >>> guess = guess_quality(known, {"adc.bits": 6}, Bounds(ACCURACY, 0.9, 0.1))
        >>> guess.low < 0.9 == round(guess.value, 2)
        True
        >>> guess_quality(known, {"adc.bits": 6, "cell.time": 60.0}, Bounds(ACCURACY, 0.9, 0.1)).words
        'not measured yet: no measured design has another cell.time than none'
    """
    known = [entry for entry in measured if math.isfinite(entry.ratio_db)][-MOST:]
    if len(known) < FEWEST:
        more = FEWEST - len(known)
        return Guess.none(f"not measured yet: measure {more} more design{'s' * (more > 1)} for an estimate")
    unseen = _unseen(known, settings)
    if unseen:
        return Guess.none(f"not measured yet: {unseen}")
    ratios = np.array([entry.ratio_db for entry in known])
    distances = _distances([*(entry.settings for entry in known), settings])
    mean, deviation = _interpolated(distances[:-1, :-1], distances[-1, :-1], ratios)
    values = np.array([entry.value for entry in known])
    if bounds.is_logarithmic(values):
        curve = _Curve.through(ratios, np.log(values), replace(bounds, best=math.log(bounds.best)))
        low, middle, high = (math.exp(value) for value in curve.between(mean, deviation))
    else:
        curve = _Curve.through(ratios, values, bounds)
        low, middle, high = map(bounds.measure.possible, curve.between(mean, deviation))
    low = low if bounds.worst is None else max(bounds.worst / 2, low)
    words = f"estimate from {len(known)} measured designs; measure it to be sure"
    return Guess(middle, low, high, words)


def _unseen(known: Sequence[Known], settings: Mapping[str, Any]) -> str:
    """A setting of which the measured designs say nothing, in words."""
    names = dict.fromkeys([*settings, *(name for entry in known for name in entry.settings)])
    for name in names:
        values = {repr(entry.settings.get(name)) for entry in known}
        value = settings.get(name)
        if repr(value) in values:
            continue
        if len(values) == 1:
            return f"no measured design has another {name} than {known[0].settings.get(name) or 'none'}"
        if not _is_number(value):
            return f"no measured design has {name} = {value}"
    return ""


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _distances(designs: Sequence[Mapping[str, Any]]) -> Values:
    """Squares of distances between designs, (designs, designs): each setting that differs counts as much as another."""
    names = dict.fromkeys(name for design in designs for name in design)
    total = np.zeros((len(designs), len(designs)))
    for name in names:
        values = [design.get(name) for design in designs]
        if len(set(map(repr, values))) == 1:
            continue
        if all(map(_is_number, values)):
            place = np.array(values, dtype=float)
            if place.min() > 0 and place.max() > RATIO * place.min():
                place = np.log(place)
            place = (place - place.min()) / (place.max() - place.min())
            total += (place[:, None] - place[None, :]) ** 2
        else:
            words = np.array(list(map(repr, values)))
            total += words[:, None] != words[None, :]
    return total


def _interpolated(between: Values, to_new: Values, ratios: Values) -> tuple[float, float]:
    """Mean and standard deviation of the ratio of a new design.

    Args:
        between: squares of distances of the measured designs, (designs, designs).
        to_new: those to the new one, (designs,).
        ratios: measured, (designs,).
    """
    centre, size = ratios.mean(), max(float(ratios.var()), 4 * NOISE_dB**2)
    rest = ratios - centre
    best: tuple[float, float, float] | None = None
    for length in LENGTHS:
        covariance = size * np.exp(-between / (2 * length**2)) + NOISE_dB**2 * np.eye(len(ratios))
        factor = np.linalg.cholesky(covariance)
        weights = np.linalg.solve(covariance, rest)
        likelihood = float(-rest @ weights / 2 - np.log(np.diag(factor)).sum())
        near = size * np.exp(-to_new / (2 * length**2))
        mean = float(centre + near @ weights)
        variance = float(size + NOISE_dB**2 - near @ np.linalg.solve(covariance, near))
        if best is None or likelihood > best[0]:
            best = (likelihood, mean, math.sqrt(max(variance, NOISE_dB**2)))
    assert best is not None
    return best[1], best[2]


@dataclass(frozen=True)
class _Curve:
    """A measure against the signal-to-error ratio: from the worst to the best, steepest at the middle."""

    middle_db: float
    width_db: float
    best: float
    worst: float
    residual: float

    @classmethod
    def through(cls, ratios: Values, values: Values, bounds: Bounds) -> _Curve:
        """The curve with the least squares."""
        found = None
        best = bounds.measure.better(bounds.best, float(values.max() if bounds.measure.sign > 0 else values.min()))
        for middle in np.linspace(ratios.min() - 15, ratios.max() + 10, 60):
            for width in (0.7, 1.0, 1.5, 2.0, 3.0, 4.5):
                share = 1 - _share(ratios, float(middle), width)
                worst = bounds.worst
                if worst is None:
                    worst = best + float((values - best) @ share) / max(float(share @ share), 1e-9)
                curve = cls(float(middle), width, best, worst, 0.0)
                error = float(np.square(curve.at_all(ratios) - values).mean())
                if found is None or error < found[0]:
                    found = (error, curve)
        assert found is not None
        return replace(found[1], residual=math.sqrt(found[0]))

    def between(self, mean: float, deviation: float) -> tuple[float, float, float]:
        """The least, the middle and the largest value of a ratio that is known so well."""
        ends = [float(self.at_all(np.array([mean + away * deviation]))[0]) for away in (-2.0, 0.0, 2.0)]
        return min(ends) - 2 * self.residual, ends[1], max(ends) + 2 * self.residual

    def at_all(self, ratios: Values) -> Values:
        share = _share(ratios, self.middle_db, self.width_db)
        return np.asarray(self.worst + (self.best - self.worst) * share)


def _share(ratios: Values, middle: float, width: float) -> Values:
    return np.asarray(1 / (1 + np.exp(-np.clip((ratios - middle) / width, -60, 60))))
