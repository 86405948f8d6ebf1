"""Why a design loses accuracy, and what may help: what `bitline run` says besides its results."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from bitline.cli.table import Column, Table, name
from bitline.numerics.text import fixed, percent

if TYPE_CHECKING:
    from bitline.evaluation.diagnosis import Diagnosis
    from bitline.evaluation.result import Evaluation

LARGE = 0.1
"""Loss of accuracy from which on bitline looks for its cause without being asked."""
ENOUGH = 100
"""Images of which a loss of that size is no accident."""
FEW = 5
"""Chips of which the interval is wide only because they are few."""
WIDE = 0.01
"""Half of an interval that is wide."""


def is_large(result: Evaluation) -> bool:
    """Whether so much accuracy is lost that its cause is worth a look."""
    from bitline.measures import ACCURACY

    return result.measure == ACCURACY and result.images >= ENOUGH and result.float_accuracy - result.mean > LARGE


def why_parts(found: Diagnosis) -> list[Table | str]:
    """A diagnosis as a table and lines of text."""
    columns = (
        name("without"),
        Column("accuracy", "accuracy", "%", percent),
        Column("regained", "of the loss", "%", lambda share: percent(share, 0)),
    )
    loss = found.loss if found.loss > 0 else math.nan
    rows = [(undone.name, undone.accuracy, (undone.accuracy - found.accuracy) / loss) for undone in found.without]
    title = f"accuracy with one cause undone, {found.images} images on one chip: {percent(found.accuracy)} % as it is"
    lines = [f"why: {found.because}"]
    lines += [f"try: {remedy.name} ({percent(remedy.accuracy, 1)} % on the same images)" for remedy in found.remedies]
    return [Table("causes", columns, rows, title), "\n".join(lines)]


def spread_of_chips(result: Evaluation) -> str:
    """Median, worst chip and interval of the mean, with a word on chips that are few."""
    measure = result.measure
    chips = sorted(result.chip_values, key=lambda value: measure.sign * value)
    if len(chips) < 2:
        return "one chip says nothing about others: --chips 5 shows how much they differ"
    middle = (chips[(len(chips) - 1) // 2] + chips[len(chips) // 2]) / 2
    low, high = result.confidence_interval
    ends = [measure.possible(end) for end in (low, high)]
    text = f"of {len(chips)} chips: median {measure.shown(middle)}, worst {measure.shown(chips[0])}"
    if not measure.is_share:
        return f"{text}; 95 % interval of the mean {measure.shown(low)} to {measure.shown(high)}"
    text += f"; 95 % interval of the mean {' to '.join(map(percent, ends))} %"
    if len(chips) < FEW and (high - low) / 2 > WIDE:
        text += f"; few chips: with 12 about ± {fixed(100 * _half_of(12)(result.std), 1)} points"
    return text


def _half_of(chips: int) -> Callable[[float], float]:
    """Half of the interval of the mean of so many chips, from their standard deviation."""
    from scipy import stats  # here, for the start-up of what does not need it

    factor = float(stats.t.ppf(0.975, chips - 1)) / math.sqrt(chips)
    return lambda deviation: factor * deviation
