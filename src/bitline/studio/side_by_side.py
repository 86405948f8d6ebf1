"""Two measured designs side by side, on the same chips and images."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from bitline.design import Design
from bitline.evaluation.comparison import MeasuredDesign, differing_settings
from bitline.measures import Measure
from bitline.numerics.confidence import known
from bitline.numerics.labels import COMPARED
from bitline.study import DesignResult
from bitline.study.store import Store


def side_by_side(store: Path, first: DesignResult, second: DesignResult, images: int) -> dict[str, Any]:
    """Settings that differ, what was measured with the paired difference, costs, and the errors of layers.

    Args:
        store: has the values of each sample on each chip.
        first, second: designs of it.
        images: how many samples were measured.
    """
    designs = [Design.from_dict(dict(design.design)) for design in (first, second)]
    settings = {name: [_word(value) for value in values] for name, values in differing_settings(designs).items()}
    return {
        "settings": settings,
        "measured": [first.measure.text(design.mean) if design.chip_values else "" for design in (first, second)],
        "difference": _in_words(first.measure, _difference(store, first, second, images)),
        "cost": {name: [design.costs.get(name) for design in (first, second)] for name in COMPARED},
        "layers": _layers(first, second),
    }


def _difference(store: Path, first: DesignResult, second: DesignResult, images: int) -> list[float] | None:
    """The measure of the second less that of the first, with the ends of its 95 % interval."""
    with Store.reading(store) as kept:
        accuracy_keys = {row.key: row.accuracy_key for row in kept.designs()}
        seen = [kept.sample_values("analog", accuracy_keys[design.key], images) for design in (first, second)]
    chips = min(map(len, seen))
    if not chips or len({len(values) for design in seen for values in design[:chips]}) > 1:
        return None
    before, after = (MeasuredDesign(Design(), tuple(design[:chips]), first.measure) for design in seen)
    found = after.less(before)
    low, high = found.interval()
    return [found.value, low, high] if math.isfinite(low) else None


def _in_words(measure: Measure, difference: list[float] | None) -> str:
    """A difference with the ends of its 95 % interval, in points where the measure is a share."""
    if difference is None:
        return ""
    value, low, high = (measure.text_of_change(measure.possible_change(change)) for change in difference)
    return f"{value} {measure.unit_of_change}".rstrip() + f", 95 % from {low} to {high}"


def _layers(first: DesignResult, second: DesignResult) -> list[tuple[str, object, object]]:
    """Name of each layer and its own signal-to-error ratio in both designs."""
    own = [{layer.name: layer.own_db for layer in design.layers} for design in (first, second)]
    names = dict.fromkeys([*own[0], *own[1]])
    return [(name, known(own[0].get(name)), known(own[1].get(name))) for name in names]


def _word(value: Any) -> str:
    text = "-" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
