"""What a rule for one layer says, if something is chosen for the layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bitline.design import Design
from bitline.design.settings import flat


def settings_with(design: Design, name: str, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a rule for a layer that keeps what the design's own rule for it says.

    Args:
        design: the design.
        name: of the layer.
        chosen: its other settings, by dotted name.

    Examples:
        >>> rule = {"match": "fc", "set": {"adc.bits": 6, "inputs.range.percentile": 99.0}}
        >>> settings_with(Design(layers=[rule]), "fc", {"inputs.range": {"kind": "least-error"}})
        {'adc.bits': 6, 'inputs.range': {'kind': 'least-error'}}
    """
    rule = design.rule_for(name)
    kept = {} if rule is None else flat(rule.set)
    return {other: value for other, value in kept.items() if not _is_replaced(other, chosen)} | dict(chosen)


def _is_replaced(name: str, chosen: Mapping[str, Any]) -> bool:
    """Whether a setting is among those chosen, or belongs to one of them that is a table."""
    return any(name == setting or name.startswith(f"{setting}.") for setting in chosen)
