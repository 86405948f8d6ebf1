"""A float network as an analog network."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from bitline.config.counts import whole_number
from bitline.design import Design
from bitline.design.approximations import approximations
from bitline.errors import CalibrationError, ConversionError
from bitline.layer.chip import Chip
from bitline.layer.encoded import lost_weights
from bitline.layer.relu_floor import idle_awareness
from bitline.nn.calibrate import Calibration, NetworkRecord, record_for
from bitline.nn.composite import CompositeLayer
from bitline.nn.contexts import analog_layers, recordable
from bitline.nn.conversion import Conversion
from bitline.nn.digital_products import remarks_on_products
from bitline.nn.faithful import Check, Rehearsal, check, first_difference, is_repeatable, outside_reads, rehearse
from bitline.nn.fold import FoldReport, Pair, fold_pairs, foldable, told_of_repeated
from bitline.nn.independent_copy import independent_copy
from bitline.nn.inputs import Inputs
from bitline.nn.layer import AnalogLayer
from bitline.nn.layout import lay_out, put_channels_last
from bitline.nn.lent_weights import Lent, lend, lent_weights, possible_matrices
from bitline.nn.out_of_memory import naming_memory
from bitline.nn.passes import number_passes
from bitline.nn.precision import checked_network
from bitline.nn.registry import ANALOG_LAYERS, analog_form, is_quantised, losses, take_apart
from bitline.nn.rules import Places, check_rules, design_of, names_of
from bitline.nn.saved_network import check_before_loading
from bitline.nn.stacked import MATRIX, possible_stacks, stacked_parameters
from bitline.nn.stated_calibration import UNCOMPARED, calibration_as_stated, surely_foldable
from bitline.nn.transformer import prepare_transformers
from bitline.nn.unmapped import refuse_unmapped
from bitline.numerics.freed_memory import give_back_freed_memory


@dataclass(frozen=True)
class _Form:
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


def convert(model: nn.Module, design: Design | str, calibration: Any = None, *, seed: int = 0) -> nn.Module:
    """An analog copy of a network; the original stays as it is.

    Where calibration inputs are given, the copy is checked on the first of them: with its layers in floating point it
    must compute what `model` computes and call every layer as often, with gradients and without.

    Examples:
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
        >>> images = torch.rand(16, 4)
        >>> analog = convert(network, "differential", images)
        >>> analog(images).shape
        torch.Size([16, 2])
        >>> type(analog[0]).__name__, type(network[0]).__name__
        ('AnalogLinear', 'Linear')

    Args:
        model: any network of layers in `ANALOG_LAYERS` and `COMPOSITE_LAYERS`, or such a layer; other layers without
            matrix products stay digital.
        design: the accelerator, or the name of a preset.
        calibration: normalised images (images, ...) or other inputs, see `Inputs.of`; the calibration of an earlier
            conversion; or what was recorded for a design with the same `views.record`. None where the design states
            `inputs.signed` and the ranges of inputs and ADCs, in every layer.
        seed: seed of the chips; `program` makes another one.

    Returns:
        A module of the same type, in eval mode, whose layers are `AnalogLayer`s. `conversion_of` tells what was done.

    Raises:
        ConversionError: a layer has no analog form, holds unusable weights, or there is none to convert; the analog
            network would not compute what the float network computes; a rule of the design matches no layer; there is
            not enough memory.
        CalibrationError: the calibration does not fit the network.
    """
    checked_network(model)
    whole_number("seed", seed, error=ConversionError)
    with naming_memory(model), recordable():
        return _converted(model, Design.of(design), calibration, seed)


def _converted(model: nn.Module, design: Design, calibration: Any, seed: int) -> nn.Module:
    """The analog copy of a network that was checked."""
    activities, found = None, tuple[str, ...]()
    if calibration is None:
        form, found = _known_form(model, design, Calibration({}, surely_foldable(model))), (UNCOMPARED,)
        calibration = calibration_as_stated(form.layers, form.folding.folded)
    elif isinstance(calibration, Calibration):
        form = _known_form(model, design, calibration)
    elif isinstance(calibration, NetworkRecord):
        form, found = _known_form(model, design, calibration), calibration.remarks
        activities, calibration = calibration.activities, calibration.calibration(form.layers)
    else:
        inputs = Inputs.of(calibration, model)
        form = _checked_form(model, design, inputs)
        seen = record_for(form.network, inputs, form.folding.folded, form.channels_last, form.lent)
        activities, calibration, found = seen.activities, seen.calibration(form.layers), seen.remarks
    layers = form.layers
    missing = [name for name in layers if name not in calibration.layers]
    if missing:
        raise CalibrationError(f"the calibration knows nothing of layer {missing[0]!r}: calibrate this network again")
    lacking = []
    for name, layer in layers.items():
        layer.calibrate(calibration.layers[name])
        layer.put_on(Chip(seed))
        lacking.append(layer.encoded().shortfall(calibration.layers[name].inputs))
    encoded = {name: layer.encoded() for name, layer in layers.items()}
    bare = (layer.bare_arrays(calibration.layers[name].inputs) for name, layer in encoded.items())
    lost = (*lost_weights(encoded.values()), *idle_awareness(bare))
    remarks = (*approximations(design), *lost, *form.remarks, *found, *(remark for remark in lacking if remark))
    conversion = Conversion(design, tuple(layers), form.digital, form.folding, calibration, remarks, activities)
    form.network._bitline = conversion  # type: ignore[assignment]
    check_before_loading(form.network)
    give_back_freed_memory()
    return form.network


def record(model: nn.Module, design: Design | str, images: Any) -> NetworkRecord:
    """Record what calibration inputs show of a network on a design, for `convert`.

    Examples:
        >>> from bitline.design import Design
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
        >>> images = torch.rand(16, 4)
        >>> seen = record(network, Design(), images)
        >>> list(seen.layers)
        ['0', '2']
        >>> fewer_bits = convert(network, Design().with_settings({"adc.bits": 6}), seen)  # without another pass

    Args:
        model, design: as for `convert`.
        images: normalised images (images, ...), or other inputs, see `Inputs.of`.

    Raises:
        ConversionError, CalibrationError: see `convert`.
    """
    inputs = Inputs.of(images, model)
    form = _checked_form(model, Design.of(design), inputs)
    return record_for(form.network, inputs, form.folding.folded, form.channels_last, form.lent)


def _checked_form(model: nn.Module, design: Design, inputs: Inputs, lent: Lent | None = None) -> _Form:
    """The analog form of a network that was seen to compute the same.

    Batch norms are folded where that changes nothing but rounding, and stay digital otherwise. Modules that multiply
    with the weights of layers, `lent`, call these layers; None where nobody looked for them yet.
    """
    network = independent_copy(model)
    refuse_unmapped(network, design)
    structure, message = foldable(network)
    rehearsal = rehearse(network, inputs.sample)
    matrices = {} if lent is not None else dict(possible_matrices(network))
    are_named = any(rule.matches(f"{name}{MATRIX}") for rule in design.layers for name in matrices)
    if lent is None and (are_named or any(possible_stacks(network))):
        lent = lent_weights(independent_copy(model), inputs.sample)
    if lent:
        lend(network, lent)
        rehearsal = replace(rehearse(network, inputs.sample), outputs=rehearsal.outputs)
    message = told_of_repeated(message, network, rehearsal.repeated)
    pairs = tuple(pair for pair in structure if pair in rehearsal.pairs)
    form, found = _agreeing(network, design, pairs, message, rehearsal)
    if lent is None and (found.outside or matrices.keys() & set(found.digital_weights)):
        lent = lent_weights(independent_copy(model), inputs.sample)
        if lent or found.outside:
            return _checked_form(model, design, inputs, lent)
    if found.outside:
        raise outside_reads(found.outside, list(form.layers))
    if found.difference and pairs:
        again = independent_copy(model)
        lend(again, lent or ())
        unfolded = _agreeing(again, design, (), _unfolded(pairs, found), rehearsal)
        if not unfolded[1].difference:
            form, found = unfolded
    if found.difference:
        if not is_repeatable(independent_copy(model), rehearsal.call):
            raise ConversionError(
                f"{type(model).__name__} keeps something between calls: it gives other outputs when it sees the same "
                "inputs again; let it start anew at every call, with its state as an input and an output"
            )
        place = first_difference(independent_copy(model), form.network, rehearsal, pairs)
        raise ConversionError(
            f"with its layers in floating point, the converted {type(model).__name__} does not compute what it did "
            f"before, first at {place!r}: {found.difference}; keep that part digital or write it with plain layers"
        )
    by_rule = [name for names in names_of(form.network).values() if design_of(design, names) is None for name in names]
    analog = sum(layer.weight.numel() for layer in form.layers.values())
    return replace(form, remarks=(*form.remarks, *remarks_on_products(found, analog, by_rule)), lent=lent or ())


def _agreeing(
    network: nn.Module, design: Design, pairs: tuple[Pair, ...], message: str, rehearsal: Rehearsal
) -> tuple[_Form, Check]:
    """The analog form of a network, with channels last in memory if it computes the same then, and what was seen."""
    form = _form(network, design, pairs, message)
    give_back_freed_memory()
    if put_channels_last(form.network):
        found = check(form.network, rehearsal)
        if not found.difference:
            return replace(form, channels_last=True), found
        lay_out(form.network, torch.contiguous_format)
    found = check(form.network, rehearsal)
    give_back_freed_memory()
    return form, found


def _known_form(model: nn.Module, design: Design, known: Calibration | NetworkRecord) -> _Form:
    """The analog form of a network whose calibration is known."""
    network = independent_copy(model)
    refuse_unmapped(network, design)
    lend(network, known.lent)
    pairs, message = (known.folded, "") if known.folded is not None else foldable(network)
    form = _form(network, design, tuple(pairs), message)
    if known.channels_last:
        put_channels_last(form.network)
    return form


def _form(network: nn.Module, design: Design, pairs: tuple[Pair, ...], message: str) -> _Form:
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
    return _Form(network, digital, folding, remarks)


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


def _unfolded(pairs: tuple[Pair, ...], found: Check) -> str:
    return (
        f"{len(pairs)} batch norms stay digital, among them {pairs[0][1]!r}: folded into the layers before them, they "
        f"would change the result ({found.difference})"
    )
