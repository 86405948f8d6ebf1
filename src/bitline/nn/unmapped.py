"""Networks with layers that cannot lie on arrays, refused before anything is done to them."""

from __future__ import annotations

from torch import nn

from bitline.design import Design
from bitline.errors import ConversionError
from bitline.nn.composite import CompositeLayer
from bitline.nn.layer import AnalogLayer
from bitline.nn.registry import (
    ANALOG_LAYERS,
    COMPOSITE_LAYERS,
    NO_ANALOG_FORM,
    TRAINED_QUANTISED,
    has_form,
    is_quantised,
)
from bitline.nn.rules import design_of, kept_digital, names_of
from bitline.numerics.text import listed

SHOWN = 5
"""Layers that a message names one by one."""


def lacks_form(module: nn.Module) -> bool:
    """Whether a layer has matrix products and no analog form.

    Examples:
        >>> lacks_form(nn.Bilinear(2, 2, 2)), lacks_form(nn.Linear(2, 2)), lacks_form(nn.ReLU())
        (True, False, False)
    """
    multiplies = isinstance(module, (*NO_ANALOG_FORM, *ANALOG_LAYERS, *COMPOSITE_LAYERS)) or is_quantised(module)
    return multiplies and not has_form(module)


def refuse_unmapped(network: nn.Module, design: Design) -> None:
    """Refuse networks with layers that are on arrays, or are neither digital by a rule nor can be analog.

    Args:
        network: in floating point.
        design: decides which of its layers become analog.

    Raises:
        ConversionError: names the layers, why they have no analog form, and what to do.
    """
    refused: dict[str, tuple[str, str]] = {}
    others = []
    for module, names in names_of(network).items():
        if isinstance(module, (AnalogLayer, CompositeLayer)):
            raise ConversionError(
                f"layer {names[0]!r} is on arrays already: give the float network that it was converted from"
            )
        found = _obstacle(module) if design_of(design, names) is not None else None
        if found is None:
            others.append(names[0])
        else:
            refused[names[0]] = found
    if refused:
        (name, (what, remedy)), *more = refused.items()
        too = [f"{other!r} ({described.partition(',')[0]})" for other, (described, _) in more]
        likewise = f"; nor have {listed(too, SHOWN)}" if more else ""
        raise ConversionError(f"layer {name!r} is {what}{likewise}: {remedy}{kept_digital(refused, others)}")


def _obstacle(module: nn.Module) -> tuple[str, str] | None:
    """What a layer is that cannot lie on arrays, and what else can be done than to keep it digital; None if it can."""
    kind = type(module).__name__
    if not lacks_form(module):
        held = next((weight for weight in module.parameters(recurse=False) if weight.is_complex()), None)
        if held is None or not has_form(module):
            return None
        what = f"a {kind} of complex weights ({held.dtype}), which no cell can hold"
        return what, "write it with the matrices of real and imaginary parts, or "
    if is_quantised(module):
        what = f"a quantised {kind}, which has no analog form"
        return what, "give the float network that it was quantised from, or "
    if type(module).__module__.startswith(TRAINED_QUANTISED):
        what = f"a {kind} of torch.ao.nn.qat, which has no analog form, as it rounds its weights at every call"
        return what, "give the float layer (its to_float()), or "
    known = next((base for base in (*ANALOG_LAYERS, *COMPOSITE_LAYERS) if isinstance(module, base)), None)
    if known is None:
        return f"a {kind}, which has no analog form", ""
    what = f"a {kind}, which has no analog form, as it computes something else than {known.__name__} (its own forward)"
    registry = "ANALOG_LAYERS" if known in ANALOG_LAYERS else "COMPOSITE_LAYERS"
    return what, f"register a form of yours in {registry}, or "
