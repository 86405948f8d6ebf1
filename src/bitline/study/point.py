"""One design of a study, and the keys that its results are kept under."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bitline.design import Design, views


@dataclass(frozen=True)
class Point:
    """One design of a study.

    Attributes:
        settings: what the axes set, by dotted name.
        design: the whole design.
        key: identifies the design, whatever its name and description.
        accuracy_key: identifies everything in it that accuracy depends on.

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

    @classmethod
    def of(cls, settings: dict[str, Any], design: Design) -> Point:
        """A point with its keys."""
        whole = views.key(design.model_dump(mode="json", exclude={"name", "description"}))
        return cls(settings, design, whole, views.key(views.answers(design)))

    @property
    def reference_key(self) -> str:
        """Identifies the quantised reference."""
        return views.key(views.answers(views.reference(self.design)))

    def label(self) -> str:
        """The settings in words."""
        return in_line(self.settings) or self.design.name


def in_line(settings: dict[str, Any]) -> str:
    """Settings in words.

    Examples:
        >>> in_line({"adc.bits": 7, "array.rows": 576})
        'adc.bits = 7, array.rows = 576'
    """
    return ", ".join(f"{name} = {value}" for name, value in settings.items())
