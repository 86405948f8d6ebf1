"""What one page works on: a study, its store, and the designs that somebody builds."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from bitline.config.trust import refusal
from bitline.design import Design, views
from bitline.design.settings import flat
from bitline.errors import BitlineError, StudyError
from bitline.evaluation.chip_spread import ChipSpread
from bitline.measures import ACCURACY
from bitline.numerics.confidence import known
from bitline.numerics.labels import COMPARED, Label, label_of_cost
from bitline.numerics.summary import counted
from bitline.report.figures.chain import chain_drawing
from bitline.report.shown_designs import shown_designs
from bitline.report.study_page import write_study
from bitline.studio.controls import changed, shown_controls
from bitline.studio.estimate import Bounds, Guess, Known, guess_quality
from bitline.studio.measuring import Measuring
from bitline.studio.pricing import Pricing, cost_in_parts, price
from bitline.studio.side_by_side import side_by_side
from bitline.studio.watching import Watched
from bitline.study import DesignResult, Study
from bitline.study.axes import BASE
from bitline.study.lock import is_held
from bitline.study.point import Point, in_line
from bitline.study.workload import load

SHOWN = 3000
"""Designs that the page is told of; of more, those on a front, the best ones, and an even choice of the others."""


class Session:
    """A study and its store, as the page sees them.

    What the page shows of the measure are texts and numbers in the unit of the measure, made here: the page knows no
    measure.

    Args:
        study: says network, images, chips and the design to begin with.
        store: keeps what is measured; need not exist yet.

    Examples:
        >>> study = Study(data={"images": 4, "calibration_images": 4}, run={"chips": 1})
        >>> session = Session(study, Path("studio.sqlite"))
        >>> answer = session.design({}, {"name": "adc.bits", "value": 6})
        >>> answer["settings"], answer["quality"]["words"]
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
        self.metric = study.measure
        labels = workload.context.labels
        self.classes = int(labels.max()) + 1 if self.metric == ACCURACY and labels is not None else None
        self.images = len(workload.context.images)
        self.watched = Watched(store)
        self.measuring = Measuring(study, store)
        self._known: dict[str, Known] = {}

    @cached_property
    def title(self) -> str:
        """What is worked on, in words."""
        return (
            f"{self.study.model.name}, {self.images:,} {self.metric.sample}s, {counted(self.study.run.chips, 'chip')}"
        )

    def design(self, settings: Mapping[str, Any], change: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What a design is and costs, and what is known of its quality.

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
        same = self._measured(point)
        cost, about_cost = self._cost(point, same)
        return {
            "settings": wanted,
            "key": point.key,
            "label": in_line(wanted) or f"the design of the study, {point.design.name}",
            "controls": shown_controls(point.design, str(wanted.get(BASE, self.study.design.base))),
            "chain": chain_drawing(point.design),
            "cost": cost,
            "about_cost": about_cost,
            "quality": self._quality(point, same),
        }

    def _labels(self) -> dict[str, Label]:
        """What costs of a sample are called."""
        return {name: label_of_cost(name, self.metric.sample) for name in COMPARED}

    def measure(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Measure a design in the background.

        Args:
            settings: as for `design`.

        Raises:
            BitlineError: there is no such design, or another process writes to the store.
        """
        if is_held(self.watched.store) and self.measuring.state()["now"] is None:
            raise StudyError(f"another process writes to {self.store.name}: measure when it is done")
        self.measuring.add(self.study.point(dict(settings)))
        return self.measuring.state()

    def state(self) -> dict[str, Any]:
        """What is measured, what is being measured, and how far the store is."""
        try:
            result, error = self.watched.result, ""
        except BitlineError as damage:
            result, error = None, str(damage)
        designs = shown_designs(result, SHOWN).designs if result else ()
        return {
            "title": self.title,
            "store": self.store.name,
            "measure": {
                "name": self.metric.name,
                "head": self.metric.head,
                "sign": self.metric.sign,
                "share": self.metric.is_share,
                "unit": self.metric.unit,
            },
            "costs": {name: {"name": label.name, "head": label.head} for name, label in self._labels().items()},
            "float": self.metric.shown(result.float_value) if result else "",
            "designs": [self.row(design) for design in designs],
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

    def row(self, design: DesignResult) -> dict[str, Any]:
        """A design in the table of the page: numbers in the unit of the measure, and texts.

        Args:
            design: of the store.
        """
        costs = {name: design.costs.get(name) for name in COMPARED}
        value = self.metric.scale * design.mean if design.chip_values else None
        spread = ChipSpread(self.metric, design.chip_values)
        low, high = (self.metric.scale * end for end in spread.interval) if value is not None else (math.nan, math.nan)
        return {
            "key": design.key,
            "label": in_line(design.settings) or design.name,
            "settings": design.settings,
            "value": value,
            "text": _text_of(design),
            "low": known(low),
            "high": known(high),
            "interval": spread.in_interval if value is not None else "",
            "worst": self.metric.text(spread.worst) if value is not None else "",
            "few": spread.remark if value is not None else "",
            "chips": len(design.chip_values),
            "finished": design.finished,
            "error": design.error,
            **costs,
        }

    def _measured(self, point: Point) -> DesignResult | None:
        """What the store has of a design, where at least one chip of it is finished."""
        result = self.watched.result
        designs = result.designs if result else ()
        return next((design for design in designs if design.key == point.key and design.chip_values), None)

    def _cost(self, point: Point, same: DesignResult | None) -> tuple[dict[str, Any] | None, str]:
        """The cost of a design and a word about it: all of it is the store's where that has one."""
        if same is not None and "energy_uJ" in same.costs:
            return cost_in_parts(same.costs), ""
        return price(self.pricing, point.design)

    def _quality(self, point: Point, same: DesignResult | None) -> dict[str, Any]:
        """What is known of a design: measured, estimated, or why neither."""
        result, measure = self.watched.result, self.metric
        if same is not None:
            spread = ChipSpread(measure, same.chip_values)
            words = f"measured on {counted(len(same.chip_values), 'chip')}, {same.images:,} {measure.sample}s"
            words += f"; {spread}" if len(same.chip_values) > 1 else "; one chip says nothing about others"
            low, high = (same.mean if math.isnan(end) else end for end in spread.interval)
            return self._shown(Guess(same.mean, low, high, words), is_measured=True)
        designs = result.designs if result else ()
        measured = [entry for design in designs if (entry := self._known_of(design)) is not None]
        original = result.float_value if result else None
        best = 1.0 if original is None else original
        worst = None if self.classes is None else 1 / max(2, self.classes)
        return self._shown(guess_quality(measured, _features(point.design), Bounds(measure, best, worst)))

    def _shown(self, guess: Guess, is_measured: bool = False) -> dict[str, Any]:
        """A value with its interval in the unit of the measure, and as text."""
        measure = self.metric
        value, low, high = (known(measure.scale * number) for number in (guess.value, guess.low, guess.high))
        text = measure.shown(guess.value) if is_measured else measure.rounded(guess.value)
        return {
            "measured": is_measured,
            "name": f"{measure.name}, {'measured' if is_measured else 'estimated'}",
            "text": "?" if value is None else text if is_measured else f"≈ {text}",
            "value": value,
            "low": low,
            "high": high,
            "interval": ""
            if value is None or low == high
            else f"{measure.text(guess.low)} to {measure.shown(guess.high)}",
            "words": guess.words,
        }

    def _known_of(self, design: DesignResult) -> Known | None:
        """A measured design as the estimate needs it; remembered as long as its value is the same."""
        if not design.chip_values or not design.layers or math.isnan(_ratio(design)):
            return None
        name = f"{design.key} {design.mean} {len(design.chip_values)}"
        if name not in self._known:
            try:
                features = _features(Design.from_dict(dict(design.design)))
            except BitlineError:
                return None
            self._known[name] = Known(features, _ratio(design), design.mean)
        return self._known[name]


def _text_of(design: DesignResult) -> str:
    """The mean of a design, or what it was screened with."""
    if design.chip_values:
        return design.measure.text(design.mean)
    return "" if design.screened is None else f"~{design.measure.text(design.screened)}"


def _features(design: Design) -> dict[str, Any]:
    """What the answers of a design depend on, by dotted name."""
    return flat(views.answers(design))


def _ratio(design: DesignResult) -> float:
    """Signal-to-error ratio of the last analog layer, with everything before it; at most that of 16 bits."""
    return min(design.layers[-1].accumulated_db, 96.0)
