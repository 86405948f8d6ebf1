"""What a reader is told of products that stay digital."""

from __future__ import annotations

import warnings
from collections.abc import Collection

from bitline.errors import LeftOutWarning
from bitline.nn.faithful import Check
from bitline.nn.stacked import is_layer_of
from bitline.numerics.text import listed, percent

SHOWN = 3
"""Weights that a remark names."""


def remarks_on_products(found: Check, analog: int, by_rule: Collection[str]) -> tuple[str, ...]:
    """Which products stay digital, and what share of the weights that multiply they have.

    Args:
        found: what a converted network did.
        analog: how many weights are on arrays.
        by_rule: names of modules that a rule keeps digital.

    Warns:
        LeftOutWarning: the weights of most multiplications stay digital, and no rule says so.

    Examples:
        >>> remarks_on_products(Check("", ("addmm",), {"c_fc.weight": 30}), analog=70, by_rule=[])[1]
        "30 % of the weights that multiply stay digital: 'c_fc.weight'"
    """
    if not found.digital_products:
        return ()
    names = ", ".join(name.strip("_") for name in found.digital_products)
    remarks = [f"products outside of the analog layers stay digital, in floating point: {names}"]
    if found.digital_weights:
        digital = sum(found.digital_weights.values())
        largest = sorted(found.digital_weights, key=lambda name: -found.digital_weights[name])
        share = f"{percent(digital / (digital + analog), 0)} % of the weights that multiply stay digital"
        remarks.append(f"{share}: {listed([*map(repr, largest)], SHOWN)}")
        asked = {module for module in by_rule if module}
        unasked = [name for name in largest if not any(is_layer_of(name, module) for module in asked)]
        unasked = [name for name in unasked if not any(name.startswith(f"{module}.") for module in asked)]
        if sum(found.digital_weights[name] for name in unasked) > analog:
            remedy = "give their layers an analog form (ANALOG_LAYERS), or write them with Linear, lists as ModuleList"
            warnings.warn(f"{remarks[-1]}; results are hardly those of the design: {remedy}", LeftOutWarning, 2)
    return tuple(remarks)
