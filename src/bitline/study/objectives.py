"""What a search trades off: accuracy and numbers of the cost."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from bitline.config.messages import nearest
from bitline.errors import StudyError
from bitline.measures import ACCURACY, Measure
from bitline.numerics.labels import COSTS, LARGE
from bitline.study.words import is_number


@dataclass(frozen=True)
class Objectives:
    """What a search trades off.

    Attributes:
        names: 'accuracy', or the measure of the study, and names of costs.
        measure: what the study measures.

    Raises:
        StudyError: an unknown name, or fewer than two.

    Examples:
        >>> objectives = Objectives(("accuracy", "energy_uJ"))
        >>> objectives.of(0.91, {"energy_uJ": 2.5, "area_mm2": 4.0})
        [0.91, 2.5]
        >>> objectives.small([0.91, 2.5])
        [-0.91, 2.5]
        >>> Objectives(("accuracy", "energy"))
        Traceback (most recent call last):
        bitline.errors.StudyError: search.objectives has 'energy': did you mean 'energy_uJ'?
    """

    names: tuple[str, ...]
    measure: Measure = ACCURACY

    def __post_init__(self) -> None:
        known = (self.measure.key, *COSTS)
        for name in self.names:
            if name == ACCURACY.key not in known:
                raise StudyError(
                    f"search.objectives has {name!r}, but the study measures {self.measure.key!r}: name that"
                )
            if name not in known:
                raise StudyError(f"search.objectives has {name!r}{nearest(name, known)}")
        if len(self.names) < 2:
            raise StudyError("search.objectives needs two or more, such as ['accuracy', 'energy_uJ']")

    @property
    def directions(self) -> list[str]:
        """'maximize' or 'minimize' for each, as Optuna takes them."""
        return ["maximize" if self._is_large(name) else "minimize" for name in self.names]

    def _is_large(self, name: str) -> bool:
        return self.measure.sign > 0 if name == self.measure.key else name in LARGE

    def of(self, accuracy: float, cost: Mapping[str, Any]) -> list[float] | None:
        """The objectives of a design, or None where its cost is not known.

        Args:
            accuracy: what stands for the measure.
            cost: as `NetworkCost.to_dict` gives it.
        """
        if any(name != self.measure.key and name not in cost for name in self.names):
            return None
        return [accuracy if name == self.measure.key else float(cost[name]) for name in self.names]

    def small(self, values: list[float]) -> list[float]:
        """Objectives turned so that all are to be small."""
        return [-value if self._is_large(name) else value for name, value in zip(self.names, values, strict=True)]

    def note_on_unknown(self, costs: Collection[Mapping[str, Any]]) -> str:
        """What is to be said of objectives that no design has; empty where some design has each of them.

        Args:
            costs: of the designs that were measured, as `NetworkCost.to_dict` gives them.

        Examples:
            >>> print(Objectives(("accuracy", "area_mm2")).note_on_unknown([{"area_mm2": float("nan")}]))
            no design has a known area_mm2, and none is on the front: use other search.objectives, or another library
        """
        names = [name for name in self.names if name != self.measure.key]
        unknown = [name for name in names if not any(is_number(cost.get(name)) for cost in costs)]
        if not costs or not unknown:
            return ""
        return (
            f"no design has a known {' or '.join(unknown)}, and none is on the front: use other search.objectives, "
            "or another library"
        )
