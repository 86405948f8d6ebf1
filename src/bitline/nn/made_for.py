"""What calibrations and records of layers are for: a size, and the settings that they depend on."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bitline.design import Design, views
from bitline.design.views import View
from bitline.errors import CalibrationError
from bitline.nn.layer import AnalogLayer
from bitline.nn.layer_state import decisive


def made_for(layers: Mapping[str, AnalogLayer], view: Callable[[Design], View]) -> dict[str, View]:
    """What is found for layers now is for these sizes and settings, by layer name.

    Args:
        layers: the analog layers, by name.
        view: the settings that it depends on.
    """
    return {name: {**_size(layer), **decisive(layer.design, view)} for name, layer in layers.items()}


def refuse_other_layers(
    what: str, made: Mapping[str, View], layers: Mapping[str, AnalogLayer], view: Callable[[Design], View]
) -> None:
    """Refuse what was found for layers of another size, or of other settings.

    Args:
        what: was found, in a message.
        made: what it is for, by layer name; nothing is known of layers that are not there.
        layers: the analog layers, by name.
        view: the settings that it depends on.

    Raises:
        CalibrationError: a layer is another one.
    """
    for name, own in made_for(layers, view).items():
        for setting, (before, now) in views.differences(made.get(name, own), own).items():
            if setting in SIZE:
                raise CalibrationError(
                    f"the {what} of layer {name!r} is for one with {setting} = {before}, and that of the network has "
                    f"{now}: calibrate this network"
                )
            if None not in (before, now):  # what only one of them needs is looked at where it is used
                raise CalibrationError(
                    f"the {what} of layer {name!r} was made with {setting} = {before!r}, and its design has {now!r}: "
                    "calibrate it again for this design"
                )


SIZE = ("rows", "outputs")
"""Of a layer, beside the settings."""


def _size(layer: AnalogLayer) -> View:
    return dict(zip(SIZE, (layer.product.rows, layer.outputs), strict=True))
