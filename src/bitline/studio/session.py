"""What one page works on: a study, its store, and the designs that somebody builds."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

from bitline.config.trust import refusal
from bitline.design import Design, views
from bitline.design.settings import flat
from bitline.errors import BitlineError, StudyError
from bitline.report.figures.chain import chain_drawing
from bitline.report.study_page import write_study
from bitline.studio.controls import changed, shown_controls
from bitline.studio.estimate import Guess, Known, guess_accuracy
from bitline.studio.measuring import Measuring
from bitline.studio.pricing import Pricing, price
from bitline.studio.side_by_side import COSTS, side_by_side
from bitline.studio.watching import Watched
from bitline.study import DesignResult, Study
from bitline.study.axes import BASE
from bitline.study.point import Point, in_line
from bitline.study.workload import load

SHOWN = 3000
"""Designs that the page is told of: the most accurate, where there are more."""


class Session:
    """A study and its store, as the page sees them.

    Args:
        study: says network, images, chips and the design to begin with.
        store: keeps what is measured; need not exist yet.

    Examples:
        >>> study = Study(data={"images": 4, "calibration_images": 4}, run={"chips": 1})
        >>> session = Session(study, Path("studio.sqlite"))
        >>> answer = session.design({}, {"name": "adc.bits", "value": 6})
        >>> answer["settings"], answer["accuracy"]["words"]
        ({'adc.bits': 6}, 'not measured yet: measure 4 more designs for an estimate')
    """

    def __init__(self, study: Study, store: Path) -> None:
        refused = study.refused_code()
        if refused:
            raise StudyError(f"study {study.name!r}: {refusal(refused[0], 'the study')}")
        study.point({})  # refuse an impossible design now
        self.study, self.store = study, store
        workload = load(study)
        self.pricing = Pricing(workload.context.model, workload.calibration)
        self.classes = 2 if workload.context.labels is None else int(workload.context.labels.max()) + 1
        self.images = len(workload.context.images)
        self.watched = Watched(store)
        self.measuring = Measuring(study, store)
        self._known: dict[str, Known] = {}

    @cached_property
    def title(self) -> str:
        """What is worked on, in words."""
        return f"{self.study.model.name}, {self.images:,} images, {self.study.run.chips} chips"

    def design(self, settings: Mapping[str, Any], change: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What a design is and costs, and what is known of its accuracy.

        Args:
            settings: what differs from the design of the study, by dotted name.
            change: a control that was moved, `name` and `value`, if one was.

        Raises:
            BitlineError: there is no such design; the message says why.
        """
        wanted = changed(settings, str(change["name"]), change["value"]) if change else dict(settings)
        point = self.study.point(wanted)
        if not point.design.is_loaded:
            raise StudyError("the design names code that was not loaded: run 'bitline studio' with --allow-code")
        cost, why = price(self.pricing, point.design)
        same = self._measured(point)
        if cost is not None and same is not None:
            cost |= {name: same.costs[name] for name in COSTS if same.costs.get(name) is not None}
        return {
            "settings": wanted,
            "key": point.key,
            "label": in_line(wanted) or f"the design of the study, {point.design.name}",
            "controls": shown_controls(point.design, str(wanted.get(BASE, self.study.design.base))),
            "chain": chain_drawing(point.design),
            "cost": cost,
            "no_cost": why,
            "accuracy": self._accuracy(point, same),
        }

    def measure(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Measure a design in the background.

        Args:
            settings: as for `design`.

        Raises:
            BitlineError: there is no such design, or another process writes to the store.
        """
        if self.watched.is_in_use and self.measuring.state()["now"] is None:
            raise StudyError(f"another process writes to {self.store.name}: measure when it is done")
        self.measuring.add(self.study.point(dict(settings)))
        return self.measuring.state()

    def state(self) -> dict[str, Any]:
        """What is measured, what is being measured, and how far the store is."""
        try:
            result, error = self.watched.result, ""
        except BitlineError as damage:
            result, error = None, str(damage)
        designs = result.designs if result else ()
        if len(designs) > SHOWN:
            designs = tuple(sorted(designs, key=lambda design: -design.mean if design.accuracies else 1.0)[:SHOWN])
        return {
            "title": self.title,
            "store": self.store.name,
            "float": result.float_accuracy if result else None,
            "designs": [self._row(design) for design in designs],
            "progress": self.watched.progress() if not error else None,
            "measuring": self.measuring.state(),
            "error": error or (result.error if result else ""),
        }

    def toml(self, settings: Mapping[str, Any]) -> str:
        """A design as a TOML file."""
        return self.study.point(dict(settings)).design.to_toml()

    def compared(self, first: str, second: str) -> dict[str, Any]:
        """Two measured designs side by side.

        Args:
            first, second: their keys.

        Raises:
            StudyError: the store has no such design.
        """
        return side_by_side(self.store, self._found(first), self._found(second), self.images)

    def report(self) -> str:
        """The report of the store: HTML that opens offline."""
        result = self.watched.result
        if result is None:
            raise StudyError("nothing is measured yet: there is no report")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{self.store.stem}.html"
            write_study(path, result)
            return path.read_text(encoding="utf-8")

    def _found(self, key: str) -> DesignResult:
        result = self.watched.result
        found = next((design for design in (result.designs if result else ()) if design.key == key), None)
        if found is None:
            raise StudyError(f"the store has no design {key!r}")
        return found

    def _row(self, design: DesignResult) -> dict[str, Any]:
        costs = {name: design.costs.get(name) for name in COSTS}
        half = design.half_width
        return {
            "key": design.key,
            "label": in_line(design.settings) or design.name,
            "settings": design.settings,
            "accuracy": design.mean if design.accuracies else None,
            "half": None if math.isnan(half) else half,
            "chips": len(design.accuracies),
            "screened": design.screened,
            "finished": design.finished,
            "error": design.error,
            **costs,
        }

    def _measured(self, point: Point) -> DesignResult | None:
        """What the store has of a design, where at least one chip of it is finished."""
        result = self.watched.result
        designs = result.designs if result else ()
        return next((design for design in designs if design.key == point.key and design.accuracies), None)

    def _accuracy(self, point: Point, same: DesignResult | None) -> dict[str, Any]:
        """What is known of the accuracy of a design: measured, estimated, or why neither."""
        result = self.watched.result
        designs = result.designs if result else ()
        if same is not None:
            half = 0.0 if math.isnan(same.half_width) else same.half_width
            chips = len(same.accuracies)
            words = f"measured on {chips} chip{'s' * (chips > 1)}, {same.images:,} images"
            guess = Guess(same.mean, max(0.0, same.mean - half), min(1.0, same.mean + half), words)
        else:
            known = [entry for design in designs if (entry := self._known_of(design)) is not None]
            top = (result.float_accuracy if result else None) or 1.0
            guess = guess_accuracy(known, _features(point.design), top, 1 / max(2, self.classes))
        values = {name: None if isinstance(value, float) and math.isnan(value) else value
                  for name, value in asdict(guess).items()}  # fmt: skip
        return {"measured": same is not None, **values}

    def _known_of(self, design: DesignResult) -> Known | None:
        """A measured design as the estimate needs it; remembered as long as its accuracy is the same."""
        if not design.accuracies or not design.layers:
            return None
        name = f"{design.key} {design.mean} {len(design.accuracies)}"
        if name not in self._known:
            try:
                features = _features(Design.from_dict(dict(design.design)))
            except BitlineError:
                return None
            self._known[name] = Known(features, _ratio(design), design.mean)
        return self._known[name]


def _features(design: Design) -> dict[str, Any]:
    """What the answers of a design depend on, by dotted name."""
    return flat(views.answers(design))


def _ratio(design: DesignResult) -> float:
    """Signal-to-error ratio of the last analog layer, with everything before it; at most that of 16 bits."""
    return min(design.layers[-1].accumulated_db, 96.0)
