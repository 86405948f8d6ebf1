"""A network whose layers are analog but not calibrated yet."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from torch import nn

from bitline.design import Design
from bitline.errors import ConversionError
from bitline.nn.composite import CompositeLayer
from bitline.nn.contexts import analog_layers
from bitline.nn.fold import FoldReport, Pair, fold_pairs
from bitline.nn.layer import AnalogLayer
from bitline.nn.lent_weights import Lent
from bitline.nn.passes import number_passes
from bitline.nn.registry import ANALOG_LAYERS, analog_form, is_quantised, losses, take_apart
from bitline.nn.rules import Places, check_rules, design_of, names_of
from bitline.nn.stacked import stacked_parameters
from bitline.nn.transformer import prepare_transformers


@dataclass(frozen=True)
class Form:
    """A network whose layers are analog but not calibrated yet, and what was done to it."""

    network: nn.Module
    digital: tuple[tuple[str, str], ...]
    folding: FoldReport
    remarks: tuple[str, ...]
    channels_last: bool = False
    lent: Lent = ()

    @property
    def layers(self) -> dict[str, AnalogLayer]:
        return {layer.name: layer for layer in analog_layers(self.network)}


def form_of(network: nn.Module, design: Design, pairs: tuple[Pair, ...], message: str) -> Form:
    """Fold and make layers analog, in place.

    Raises:
        ConversionError: there is none to make analog.
    """
    lost = losses(network, design)
    take_apart(network, design)
    places = names_of(network)
    remarks = (*check_rules(network, design, places, analog_form), *lost)
    folding = fold_pairs(network, pairs, message)
    digital = _make_analog(network, design, places, dict(pairs))
    prepare_transformers(network)
    number_passes(network)
    if not any(analog_layers(network)):
        raise ConversionError(
            f"{type(network).__name__} has no layer to put on arrays: it needs layers such as "
            f"{', '.join(layer.__name__ for layer in ANALOG_LAYERS)} that no rule keeps digital"
        )
    return Form(network, digital, folding, remarks)


def _make_analog(
    network: nn.Module, design: Design, places: Places, folded: dict[str, str]
) -> tuple[tuple[str, str], ...]:
    """Make layers analog in place; names and types of those with parameters that stay digital.

    What holds layers beside parameters of its own, as a network its positions, is named by these parameters.
    """
    taken = set()
    for module, names in places.items():
        own, form = design_of(design, names), analog_form(module)
        if own is not None and form is not None:
            norm = folded.get(names[0])
            form.take_over(module, own, names[0], f"those of batch norm {norm!r}" if norm else "")
            taken.add(module)
    rest = {names[0]: module for module, names in places.items() if module not in taken}
    stacked = stacked_parameters(network)
    parts = (_digital_parts(name, module, module is network, stacked) for name, module in rest.items())
    return tuple(part for found in parts for part in found)


def _digital_parts(name: str, module: nn.Module, is_root: bool, stacked: Collection[int]) -> list[tuple[str, str]]:
    own = [name for name, parameter in module.named_parameters(recurse=False) if id(parameter) not in stacked]
    if isinstance(module, CompositeLayer) or not (own or is_quantised(module)):
        return []
    if any(isinstance(part, AnalogLayer) for part in module.modules()):
        return [(own_name if is_root else f"{name}.{own_name}", nn.Parameter.__name__) for own_name in own]
    return [(name, type(module).__name__)]
