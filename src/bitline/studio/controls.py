"""The controls of the page: which settings of a design can be changed there, and to what."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from bitline.arrays import AnyArray
from bitline.config.variants import IMPORTED, Variant, tag_of
from bitline.cost import libraries
from bitline.design import Design, presets
from bitline.design.settings import flat
from bitline.devices import AnyDevice, format_duration
from bitline.encode import AnyWeights
from bitline.errors import DesignError
from bitline.numerics.text import exact
from bitline.readout import AnyAdc, AnyRange
from bitline.study.axes import BASE

Settings = Mapping[str, Any]
"""Values by dotted name, and the base design as `design`."""

GIVEN = {"cell.device.alpha": 0.02}
"""Settings that variants need and have no default for, by dotted name; variants that need others are not offered."""


@dataclass(frozen=True)
class Control:
    """A setting that the page can change.

    Attributes:
        setting: its dotted name, or `design` for the base.
        label: in words.
        stage: of the signal chain, under which it stands.
        values: what it can be set to, in order.
        slides: whether it is a slider; a list otherwise.
        say: a value in words.

    Examples:
        >>> bits = next(control for control in controls() if control.setting == "adc.bits")
        >>> bits.label, bits.slides, bits.values[:3]
        ('resolution (bits)', True, (2, 3, 4))
    """

    setting: str
    label: str
    stage: str
    values: tuple[Any, ...]
    slides: bool = True
    say: Callable[[Any], str] = str

    def shown(self, value: Any) -> dict[str, Any]:
        """What the page needs to draw it.

        Args:
            value: of the design, which need not be among those that can be chosen.
        """
        values = list(self.values)
        if value not in values:
            values = sorted([*values, value], key=_order) if self.slides else [value, *values]
        return {
            "setting": self.setting,
            "label": self.label,
            "stage": self.stage,
            "slides": self.slides,
            "values": [_plain(entry) for entry in values],
            "texts": [self.say(entry) for entry in values],
            "index": values.index(value),
        }


def _order(value: Any) -> float:
    return float(value)


def _plain(value: Any) -> Any:
    """A value that JSON can hold; infinity is a word that designs understand."""
    return "inf" if isinstance(value, float) and math.isinf(value) else value


def _number(value: Any) -> str:
    return "inf" if isinstance(value, float) and math.isinf(value) else exact(value)


UNIONS = {
    "weights.": AnyWeights,
    "cell.device.": AnyDevice,
    "array.": AnyArray,
    "adc.": AnyAdc,
    "adc.range.": AnyRange,
}
"""Parts of a design that come in variants, by the beginning of the names of their settings."""


def _kinds(part: str) -> tuple[str, ...]:
    """Names of the variants of a part that come with bitline and need nothing but `GIVEN`."""
    variants = get_args(get_args(UNIONS[part])[0])
    kinds = (tag_of(variant) for variant in variants if all(name in GIVEN for name in _needed(part, variant)))
    return tuple(kind for kind in kinds if kind != IMPORTED)


def _needed(part: str, variant: type[Variant]) -> list[str]:
    """Dotted names of the settings that a variant has no default for."""
    return [part + name for name, field in variant.model_fields.items() if field.is_required()]


@cache
def controls() -> tuple[Control, ...]:
    """All controls, in the order of the signal chain."""
    sizes = (32, 64, 128, 256, 512, 576, 1024, 1152, 2304, 4608)
    shares = (0.0, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2)
    ratios = (2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 1000.0, 1e4, 1e5, math.inf)
    times = (0.0, 60.0, 3600.0, 86400.0, 7 * 86400.0, 30 * 86400.0, 365 * 86400.0)
    segments = (0.0, 1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3)
    return (
        Control(BASE, "begin with", "design", presets(), slides=False),
        Control("weights.bits", "weights (bits)", "quantise", tuple(range(2, 13))),
        Control("inputs.bits", "inputs (bits)", "quantise", tuple(range(2, 13))),
        Control("weights.kind", "mapping", "encode", _kinds("weights."), slides=False),
        Control("weights.bits_per_cell", "bits per cell", "encode", ("unsliced", 1, 2, 3, 4, 7), slides=False),
        Control("weights.accumulation", "weight slices are added", "encode", ("analog", "digital"), slides=False),
        Control("inputs.slice_bits", "input bits at once", "encode", (1, 2, 4, 8), slides=False),
        Control("inputs.accumulation", "input slices are added", "encode", ("analog", "digital"), slides=False),
        Control("cell.device.kind", "device", "program", _kinds("cell.device."), slides=False),
        Control("cell.device.alpha", "programming error", "program", shares, say=_number),
        Control("cell.on_off_ratio", "on/off ratio", "program", ratios, say=_number),
        Control("cell.time", "read after", "program", times, say=format_duration),
        Control("array.kind", "wires", "array", _kinds("array."), slides=False),
        Control("array.bit_line.segment", "bit line, segment × G_max", "array", segments, say=_number),
        Control("array.rows", "rows", "array", sizes),
        Control("array.columns", "columns", "array", sizes),
        Control("array.accumulation", "arrays are added", "array", ("analog", "digital"), slides=False),
        Control("adc.kind", "converter", "readout", _kinds("adc."), slides=False),
        Control("adc.bits", "resolution (bits)", "readout", tuple(range(2, 15))),
        Control("adc.range.kind", "range", "readout", _kinds("adc.range."), slides=False),
        Control("adc.columns_per_adc", "columns per converter", "readout", (1, 2, 4, 8, 16, 32, 64, 128, 256)),
        Control("hardware.library", "component library", "circuits", libraries(), slides=False),
    )


def shown_controls(design: Design, base: str) -> list[dict[str, Any]]:
    """The controls that a design has, with its values.

    Args:
        design: as it is now.
        base: what it began with.

    Examples:
        >>> [control["setting"] for control in shown_controls(Design(), "ideal")][:3]
        ['design', 'weights.bits', 'inputs.bits']
    """
    values = {**flat(design.model_dump()), BASE: base}
    if design.cell.window_is_known:
        low = design.cell.window_low
        values["cell.on_off_ratio"] = float(exact(1 / low)) if low else math.inf
    return [control.shown(values[control.setting]) for control in controls() if control.setting in values]


def changed(settings: Settings, name: str, value: Any) -> dict[str, Any]:
    """Settings after a control was moved: another variant takes the settings of the old one with it.

    Args:
        settings: before.
        name: of the control.
        value: new.

    Raises:
        DesignError: there is no such control.

    Examples:
        >>> changed({"cell.device.alpha": 0.1, "adc.bits": 6}, "cell.device.kind", "none")
        {'adc.bits': 6, 'cell.device.kind': 'none'}
        >>> changed({}, "cell.device.kind", "charge-sharing")
        {'cell.device.kind': 'charge-sharing', 'cell.device.alpha': 0.02}
        >>> changed({"adc.bits": 6}, "design", "isaac")
        {'design': 'isaac'}
    """
    if name not in {control.setting for control in controls()}:
        raise DesignError(f"there is no control {name!r}")
    if name == BASE:
        return {BASE: value}
    if not name.endswith(".kind"):
        return {**settings, name: value}
    part = name.removesuffix("kind")
    kept = {
        setting: known
        for setting, known in settings.items()
        if not setting.startswith(part) or setting in ("adc.bits", "array.rows", "array.columns", "weights.bits")
    }
    chosen = (variant for variant in get_args(get_args(UNIONS[part])[0]) if tag_of(variant) == value)
    needed = (setting for variant in chosen for setting in _needed(part, variant))
    return {**kept, name: value, **{setting: GIVEN[setting] for setting in needed if setting in GIVEN}}
