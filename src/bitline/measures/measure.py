"""What a measure of quality is: values of each sample, and one number that is made of them.

    values of a sample, (columns,)  ►  sums, (sums,)  ►  mean over samples  ►  the measure, a function of these means

Accuracy has one value for each sample, perplexity two (minus the logarithm of the probability, and the tokens that it
is summed over), and F1 three for each class. Because every measure is a function of means over samples, networks can be
compared sample by sample, and what the choice of samples and of chips does to a measure follows from leaving some out
(`numerics/two_way.py`). A rank statistic such as the area under a curve first turns the scores of all samples into
sums, see `area.py`.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from bitline.errors import DataError
from bitline.numerics.text import fixed, number, percent

Direction = Literal["higher", "lower"]
"""Which values are better."""
Values = NDArray[np.float64]


@dataclass(frozen=True)
class TargetReading:
    """How the targets of a data set are read, the same in all of its batches.

    Attributes:
        of: the targets that outputs are compared with, of the inputs of a batch, a `bitline.data.call.Call`, and its
            targets, None where the data has none.
        note: what a reader should know of it; empty if nothing.

    Examples:
        >>> AS_GIVEN.of(None, 7)
        7
    """

    of: Callable[[Any, Any], Any]
    note: str = ""


def _as_given(call: Any, targets: Any) -> Any:
    return targets


AS_GIVEN = TargetReading(_as_given)
"""Targets as the data has them."""


class Measure(ABC):
    """A measure of quality; derive your own from it.

    Attributes:
        name: in tables, reports and messages.
        unit: '%' where the measure is a fraction that is shown times 100; other units stand behind the number.
        direction: which values are better, 'higher' or 'lower'.
        needs_targets: whether it compares outputs with targets.
        at_positions: whether outputs are scores of classes at every position, see `by_position`.
        limits: the smallest and the largest value that it can have, at which intervals end.
        assumed: what nobody said of it and is taken for granted, as a sentence; empty if nothing.
        requires: what samples must have for it to have a value, in words; empty where that is nothing in particular.
        sample: what a sample is called.

    Examples:
        >>> import torch
        >>> class WithinOne(Measure):
        ...     name, unit = "within one", "%"
        ...
        ...     def values(self, outputs, targets):
        ...         return ((outputs[:, 0] - targets).abs() <= 1)[:, None]
        >>> WithinOne().of(WithinOne().values(torch.tensor([[0.5], [3.0]]), torch.tensor([1.0, 1.0])).numpy())
        0.5
        >>> WithinOne().shown(0.5)
        '50.00 %'
    """

    name: str
    unit: str = ""
    direction: Direction = "higher"
    needs_targets: bool = True
    at_positions: bool = False
    limits: tuple[float, float] = (-math.inf, math.inf)
    assumed: str = ""
    requires: str = ""
    sample: str = "sample"

    @abstractmethod
    def values(self, outputs: Any, targets: Any) -> Tensor:
        """Values of every sample of a batch, (samples, columns), any dtype.

        Args:
            outputs: what the network returned.
            targets: of the same samples; None where the data has none, and `needs_targets` is False.

        Raises:
            DataError: outputs or targets do not suit the measure.
        """

    def checked(self, outputs: Any, targets: Any) -> Any:
        """The targets of all samples, checked before the work where they are in memory.

        Args:
            outputs: what the network returned for the first samples.
            targets: of all samples.

        Raises:
            DataError: they do not suit the measure.
        """
        return targets

    def reading(self, batches: Iterable[Any]) -> TargetReading:
        """How the targets of a data set are read; a measure of language models makes them of inputs.

        Args:
            batches: all samples, of the class `bitline.data.batch.Batch`, read no further than it takes to decide.
        """
        return AS_GIVEN

    def sums(self, values: Values) -> Values:
        """What is added up over samples, (samples, sums), of the values of all samples, (samples, columns)."""
        return values

    def combine(self, means: Values) -> float:
        """The measure, of the means of the sums over samples, (sums,); NaN where it has no value."""
        return float(means[0])

    def of(self, values: Values, subject: str = "these samples") -> float:
        """The measure of some samples.

        Args:
            values: of the samples, (samples, columns).
            subject: what has these values, for the message.

        Raises:
            DataError: it has no value, because of a sample or because there is nothing to compute it from.

        Examples:
            >>> from bitline.measures import MEASURES
            >>> MEASURES["mse"]().of(np.array([[4.0, 2.0], [0.0, 2.0]]))
            1.0
            >>> MEASURES["mse"]().of(np.array([[0.0, 0.0]]))
            Traceback (most recent call last):
            bitline.errors.DataError: mean squared error of these samples has no value: it needs targets ...
        """
        found = self.of_part(values)
        if math.isnan(found):
            sums = self.sums(np.asarray(values, dtype=np.float64))
            broken = np.flatnonzero(np.isnan(sums).any(axis=1))
            why = f"that of sample {broken[0]} is NaN" if len(broken) else self.requires or "it is NaN"
            raise DataError(f"{self.name} of {subject} has no value: {why}")
        return found

    def of_part(self, values: Values) -> float:
        """The measure of some samples, such as the first of many: NaN where it has no value.

        Args:
            values: of the samples, (samples, columns).
        """
        sums = self.sums(np.asarray(values, dtype=np.float64))
        return self.combine(sums.sum(axis=0) / len(sums))

    @property
    def is_share(self) -> bool:
        """Whether it is a fraction that is shown in per cent."""
        return self.unit == "%"

    @property
    def scale(self) -> float:
        """What values are multiplied with where they are shown."""
        return 100.0 if self.is_share else 1.0

    def possible(self, value: float) -> float:
        """The nearest value that the measure can have: an interval of a share ends at 0 and at 100 %."""
        low, high = self.limits
        return value if math.isnan(value) else min(max(value, low), high)

    def possible_change(self, value: float) -> float:
        """The nearest difference that two values can have: shares differ by 100 points at most."""
        low, high = self.limits
        return value if math.isnan(value) else min(max(value, low - high), high - low)

    @property
    def sign(self) -> int:
        """1 where higher values are better, and -1 where lower ones are."""
        return 1 if self.direction == "higher" else -1

    def rank(self, value: float | None) -> float:
        """A number to sort by, the best first: small for a good value, and infinite for one that is not known."""
        return math.inf if value is None or math.isnan(value) else -self.sign * value

    def remarks(self, targets: Any) -> tuple[str, ...]:
        """What a reader should know of the measure on some data, as sentences.

        Args:
            targets: of all samples; None where they are not at hand.
        """
        return (self.assumed,) if self.assumed else ()

    def check_order(self) -> None:
        """Refuse a measure of which nobody said which values are better, where that decides.

        Raises:
            DataError: how to say it.
        """
        if self.assumed:
            raise DataError(self.assumed)

    @property
    def head(self) -> str:
        """Name and unit, for the head of a column or an axis."""
        return f"{self.name} ({self.unit})" if self.unit else self.name

    def better(self, first: float, second: float) -> float:
        """The better one of two values."""
        return max(first, second) if self.direction == "higher" else min(first, second)

    @property
    def title(self) -> str:
        """The name at the beginning of a heading."""
        return self.name[:1].upper() + self.name[1:]

    @property
    def key(self) -> str:
        """The name as a word, for columns and files."""
        return re.sub(r"\W+", "_", self.name).strip("_") or "measure"

    def text(self, value: float | None) -> str:
        """A value as text, without the unit; what is unknown is empty."""
        return percent(value) if self.is_share else number(value)

    def text_of_spread(self, value: float) -> str:
        """A deviation or half a width as text, without the unit."""
        return fixed(100 * value, 2) if self.is_share else number(value, 2)

    @property
    def unit_of_change(self) -> str:
        """Unit of a difference of two values."""
        return "points" if self.is_share else self.unit

    def text_of_change(self, change: float | None) -> str:
        """A difference as text with its sign, without the unit; what is unknown is empty."""
        text = number(change) if not self.is_share or change is None else fixed(100 * change, 2)
        return f"+{text}" if change is not None and change > 0 and text.strip("0.") else text

    def shown(self, value: float | None) -> str:
        """A value as text, with its unit."""
        text = self.text(value)
        return f"{text} {self.unit}" if self.unit and text else text

    def rounded(self, value: float) -> str:
        """A value with its unit as text; a share with one decimal, as few samples decide no second one."""
        return f"{percent(value, 1)} %" if self.is_share else self.shown(value)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self), self.name))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


def require(targets: Any, name: str) -> Any:
    """Targets, where there are some.

    Args:
        targets: of a batch.
        name: of the measure that compares with them.

    Raises:
        DataError: there are none.

    Examples:
        >>> require(None, "accuracy")
        Traceback (most recent call last):
        bitline.errors.DataError: accuracy needs targets, and the data has none: give labels=..., batches (inputs, ...
    """
    if targets is None:
        raise DataError(
            f"{name} needs targets, and the data has none: give labels=..., batches (inputs, targets), or mappings "
            "with 'labels'"
        )
    return targets
