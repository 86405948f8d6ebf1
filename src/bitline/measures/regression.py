"""Errors of a regression, and the share of the variance that it explains. Targets that are NaN do not count."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from bitline.measures.measure import Measure, Values, require
from bitline.measures.outputs import numbers_of, paired

LOST = 1e-11
"""Share of the squares of the targets below which rounding would show in what is left of them without their mean."""
TARGETS = "it needs targets that are not NaN"


class _OfNumbers(Measure):
    """A measure of outputs that are numbers."""

    def remarks(self, targets: Any) -> tuple[str, ...]:
        if targets is None:
            return super().remarks(targets)
        missing = numbers_of(targets, self.name).isnan()
        count, of = int(missing.sum()), missing.numel()
        is_are = "is NaN and does" if count == 1 else "are NaN and do"
        return (*super().remarks(targets), *(f"{count:,} of {of:,} targets {is_are} not count",) * bool(count))


class SquaredError(_OfNumbers):
    """Mean squared error over all outputs of all samples.

    Examples:
        >>> SquaredError().of(SquaredError().values(torch.tensor([[1.0], [3.0]]), [1.0, 1.0]).numpy())
        2.0
    """

    name, direction, requires = "mean squared error", "lower", TARGETS

    def values(self, outputs: Any, targets: Any) -> Tensor:
        """Sum of squared errors and number of outputs, (samples, 2)."""
        error, counted = _errors(outputs, targets, self.name)
        return torch.stack([error.square().sum(1), counted], 1)

    def combine(self, means: Values) -> float:
        return _ratio(means)


class AbsoluteError(_OfNumbers):
    """Mean absolute error over all outputs of all samples.

    Examples:
        >>> AbsoluteError().of(AbsoluteError().values(torch.tensor([[1.0], [3.0]]), [1.0, 1.0]).numpy())
        1.0
    """

    name, direction, requires = "mean absolute error", "lower", TARGETS

    def values(self, outputs: Any, targets: Any) -> Tensor:
        """Sum of absolute errors and number of outputs, (samples, 2)."""
        error, counted = _errors(outputs, targets, self.name)
        return torch.stack([error.abs().sum(1), counted], 1)

    def combine(self, means: Values) -> float:
        return _ratio(means)


class ExplainedVariance(_OfNumbers):
    """R2, 1 - (sum of squared errors) / (sum of squared deviations of the targets from their mean).

    Several outputs of a sample are taken together.

    Examples:
        >>> ExplainedVariance().of(ExplainedVariance().values(torch.tensor([[1.0], [3.0]]), [1.0, 2.0]).numpy())
        -1.0
    """

    name, requires = "R2", "it needs targets that differ by more than a 300,000th of their size"

    def values(self, outputs: Any, targets: Any) -> Tensor:
        """Sums of squared errors, of targets and of their squares, and number of outputs, (samples, 4)."""
        error, counted = _errors(outputs, targets, self.name)
        wanted = paired(outputs, targets, self.name)[1].nan_to_num(0.0)
        return torch.stack([error.square().sum(1), wanted.sum(1), wanted.square().sum(1), counted], 1)

    def combine(self, means: Values) -> float:
        error, total, squares, counted = map(float, means)
        variance = squares - total * total / counted if counted else 0.0
        return 1 - error / variance if variance > LOST * squares else float("nan")


def _errors(outputs: Any, targets: Any, name: str) -> tuple[Tensor, Tensor]:
    """Errors of all outputs, 0 where there is no target, (samples, values), and how many there are, (samples,)."""
    found, wanted = paired(outputs, require(targets, name), name)
    counted = ~wanted.isnan()
    return torch.where(counted, found - wanted, 0.0), counted.sum(1).double()


def _ratio(means: Values) -> float:
    return float(means[0] / means[1]) if means[1] else float("nan")
