"""What settings are called where people read them: one registry for reports and figures.

Numbers of the cost have theirs in `bitline.numerics.labels`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bitline.numerics.labels import Label
from bitline.numerics.text import setting_text

SETTINGS = {
    "design": Label("design"),
    "weights.bits": Label("weight resolution", "bits", "weight bits"),
    "weights.kind": Label("mapping of weights", short="mapping"),
    "weights.bits_per_cell": Label("bits per cell"),
    "weights.accumulation": Label("accumulation of weight slices", short="slices added"),
    "weights.percentile": Label("range of weights", "percentile"),
    "weights.scale": Label("scale of weights"),
    "inputs.bits": Label("input resolution", "bits", "input bits"),
    "inputs.slice_bits": Label("resolution of input slices", "bits", "bits at once"),
    "inputs.accumulation": Label("accumulation of input slices", short="accumulation"),
    "inputs.range": Label("range of inputs"),
    "inputs.signed": Label("sign of inputs"),
    "inputs.polarities": Label("polarities of inputs", short="polarities"),
    "cell.device": Label("memory device", short="device"),
    "cell.device.kind": Label("memory device", short="device"),
    "cell.device.alpha": Label("programming error", "fraction", "error"),
    "cell.on_off_ratio": Label("on/off ratio"),
    "cell.time": Label("time after programming", short="time"),
    "array.kind": Label("wires"),
    "array.rows": Label("rows of an array", short="rows"),
    "array.columns": Label("columns of an array", short="columns"),
    "array.accumulation": Label("accumulation of arrays", short="arrays added"),
    "array.bit_line.segment": Label("bit-line resistance of a cell × G_max", short="bit line"),
    "adc.kind": Label("architecture of ADCs", short="ADC"),
    "adc.bits": Label("ADC resolution", "bits", "ADC bits"),
    "adc.range": Label("range of ADCs", short="ADC range"),
    "adc.range.kind": Label("range of ADCs", short="ADC range"),
    "adc.range.percentile": Label("signals within the ADC range", "%", "percentile"),
    "adc.columns_per_adc": Label("columns per ADC"),
    "hardware.library": Label("component library", short="library"),
    "hardware.node_nm": Label("technology node", "nm", "node"),
}
"""Settings that have a name of their own; others are called as in the design."""


def label_of_setting(name: str) -> Label:
    """What a setting is called.

    Args:
        name: dotted name.

    Examples:
        >>> label_of_setting("adc.bits").head, label_of_setting("cell.faults.stuck_low").head
        ('ADC resolution (bits)', 'cell faults stuck low')
    """
    known = SETTINGS.get(name)
    return known or Label(name.replace(".", " ").replace("_", " "), short=name.rpartition(".")[2].replace("_", " "))


def in_short(settings: Mapping[str, Any]) -> str:
    """Settings in one line, each by its short name.

    Args:
        settings: values by dotted name.

    Examples:
        >>> in_short({"adc.bits": 8, "array.rows": 72, "weights.kind": "offset"})
        'ADC bits 8, rows 72, mapping offset'
    """
    return ", ".join(f"{label_of_setting(name).word} {setting_text(value)}" for name, value in settings.items())
