"""A float network as an analog network."""

from __future__ import annotations

from typing import Any

from torch import nn

from bitline.config.counts import whole_number
from bitline.design import Design, views
from bitline.design.approximations import approximations
from bitline.errors import CalibrationError, ConversionError
from bitline.layer.chip import Chip
from bitline.layer.encoded import lost_weights
from bitline.layer.relu_floor import idle_awareness
from bitline.nn.calibrate import record_for
from bitline.nn.calibration import Calibration, NetworkRecord
from bitline.nn.checked_form import checked_form, known_form
from bitline.nn.contexts import recordable
from bitline.nn.conversion import Conversion
from bitline.nn.inputs import Inputs
from bitline.nn.made_for import refuse_other_layers
from bitline.nn.out_of_memory import naming_memory
from bitline.nn.precision import checked_network
from bitline.nn.saved_network import check_before_loading
from bitline.nn.stated_calibration import UNCOMPARED, calibration_as_stated, surely_foldable
from bitline.numerics.freed_memory import give_back_freed_memory


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
        form, found = known_form(model, design, Calibration({}, surely_foldable(model))), (UNCOMPARED,)
        calibration = calibration_as_stated(form.layers, form.folding.folded)
    elif isinstance(calibration, Calibration):
        form = known_form(model, design, calibration)
    elif isinstance(calibration, NetworkRecord):
        form, found = known_form(model, design, calibration), calibration.remarks
        activities, calibration = calibration.activities, calibration.calibration(form.layers)
    else:
        inputs = Inputs.of(calibration, model)
        form = checked_form(model, design, inputs)
        seen = record_for(form.network, inputs, form.folding.folded, form.channels_last, form.lent)
        activities, calibration, found = seen.activities, seen.calibration(form.layers), seen.remarks
    layers = form.layers
    missing = [name for name in layers if name not in calibration.layers]
    if missing:
        raise CalibrationError(f"the calibration knows nothing of layer {missing[0]!r}: calibrate this network again")
    if calibration.made_for is not None:
        refuse_other_layers("calibration", calibration.made_for, layers, views.calibration)
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
    form = checked_form(model, Design.of(design), inputs)
    return record_for(form.network, inputs, form.folding.folded, form.channels_last, form.lent)
