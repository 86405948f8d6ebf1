"""The analog form of a network that was seen to compute the same."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn

from bitline.design import Design
from bitline.errors import ConversionError
from bitline.nn.calibration import Calibration, NetworkRecord
from bitline.nn.digital_products import remarks_on_products
from bitline.nn.faithful import Check, Rehearsal, check, first_difference, is_repeatable, outside_reads, rehearse
from bitline.nn.fold import Pair, foldable, told_of_repeated
from bitline.nn.form import Form, form_of
from bitline.nn.independent_copy import independent_copy
from bitline.nn.inputs import Inputs
from bitline.nn.layout import lay_out, put_channels_last
from bitline.nn.lent_weights import Lent, lend, lent_weights, possible_matrices
from bitline.nn.registry import has_form
from bitline.nn.rules import design_of, names_of
from bitline.nn.stacked import possible_stacks
from bitline.nn.unmapped import refuse_unmapped
from bitline.numerics.freed_memory import give_back_freed_memory


def checked_form(model: nn.Module, design: Design, inputs: Inputs, lent: Lent | None = None) -> Form:
    """The analog form of a network that was seen to compute the same.

    Batch norms are folded where that changes nothing but rounding, and stay digital otherwise. Modules that multiply
    with the weights of layers, `lent`, call these layers; None where nobody looked for them yet.
    """
    network = independent_copy(model)
    refuse_unmapped(network, design)
    structure, message = foldable(network)
    rehearsal = rehearse(network, inputs.sample)
    matrices = {} if lent is not None else dict(possible_matrices(network))
    known = [name for name, _ in network.named_modules()]
    may_be_named = bool(matrices) and any(not any(map(rule.matches, known)) for rule in design.layers)
    alone = bool(matrices) and not _has_layers(network, design)
    if lent is None and (may_be_named or alone or any(possible_stacks(network))):
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
            return checked_form(model, design, inputs, lent)
    if found.outside:
        raise outside_reads(found.outside, list(form.layers))
    if found.difference and pairs:
        again = independent_copy(model)
        lend(again, lent or ())
        unfolded = _agreeing(again, design, (), _unfolded(pairs, found), rehearsal)
        if not unfolded[1].difference:
            form, found = unfolded
    if found.difference:
        raise _refusal(model, form, pairs, rehearsal, found)
    by_rule = [name for names in names_of(form.network).values() if design_of(design, names) is None for name in names]
    analog = sum(layer.weight.numel() for layer in form.layers.values())
    return replace(form, remarks=(*form.remarks, *remarks_on_products(found, analog, by_rule)), lent=lent or ())


def _refusal(
    model: nn.Module, form: Form, pairs: tuple[Pair, ...], rehearsal: Rehearsal, found: Check
) -> ConversionError:
    """Why a network whose form computes something else cannot be converted."""
    if not is_repeatable(independent_copy(model), rehearsal.call):
        return ConversionError(
            f"{type(model).__name__} keeps something between calls: it gives other outputs when it sees the same "
            "inputs again; let it start anew at every call, with its state as an input and an output"
        )
    place = first_difference(independent_copy(model), form.network, rehearsal, pairs)
    return ConversionError(
        f"with its layers in floating point, the converted {type(model).__name__} does not compute what it did "
        f"before, first at {place!r}: {found.difference}; keep that part digital or write it with plain layers"
    )


def _has_layers(network: nn.Module, design: Design) -> bool:
    """Whether there are layers for arrays that no rule keeps digital, beside products with parameters."""
    places = names_of(network).items()
    found = (names for module, names in places if has_form(module))
    return any(design_of(design, names) is not None for names in found)


def _agreeing(
    network: nn.Module, design: Design, pairs: tuple[Pair, ...], message: str, rehearsal: Rehearsal
) -> tuple[Form, Check]:
    """The analog form of a network, with channels last in memory if it computes the same then, and what was seen."""
    form = form_of(network, design, pairs, message)
    give_back_freed_memory()
    if put_channels_last(form.network):
        found = check(form.network, rehearsal)
        if not found.difference:
            return replace(form, channels_last=True), found
        lay_out(form.network, torch.contiguous_format)
    found = check(form.network, rehearsal)
    give_back_freed_memory()
    return form, found


def known_form(model: nn.Module, design: Design, known: Calibration | NetworkRecord) -> Form:
    """The analog form of a network whose calibration is known."""
    network = independent_copy(model)
    refuse_unmapped(network, design)
    lend(network, known.lent)
    pairs, message = (known.folded, "") if known.folded is not None else foldable(network)
    form = form_of(network, design, tuple(pairs), message)
    if known.channels_last:
        put_channels_last(form.network)
    return form


def _unfolded(pairs: tuple[Pair, ...], found: Check) -> str:
    return (
        f"{len(pairs)} batch norms stay digital, among them {pairs[0][1]!r}: folded into the layers before them, they "
        f"would change the result ({found.difference})"
    )
