"""What was found to cost a design its accuracy, and what helps."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bitline.measures import ACCURACY, Measure
from bitline.numerics.confidence import known


@dataclass(frozen=True)
class Undone:
    """A design with one cause removed, or with a remedy.

    Attributes:
        name: of the cause, or the options of a command line that apply the remedy.
        value: the measure, on the samples that were tried.

    Examples:
        >>> Undone("ADC levels", 0.91).value
        0.91
    """

    name: str
    value: float


@dataclass(frozen=True)
class Diagnosis:
    """Why a design loses accuracy, or is worse by another measure.

    Attributes:
        value: of the design on the samples that were tried, on one chip.
        wanted: of the float network on the same samples.
        without: the measure with each cause undone, the best first.
        because: one sentence.
        remedies: what helps, the best first; at most three.
        images: how many samples were tried.
        measure: what was measured.

    Examples:
        >>> found = Diagnosis(0.4, 0.92, (Undone("ADC levels", 0.9),), "too few levels.", (), images=128)
        >>> round(found.loss, 2)
        0.52
    """

    value: float
    wanted: float
    without: tuple[Undone, ...]
    because: str
    remedies: tuple[Undone, ...]
    images: int
    measure: Measure = ACCURACY

    @property
    def loss(self) -> float:
        """How much worse the design is than the float network, positive whatever the direction of the measure."""
        return self.measure.sign * (self.wanted - self.value)

    def to_dict(self) -> dict[str, object]:
        """Everything as plain values, for JSON; the measure by its name, and what part of the loss is regained.

        Examples:
            >>> found = Diagnosis(0.4, 0.9, (Undone("ADC levels", 0.65),), "too few levels", (), images=128)
            >>> found.to_dict()["without"]
            [{'cause': 'ADC levels', 'accuracy': 0.65, 'regained': 0.5}]
        """
        key = self.measure.key
        without = [(undone.name, undone.value, known(self.regained(undone.value))) for undone in self.without]
        return {
            "because": self.because,
            "images": self.images,
            key: self.value,
            "float": self.wanted,
            "without": [{"cause": name, key: value, "regained": share} for name, value, share in without],
            "remedies": [{"options": remedy.name, key: remedy.value} for remedy in self.remedies],
        }

    def regained(self, value: float) -> float:
        """What part of the loss is made good where the measure is `value`; NaN where nothing is lost."""
        return self.measure.sign * (value - self.value) / self.loss if self.loss > 0 else math.nan
