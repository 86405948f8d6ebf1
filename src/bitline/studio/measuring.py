"""Measuring designs in the background, one after the other, into the store."""

from __future__ import annotations

import json
from collections import deque
from pathlib import Path
from threading import Condition, Thread
from typing import Any

from bitline.errors import BitlineError
from bitline.study import Study, sweep
from bitline.study.point import Point
from bitline.study.store import Store


class Measuring:
    """A thread that measures what is asked of it.

    Args:
        study: says network, images and chips.
        store: keeps what comes of it.

    Examples:
        >>> measuring = Measuring(Study(), Path("studio.sqlite"))
        >>> measuring.state()["waiting"], measuring.state()["now"]
        ([], None)
    """

    def __init__(self, study: Study, store: Path) -> None:
        self.study, self.store = study, store
        self._waiting: deque[Point] = deque()
        self._now: dict[str, Any] | None = None
        self._error = ""
        self._cancelled = False
        self._changed = Condition()
        self._thread: Thread | None = None

    def add(self, point: Point) -> None:
        """Measure a design after those that wait already.

        Args:
            point: the design; nothing happens where it waits or is measured now.
        """
        with self._changed:
            is_now = self._now is not None and self._now["key"] == point.key
            if not is_now and point.key not in {other.key for other in self._waiting}:
                self._waiting.append(point)
                self._error = ""
            if self._thread is None:
                self._thread = Thread(target=self._work, name="measurements of the studio", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def cancel(self) -> None:
        """Measure nothing more; what is finished is kept."""
        with self._changed:
            self._waiting.clear()
            self._cancelled = self._now is not None

    def state(self) -> dict[str, Any]:
        """What is measured now, what waits, and what went wrong last."""
        with self._changed:
            return {"now": self._now, "waiting": [point.label() for point in self._waiting], "error": self._error}

    def wait(self, seconds: float) -> bool:
        """Wait until nothing is left to measure; returns whether that is so.

        Args:
            seconds: at most.
        """
        with self._changed:
            return self._changed.wait_for(lambda: self._now is None and not self._waiting, seconds)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting))
                point = self._waiting.popleft()
                self._now = {"key": point.key, "label": point.label(), "done": 0, "total": 1}
            said = self._measured(point)
            with self._changed:
                self._now, self._cancelled = None, False
                self._error = said or self._error
                self._changed.notify_all()

    def _measured(self, point: Point) -> str:
        """Measure a design; returns what went wrong."""
        try:
            before = self._points()
            summary = sweep(self.study, self.store, points=(point,), progress=self._progress)
            self._keep_order([*before, *([point.key] if point.key not in before else [])])
            return "; ".join(summary.failures)
        except KeyboardInterrupt:  # raised between two tasks by `cancel`, as Ctrl-C would be
            return ""
        except BitlineError as error:
            return str(error)
        except Exception as error:  # of the thread: the page says it, and the next design is measured
            return f"{type(error).__name__}: {error}"

    def _progress(self, what: str, done: int, total: int | None) -> None:
        with self._changed:
            if self._now is not None:
                self._now = {**self._now, "done": done, "total": total or 1}
            if self._cancelled:
                raise KeyboardInterrupt

    def _points(self) -> list[str]:
        """Keys of the designs that the store has in order; a sweep of one design would forget the others."""
        if not self.store.exists():
            return []
        with Store.reading(self.store) as kept:
            return [str(key) for key in json.loads(kept.facts().get("points", "[]"))]

    def _keep_order(self, keys: list[str]) -> None:
        with Store.writing(self.store, {}) as kept:
            kept.remember("points", json.dumps(keys))
