"""What a search trades off: accuracy and numbers of the cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bitline.config.messages import nearest
from bitline.errors import StudyError
from bitline.study.results import COSTS

ACCURACY = "accuracy"
LARGE = (ACCURACY, "TOPS_per_W", "TOPS_per_mm2", "images_per_s", "cells_used")
"""Objectives that are to be large."""


@dataclass(frozen=True)
class Objectives:
    """What a search trades off.

    Attributes:
        names: 'accuracy', and names of costs.

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

    def __post_init__(self) -> None:
        for name in self.names:
            if name != ACCURACY and name not in COSTS:
                raise StudyError(f"search.objectives has {name!r}{nearest(name, (ACCURACY, *COSTS))}")
        if len(self.names) < 2:
            raise StudyError("search.objectives needs two or more, such as ['accuracy', 'energy_uJ']")

    @property
    def directions(self) -> list[str]:
        """'maximize' or 'minimize' for each, as Optuna takes them."""
        return ["maximize" if name in LARGE else "minimize" for name in self.names]

    def of(self, accuracy: float, cost: Mapping[str, Any]) -> list[float] | None:
        """The objectives of a design, or None where its cost is not known.

        Args:
            accuracy: what stands for accuracy.
            cost: as `NetworkCost.to_dict` gives it.
        """
        if any(name != ACCURACY and name not in cost for name in self.names):
            return None
        return [accuracy if name == ACCURACY else float(cost[name]) for name in self.names]

    def small(self, values: list[float]) -> list[float]:
        """Objectives turned so that all are to be small."""
        return [-value if name in LARGE else value for name, value in zip(self.names, values, strict=True)]
