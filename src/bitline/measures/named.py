"""A measure of a user's whose name, unit and direction are known before its code runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch import Tensor

from bitline.config.trust import require
from bitline.errors import DataError
from bitline.measures.measure import Direction, Measure, TargetReading
from bitline.measures.registry import measure_of


class NamedMeasure(Measure):
    """The mean over samples of what code of a user's says of each.

    Results of a study can be read, compared and drawn without this code, which runs only where something is measured
    and somebody allowed it.

    Args:
        path: import path of a function of outputs and targets, or of a `Measure` whose value is a mean over samples.
        name: of the measure.
        unit: as `Measure.unit`.
        direction: which values are better.
        assumed: as `Measure.assumed`.

    Examples:
        >>> ratio = NamedMeasure("strangerlib:ratio", "signal-to-error ratio", "dB")
        >>> ratio.shown(31.5), ratio.better(31.5, 20.0)
        ('31.5 dB', 31.5)
        >>> ratio.values(None, None)
        Traceback (most recent call last):
        bitline.errors.DataError: run.metric is 'strangerlib:ratio', and a file may not run code of strangerlib ...
    """

    needs_targets = False

    def __init__(
        self, path: str, name: str, unit: str = "", direction: Direction = "higher", assumed: str = ""
    ) -> None:
        self.path = path
        self.name, self.unit, self.direction, self.assumed = name, unit, direction, assumed

    @classmethod
    def from_code(cls, path: str) -> NamedMeasure:
        """What the code at an import path calls itself; its module is imported.

        Raises:
            DataError: there is no such measure, or it is no mean over samples.
        """
        measure = _loaded(path)
        return cls(path, measure.name, measure.unit, measure.direction, measure.assumed)

    def values(self, outputs: Any, targets: Any) -> Tensor:
        return _loaded(self.path).values(outputs, targets)

    def checked(self, outputs: Any, targets: Any) -> Any:
        return _loaded(self.path).checked(outputs, targets)

    @property
    def at_positions(self) -> bool:  # type: ignore[override]
        return _loaded(self.path).at_positions

    def reading(self, batches: Iterable[Any]) -> TargetReading:
        return _loaded(self.path).reading(batches)


def _loaded(path: str) -> Measure:
    """The measure itself.

    Raises:
        DataError: nobody allowed its code, there is no such measure, or it is no mean over samples.
    """
    require(path, "run.metric", DataError)
    measure = measure_of(path)
    if (type(measure).sums, type(measure).combine) != (Measure.sums, Measure.combine):
        raise DataError(
            f"{path} is a measure that is no mean over samples: a study takes functions of outputs and targets, and "
            "measures that come with bitline; evaluate takes it in Python"
        )
    return measure
