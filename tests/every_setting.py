"""Every setting of a design with other values than it has: for tests that must not forget one."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from bitline import Design
from bitline.errors import DesignError

NUMBERS = (0.05, 0.5, 1, 2, 3, 5, 8, 16, 64, 0.01, 1.5, 1000.0, 0.97, 60.0)
TUPLES: tuple[Any, ...] = (
    (),
    (1,),
    (2, 1),
    ("column",),
    ("partition",),
    ("input-slice",),
    (90.0, 95.0),
    (0.0, 0.5, 1.0),
)
REQUIRED = {"tolerance": 0.05, "count": 6, "values": (0.0, 0.3, 1.0), "alpha": 0.1, "high": 2.0}
"""Values for settings without a default, where a variant is chosen by its name."""


def changes(design: Design) -> Iterator[tuple[str, Design]]:
    """Dotted names of settings and the design with another value: every variant and choice, two of all numbers."""
    for name, field, value in _settings(design):
        most = 2 if isinstance(value, (int, float)) or value is None else len(TUPLES)
        for changed in itertools.islice(_changed(design, name, _candidates(field, value)), most):
            yield name, changed


def _changed(design: Design, name: str, candidates: Iterator[Any]) -> Iterator[Design]:
    for candidate in candidates:
        try:
            changed = design.with_settings({name: candidate})
        except DesignError:
            continue
        if changed != design:
            yield changed


def _settings(model: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    for name, field in type(model).model_fields.items():
        if name in ("layers", "kind"):
            continue
        value = getattr(model, name)
        yield prefix + name, field.annotation, value
        if isinstance(value, BaseModel):
            yield from _settings(value, f"{prefix}{name}.")


def _candidates(annotation: Any, value: Any) -> Iterator[Any]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, BaseModel):
        for variant in models(annotation):
            tag = "kind"
            if tag in variant.model_fields and get_args(variant.model_fields[tag].annotation):
                needed = {
                    key: REQUIRED[key]
                    for key, own in variant.model_fields.items()
                    if own.is_required() and key in REQUIRED
                }
                yield {tag: variant.model_fields[tag].default, **needed}
    elif isinstance(value, str) and bool in get_args(annotation):
        yield from (True, False)
    elif isinstance(value, dict):
        yield {"adder": {"energy_pJ": 0.5}}
    elif isinstance(value, tuple):
        yield from (*_scaled(value), *TUPLES)
    else:
        yield from (other for other in _literals(annotation) if other != value)
        if isinstance(value, str):
            yield from (() if list(_literals(annotation)) else ("other", "isaac-32nm"))
            yield from (3, 6)
        elif isinstance(value, (int, float)) or value is None:
            scaled = (value * 2, value / 2, value + 1) if value and not math.isinf(value) else ()
            yield from (*scaled, *NUMBERS)


def _scaled(values: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """A table of numbers with other numbers."""
    if values and all(isinstance(value, float) for value in values):
        yield tuple(1.5 * value for value in values)
    elif values and all(isinstance(value, tuple) for value in values):
        yield tuple(scaled for value in values for scaled in _scaled(value))


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models(part)


def _literals(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    else:
        for part in get_args(annotation):
            yield from _literals(part)
