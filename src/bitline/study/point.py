"""One design of a study, and the keys that its results are kept under."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bitline.cost.library import libraries
from bitline.design import Design, views
from bitline.numerics.digest import content_digest
from bitline.numerics.text import setting_text
from bitline.study.code import Code, code_of_design

if TYPE_CHECKING:
    from bitline.study.rows import StoredDesign


@dataclass(frozen=True)
class Point:
    """One design of a study.

    Attributes:
        settings: what the axes set, by dotted name.
        design: the whole design.
        key: identifies the design, whatever its name and description.
        accuracy_key: identifies everything in it that accuracy depends on.
        reference_key: identifies its quantised reference.
        record_key: identifies what the calibration images are seen through; designs that share it share their records.
        code: for each class of the user's that it names, by import path, the code that the keys stand for.

    Both keys change with the code of the user's classes, and `key` with the content of a component library that is a
    file: what depends on them is then measured anew.

    Examples:
        >>> design = Design()
        >>> designs = [design.with_settings({"hardware.library": name}) for name in ("sonos-40nm", "isaac-32nm")]
        >>> points = [Point.of({}, design) for design in designs]
        >>> points[0].key == points[1].key, points[0].accuracy_key == points[1].accuracy_key
        (False, True)
        >>> Point.of({"adc.bits": 7}, design.with_settings({"adc.bits": 7})).label()
        'adc.bits = 7'
    """

    settings: dict[str, Any]
    design: Design = field(repr=False)
    key: str
    accuracy_key: str
    reference_key: str
    record_key: str
    code: dict[str, Code] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, settings: dict[str, Any], design: Design) -> Point:
        """A point with its keys."""
        content = views.whole(design)
        code = code_of_design(content)
        whole = {**_with_code(content, code), **_library(design)}
        answers = accuracy_key(design) if code else views.key(views.answers(design))
        record = _record_key(design, code) if design.is_loaded else answers  # nobody runs it without its code
        return cls(settings, design, views.key(whole), answers, _reference_key(design), record, code)

    def label(self) -> str:
        """The settings in words."""
        return in_line(self.settings) or self.design.name


def recalled(point: Point, kept: Sequence[StoredDesign], settings_of: Callable[[str], Mapping[str, Any]]) -> Point:
    """A point under the keys that a store has for it, where code that nobody allowed keeps them from being computed.

    What a converter's class sets by default is part of the keys, and unknown as long as the class is not loaded. A
    design of the store that has all that is known, and the same code, is taken for the same one if it is the only one.

    Args:
        point: with whatever keys.
        kept: rows of the table of designs.
        settings_of: gives all settings of a design of the store, by its key.

    Examples:
        >>> point = Point.of({}, Design())
        >>> recalled(point, kept=[], settings_of=dict) is point
        True
    """
    if point.design.is_loaded:
        return point
    known = views.as_before(views.whole(point.design))
    found = {}
    for row in kept:
        if row.settings != point.settings:
            continue
        whole = views.unnamed(settings_of(row.key))
        key = views.key({**_with_code(whole, point.code), **_library(point.design)})
        if key == row.key and _has(whole, known):
            found[key] = row.accuracy_key
    if len(found) != 1:
        return point
    [(key, of_accuracy)] = found.items()
    return replace(point, key=key, accuracy_key=of_accuracy)


def _has(whole: Any, known: Any) -> bool:
    """Whether values have all that others have."""
    if isinstance(known, dict) and isinstance(whole, dict):
        return all(name in whole and _has(whole[name], value) for name, value in known.items())
    return bool(whole == known)


_references: dict[str, str] = {}
"""Keys of references by the codes that decide them, of designs without layer rules: many designs share a few."""


def _reference_key(design: Design) -> str:
    codes = "" if design.layers else repr(views.codes(design))
    if codes and codes in _references:
        return _references[codes]
    key = views.key(views.answers(views.reference(design)))
    if codes:
        _references[codes] = key
    return key


def record_key(design: Design) -> str:
    """Identifies what the calibration images are seen through, the code of the user's classes included.

    Examples:
        >>> fine, coarse = Design(), Design().with_settings({"adc.bits": 5})
        >>> record_key(fine) == record_key(coarse)
        True
    """
    return _record_key(design, code_of_design(views.answers(design)))


def _record_key(design: Design, code: dict[str, Code]) -> str:
    return views.key(_with_code(views.record(design), code))


def accuracy_key(design: Design) -> str:
    """Identifies everything that the accuracy of a design depends on, the code of the user's classes included.

    Examples:
        >>> fast = Design().with_settings({"adc.rate_MS_per_s": 100.0})
        >>> accuracy_key(fast) == accuracy_key(Design())
        True
    """
    view = views.answers(design)
    return views.key(_with_code(view, code_of_design(view)))


def _with_code(view: dict[str, Any], code: dict[str, Code]) -> dict[str, Any]:
    return {**view, "code": {path: str(part) for path, part in code.items()}} if code else view


def _library(design: Design) -> dict[str, str]:
    """The content of a component library that is a file."""
    name = design.hardware.library
    if name in libraries() or not Path(name).is_file():
        return {}
    return {"library": content_digest(Path(name).read_bytes())}


def in_line(settings: dict[str, Any]) -> str:
    """Settings in words.

    Examples:
        >>> in_line({"adc.bits": 7, "array.rows": 576})
        'adc.bits = 7, array.rows = 576'
    """
    return ", ".join(f"{name} = {setting_text(value)}" for name, value in settings.items())
