"""Which layers are no longer instances of their classes when they are analog."""

from __future__ import annotations

from torch import nn

from bitline.design import Design
from bitline.nn.registry import analog_form, composite_form
from bitline.nn.rules import design_of, names_of
from bitline.nn.subclasses import obstacle


def lost_classes(network: nn.Module, design: Design) -> tuple[str, ...]:
    """A sentence for each class that its layers will not be instances of.

    Args:
        network: in floating point.
        design: decides which of its layers become analog.

    Examples:
        >>> class Named(nn.Linear):
        ...     @property
        ...     def name(self):
        ...         return "mine"
        >>> lost_classes(nn.Sequential(nn.Linear(3, 2), Named(2, 2)), Design())
        ("layer '1' is a Named, of which its analog form keeps the weights but not the class: it defines name, ...",)
    """
    found: dict[type[nn.Module], str] = {}
    for module, names in names_of(network).items():
        form = analog_form(module) or composite_form(module)
        why = obstacle(form, type(module)) if form is not None and design_of(design, names) is not None else ""
        if why:
            found.setdefault(
                type(module),
                f"layer {names[0]!r} is a {type(module).__name__}, of which its analog form "
                f"keeps the weights but not the class: {why}",
            )
    return tuple(found.values())
