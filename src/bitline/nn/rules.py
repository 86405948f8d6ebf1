"""Which rule of a design each module of a network follows."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from torch import nn

from bitline.config.messages import nearest
from bitline.design import Design
from bitline.design.rules import LayerRule
from bitline.errors import ConversionError

Places = dict[nn.Module, tuple[str, ...]]
"""All names of every module."""


def names_of(network: nn.Module) -> Places:
    """All names of every module, in the order of the network; the network itself goes by its type."""
    found: dict[nn.Module, list[str]] = {}

    def visit(module: nn.Module, path: str, above: tuple[nn.Module, ...]) -> None:
        found.setdefault(module, []).append(path or type(module).__name__.lower())
        for name, child in module._modules.items():
            if child is not None and child not in above:
                visit(child, f"{path}.{name}" if path else name, (*above, module))

    visit(network, "", ())
    return {module: tuple(names) for module, names in found.items()}


def design_of(design: Design, names: tuple[str, ...]) -> Design | None:
    """The design of a module, which has one however many names it goes by.

    Raises:
        ConversionError: different rules match different names of it.
    """
    rules = [design.rule_for(name) for name in names]
    if any(rule != rules[0] for rule in rules):
        other = next(name for name, rule in zip(names, rules, strict=True) if rule != rules[0])
        raise ConversionError(
            f"layers {names[0]!r} and {other!r} are the same module, on the same arrays, but different rules "
            "match their names: write one rule that matches both"
        )
    return design.for_layer(names[0])


def kept_digital(names: Collection[str], others: Collection[str] = ()) -> str:
    """The rule that keeps layers digital, as a remedy.

    Args:
        names: of the layers.
        others: names that the rule must not match. Layers of one name in numbered blocks have one pattern, where it
            matches none of these.

    Examples:
        >>> kept_digital(["fc"])
        'keep it digital with [[layers]] match = "fc", digital = true'
        >>> kept_digital(["0.conv", "1.conv", "head"], ["0.fc", "1.fc"])
        'keep them digital with [[layers]] match = ["*.conv", "head"], digital = true'
    """
    if len(names) == 1:
        return f'keep it digital with [[layers]] match = "{next(iter(names))}", digital = true'
    patterns: dict[str, list[str]] = {}
    for name in names:
        patterns.setdefault(re.sub(r"(?<![^.])\d+(?=\.)", "*", name), []).append(name)
    matches: list[str] = []
    for pattern, alike in patterns.items():
        rule = LayerRule(match=(pattern,), digital=True)
        alone = len(alike) == 1 or any(rule.matches(other) for other in {*others} - {*names})
        matches += alike if alone else [pattern]
    listed = ", ".join(f'"{match}"' for match in matches)
    return f"keep them digital with [[layers]] match = [{listed}], digital = true"


def check_rules(
    network: nn.Module, design: Design, places: Places, analog: Callable[[nn.Module], object]
) -> tuple[str, ...]:
    """Refuse rules that match nothing; name those that others leave nothing to.

    Args:
        network: before its layers become analog.
        design: its rules.
        places: names of the network's modules.
        analog: the analog form of a layer; None for one without.

    Returns:
        A remark on each rule without effect.

    Raises:
        ConversionError: a rule matches no layer.
    """
    layers = [names for module, names in places.items() if analog(module) is not None]
    everything = list(places.values())
    remarks = []
    for index, rule in enumerate(design.layers):
        candidates = everything if rule.digital else layers
        matched = [name for names in candidates for name in names if rule.matches(name)]
        if not matched:
            known = [name for names in layers for name in names]
            raise ConversionError(
                f"rule [[layers]] match = {rule.title} matches no layer of {type(network).__name__}"
                f"{nearest(rule.match[0], known)}"
            )
        if not any(design.rule_for(name) is rule for name in matched):
            earlier = next(other.title for other in design.layers[:index] if other.matches(matched[0]))
            remarks.append(f"rule {rule.title} has no effect: rule {earlier} comes first and applies instead")
    return tuple(remarks)
