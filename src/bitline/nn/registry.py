"""The layers that have an analog form: one line each."""

from __future__ import annotations

from torch import nn

from bitline.nn.attention import AnalogMultiheadAttention
from bitline.nn.composite import CompositeLayer
from bitline.nn.convolution import AnalogConv1d, AnalogConv2d, AnalogConv3d
from bitline.nn.layer import AnalogLayer
from bitline.nn.linear import AnalogLinear
from bitline.nn.recurrent import AnalogGRU, AnalogLSTM, AnalogRNN
from bitline.nn.recurrent_cells import AnalogGRUCell, AnalogLSTMCell, AnalogRNNCell
from bitline.nn.transposed import AnalogConvTranspose1d, AnalogConvTranspose2d, AnalogConvTranspose3d
from bitline.nn.transposed_linear import transposed_form

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

TRANSPOSED_LAYERS = ("transformers.pytorch_utils.Conv1D",)
"""Layers of one matrix, (features, outputs), of packages that are not imported for them."""

COMPOSITE_LAYERS: dict[type[nn.Module], type[CompositeLayer]] = {
    nn.MultiheadAttention: AnalogMultiheadAttention,
    nn.LSTM: AnalogLSTM,
    nn.GRU: AnalogGRU,
    nn.RNN: AnalogRNN,
    nn.LSTMCell: AnalogLSTMCell,
    nn.GRUCell: AnalogGRUCell,
    nn.RNNCell: AnalogRNNCell,
}
"""Layers of several matrices."""

NO_ANALOG_FORM = (nn.Bilinear, nn.RNNBase, nn.RNNCellBase)
"""Layers with matrix products that cannot be mapped: refused rather than left out of the simulation."""

QUANTISED = ("Linear", "Conv", "LSTM", "GRU", "RNN")
"""How names of PyTorch's quantised layers with matrix products begin."""


def analog_form(module: nn.Module) -> type[AnalogLayer] | None:
    """The analog form of a layer of one matrix, also of a subclass that computes the same; None where it has none."""
    if f"{type(module).__module__}.{type(module).__qualname__}" in TRANSPOSED_LAYERS:
        return transposed_form(type(module))
    return next((form for layer, form in ANALOG_LAYERS.items() if computes_like(module, layer)), None)


def composite_form(module: nn.Module) -> type[CompositeLayer] | None:
    """The form of a layer of several matrices, also of a subclass that computes the same; None where it has none."""
    return next((form for layer, form in COMPOSITE_LAYERS.items() if computes_like(module, layer)), None)


def is_quantised(module: nn.Module) -> bool:
    """Whether PyTorch has quantised a layer, whose weights are then packed and no parameters.

    Examples:
        >>> is_quantised(nn.Linear(2, 2))
        False
    """
    kind = type(module)
    packed = kind.__module__.startswith("torch.ao.nn.") and ".quantized" in kind.__module__
    return packed and kind.__name__.startswith(QUANTISED) and not kind.__name__.endswith("PackedParams")


def lacks_form(module: nn.Module) -> bool:
    """Whether a layer has matrix products and no analog form."""
    multiplies = isinstance(module, (*NO_ANALOG_FORM, *ANALOG_LAYERS, *COMPOSITE_LAYERS)) or is_quantised(module)
    return multiplies and analog_form(module) is None and composite_form(module) is None


def computes_like(module: nn.Module, float_type: type[nn.Module]) -> bool:
    """Whether a module is of a type, or of a subclass that computes the same."""
    methods = ("forward", "_conv_forward", "__call__", "__getattr__")
    same = all(getattr(type(module), name, None) is getattr(float_type, name, None) for name in methods)
    return type(module) is float_type or (isinstance(module, float_type) and same)
