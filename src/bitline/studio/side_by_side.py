"""Two measured designs side by side, on the same chips and images."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from bitline.design import Design
from bitline.evaluation.comparison import differing_settings
from bitline.numerics.two_way import estimate
from bitline.study import DesignResult
from bitline.study.store import Store

COSTS = ("energy_uJ", "area_mm2", "latency_us")


def side_by_side(store: Path, first: DesignResult, second: DesignResult, images: int) -> dict[str, Any]:
    """Settings that differ, accuracies with their paired difference, costs, and the errors of layers.

    Args:
        store: has whether each image was right on each chip.
        first, second: designs of it.
        images: that were classified.
    """
    designs = [Design.from_dict(dict(design.design)) for design in (first, second)]
    settings = {name: [_word(value) for value in values] for name, values in differing_settings(designs).items()}
    return {
        "settings": settings,
        "accuracy": [design.mean if design.accuracies else None for design in (first, second)],
        "difference": _difference(store, first, second, images),
        "cost": {name: [design.costs.get(name) for design in (first, second)] for name in COSTS},
        "layers": _layers(first, second),
    }


def _difference(store: Path, first: DesignResult, second: DesignResult, images: int) -> list[float] | None:
    """Accuracy of the second less that of the first, with the ends of its 95 % interval."""
    with Store.reading(store) as kept:
        accuracy_keys = {row["key"]: row["accuracy_key"] for row in kept.designs()}
        tables = [kept.values("analog", accuracy_keys[design.key], images) for design in (first, second)]
    chips = min(map(len, tables))
    if not chips:
        return None
    found = estimate(lambda means: means[1] - means[0], [_stacked(table[:chips]) for table in tables])
    low, high = found.interval()
    return [found.value, low, high] if math.isfinite(low) else None


def _stacked(chips: list[Any]) -> Any:
    import numpy as np

    return np.stack(chips).astype(float)


def _layers(first: DesignResult, second: DesignResult) -> list[tuple[str, float | None, float | None]]:
    """Name of each layer and its own signal-to-error ratio in both designs."""
    own = [{layer.name: layer.own_db for layer in design.layers} for design in (first, second)]
    names = dict.fromkeys([*own[0], *own[1]])
    return [(name, _finite(own[0].get(name)), _finite(own[1].get(name))) for name in names]


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _word(value: Any) -> str:
    text = "-" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
