"""The layers that have an analog form: one line each."""

from __future__ import annotations

from torch import nn

from bitline.nn.convolution import AnalogConv1d, AnalogConv2d, AnalogConv3d
from bitline.nn.layer import AnalogLayer
from bitline.nn.linear import AnalogLinear
from bitline.nn.transposed import AnalogConvTranspose1d, AnalogConvTranspose2d, AnalogConvTranspose3d

ANALOG_LAYERS: dict[type[nn.Module], type[AnalogLayer]] = {
    nn.Linear: AnalogLinear,
    nn.Conv1d: AnalogConv1d,
    nn.Conv2d: AnalogConv2d,
    nn.Conv3d: AnalogConv3d,
    nn.ConvTranspose1d: AnalogConvTranspose1d,
    nn.ConvTranspose2d: AnalogConvTranspose2d,
    nn.ConvTranspose3d: AnalogConvTranspose3d,
}
"""Layers of one matrix."""

NO_ANALOG_FORM = (nn.Bilinear, nn.RNNBase, nn.RNNCellBase, nn.MultiheadAttention)
"""Layers with matrix products that cannot be mapped: refused rather than left out of the simulation."""


def analog_form(module: nn.Module) -> type[AnalogLayer] | None:
    """The analog form of a layer of one matrix, also of a subclass that computes the same; None where it has none."""
    for float_type, form in ANALOG_LAYERS.items():
        if computes_like(module, float_type):
            return form
    return None


def computes_like(module: nn.Module, float_type: type[nn.Module]) -> bool:
    """Whether a module is of a type, or of a subclass that computes the same."""
    methods = ("forward", "_conv_forward", "__call__", "__getattr__")
    same = all(getattr(type(module), name, None) is getattr(float_type, name, None) for name in methods)
    return type(module) is float_type or (isinstance(module, float_type) and same)
