"""Rules of a design for what is chosen for its layers one by one."""

from __future__ import annotations

from collections.abc import Mapping
from glob import escape
from typing import Any

from bitline.design import Design, LayerRule
from bitline.design.settings import flat


def with_rules(design: Design, chosen: Mapping[str, Mapping[str, Any]]) -> Design:
    """The design with a rule for all layers that choose alike, which keeps what its own rules say of them.

    Args:
        design: the design.
        chosen: settings by dotted name, by layer.

    Examples:
        >>> rules = with_rules(Design(), {"0": {"adc.bits": 6}, "2": {}, "4": {"adc.bits": 6}}).layers
        >>> [(rule.match, dict(rule.set)) for rule in rules]
        [(('0', '4'), {'adc.bits': 6})]
    """
    alike: dict[str, tuple[dict[str, Any], list[str]]] = {}
    for name, settings in chosen.items():
        if settings:
            together = settings_with(design, name, settings)
            alike.setdefault(repr(sorted(together.items())), (together, []))[1].append(escape(name))
    rules = [LayerRule(match=tuple(names), set=settings) for settings, names in alike.values()]
    return design.model_copy(update={"layers": (*rules, *design.layers)})


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
