"""What a store says while something runs on it: how far it is, the best so far, failures, and the time left."""

from __future__ import annotations

import math
import time
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from bitline.errors import StudyError
from bitline.study import DesignResult, StudyResult, read_results
from bitline.study.lock import is_held
from bitline.study.store import Store

REMEMBERED = 60
"""Looks at the store from which the speed is taken."""
SHORTEST_s = 4.0
"""Time between looks that the speed is taken from."""


class Watched:
    """The results of a store, read again only where it has changed.

    Args:
        store: the SQLite file, which need not exist yet.

    Examples:
        >>> Watched(Path("not-begun.sqlite")).result is None
        True
    """

    def __init__(self, store: Path) -> None:
        self.store = store
        self._version: tuple[float, ...] = ()
        self._result: StudyResult | None = None
        self._looks: deque[tuple[float, float]] = deque(maxlen=REMEMBERED)

    @property
    def version(self) -> tuple[float, ...]:
        """Changes when the store does."""
        files = [self.store, self.store.with_name(f"{self.store.name}-wal")]
        return tuple(value for file in files if file.exists() for value in (file.stat().st_mtime, file.stat().st_size))

    @property
    def result(self) -> StudyResult | None:
        """What the store has; None where it is not begun.

        Raises:
            StudyError: it is damaged.
        """
        version = self.version
        if version and version != self._version:
            try:
                self._result = read_results(self.store)
            except StudyError:
                if self._result is None and not _is_study(self.store):
                    return None
                raise
            self._version = version
            self._looks.append((time.monotonic(), sum(design.seconds for design in self._result.designs)))
        return self._result

    def progress(self) -> dict[str, Any]:
        """How far the designs of the store are."""
        designs = self.result.designs if self.result else ()
        done = [design for design in designs if design.finished]
        failed = [design for design in designs if design.error]
        measured = [design for design in designs if design.chip_values]
        best = min(measured, key=lambda design: design.rank, default=None)
        left_s = _seconds_left(designs, self.result.study.run.chips if self.result else 1)
        speed = self._speed()
        return {
            "designs": len(designs),
            "finished": len(done),
            "failed": len(failed),
            "best": None if best is None else {"key": best.key, "text": best.measure.shown(best.mean)},
            "in_use": is_held(self.store),
            "left_s": left_s / speed if left_s and speed else None,
        }

    def _speed(self) -> float:
        """Computing time that is done in a second, over all workers; 0 where it is not known."""
        if len(self._looks) < 2:
            return 0.0
        (began, first), (ended, last) = self._looks[0], self._looks[-1]
        return (last - first) / (ended - began) if ended - began > SHORTEST_s else 0.0


def _is_study(store: Path) -> bool:
    try:
        with Store.reading(store) as kept:
            return "study" in kept.facts()
    except StudyError:
        return True


def _class_of(design: Mapping[str, Any]) -> str:
    """What decides roughly how long a design takes."""
    kinds = [design.get(part, {}).get("kind") for part in ("weights", "array", "adc")]
    sums = [design.get(part, {}).get("accumulation") for part in ("weights", "inputs", "array")]
    return repr((kinds, design.get("weights", {}).get("bits_per_cell"), sums))


def _seconds_left(designs: Sequence[DesignResult], chips: int) -> float:
    """Computing time that is left, if designs of a kind take as long as those that are finished."""
    taken: dict[str, list[float]] = defaultdict(list)
    for design in designs:
        if design.chip_values and design.seconds:
            taken[_class_of(design.design)].append(design.seconds / len(design.chip_values))
    if not taken:
        return 0.0
    usual = fmean(second for seconds in taken.values() for second in seconds)
    left = 0.0
    for design in designs:
        missing = 0 if design.finished or design.error else chips - len(design.chip_values)
        left += missing * fmean(taken.get(_class_of(design.design), [usual]))
    return left if math.isfinite(left) else 0.0
