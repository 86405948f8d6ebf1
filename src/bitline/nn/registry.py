"""The layers that have an analog form: one line each."""

from __future__ import annotations

from typing import Any

from torch import nn

from bitline.design import Design
from bitline.errors import ConversionError
from bitline.nn.attention import AnalogMultiheadAttention
from bitline.nn.composite import CompositeLayer
from bitline.nn.convolution import AnalogConv1d, AnalogConv2d, AnalogConv3d
from bitline.nn.layer import AnalogLayer
from bitline.nn.linear import AnalogLinear
from bitline.nn.own_forward import OWN_FORMS, computes_like, own_product
from bitline.nn.recurrent import AnalogGRU, AnalogLSTM, AnalogRNN
from bitline.nn.recurrent_cells import AnalogGRUCell, AnalogLSTMCell, AnalogRNNCell
from bitline.nn.rules import design_of, names_of
from bitline.nn.stacked import (
    AnalogStackedConvolution,
    AnalogStackedLinear,
    StackedConvolution,
    StackedLinear,
)
from bitline.nn.subclasses import extended, needed_methods, obstacle, replaced_attributes
from bitline.nn.transposed import AnalogConvTranspose1d, AnalogConvTranspose2d, AnalogConvTranspose3d
from bitline.nn.transposed_linear import AnalogTransposedLinear
from bitline.numerics.text import type_in_words

ANALOG_LAYERS: dict[type[nn.Module], type[AnalogLayer]] = {
    nn.Linear: AnalogLinear,
    nn.Conv1d: AnalogConv1d,
    nn.Conv2d: AnalogConv2d,
    nn.Conv3d: AnalogConv3d,
    nn.ConvTranspose1d: AnalogConvTranspose1d,
    nn.ConvTranspose2d: AnalogConvTranspose2d,
    nn.ConvTranspose3d: AnalogConvTranspose3d,
    StackedLinear: AnalogStackedLinear,
    StackedConvolution: AnalogStackedConvolution,
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

TRAINED_QUANTISED = ("torch.ao.nn.qat", "torch.ao.nn.intrinsic.qat")
"""Where PyTorch keeps layers that round their weights while they are trained."""

QUANTISED = ("Linear", "Conv", "LSTM", "GRU", "RNN")
"""How names of PyTorch's quantised layers with matrix products begin."""


def analog_form(module: nn.Module) -> type[AnalogLayer] | None:
    """The analog form of a layer of one matrix, also of a subclass that computes the same; None where it has none.

    A class that is registered itself goes before those that it extends, and these in the order of inheritance.

    Raises:
        ConversionError: what is registered is no analog layer.
    """
    layer = next((kind for kind in type(module).__mro__ if _has_form_of(module, kind)), None)
    if layer is None:
        return _own_form(module)
    form = ANALOG_LAYERS.get(layer, AnalogTransposedLinear)
    return extended(_checked(form, layer, AnalogLayer, "ANALOG_LAYERS"), type(module))


def composite_form(module: nn.Module) -> type[CompositeLayer] | None:
    """The form of a layer of several matrices, also of a subclass that computes the same; None where it has none.

    Raises:
        ConversionError: what is registered is no composite layer.
    """
    known = (kind for kind in type(module).__mro__ if kind in COMPOSITE_LAYERS and computes_like(type(module), kind))
    layer = next(known, None)
    if layer is None:
        return None
    return extended(_checked(COMPOSITE_LAYERS[layer], layer, CompositeLayer, "COMPOSITE_LAYERS"), type(module))


def has_form(module: nn.Module) -> bool:
    """Whether a layer can lie on arrays, by one matrix or several.

    Examples:
        >>> has_form(nn.Linear(2, 2)), has_form(nn.LSTM(2, 2)), has_form(nn.ReLU())
        (True, True, False)
    """
    return analog_form(module) is not None or composite_form(module) is not None


def take_apart(network: nn.Module, design: Design) -> None:
    """Give each matrix of the layers of several matrices a layer of its own, in place.

    Args:
        network: in floating point.
        design: decides which of its layers become analog.

    Examples:
        >>> network = nn.Sequential(nn.GRUCell(3, 2))
        >>> take_apart(network, Design())
        >>> [name for name, module in network.named_modules() if isinstance(module, nn.Linear)]
        ['0.ih', '0.hh']
    """
    for module, names in names_of(network).items():
        form = composite_form(module)
        if form is not None and design_of(design, names) is not None:
            form.take_apart(module, names[0])


def losses(network: nn.Module, design: Design) -> tuple[str, ...]:
    """A sentence for each class that its layers will not be instances of, or attributes of which they will not keep.

    Args:
        network: in floating point.
        design: decides which of its layers become analog.

    Raises:
        ConversionError: an attribute of a layer would stand in the place of a method of its analog form.

    Examples:
        >>> class Named(nn.Linear):
        ...     @property
        ...     def name(self):
        ...         return "mine"
        >>> losses(nn.Sequential(nn.Linear(3, 2), Named(2, 2)), Design())
        ("layer '1' is a Named, of which its analog form keeps the weights but not the class: it defines name, ...",)
    """
    found: dict[type[nn.Module], str] = {}
    for module, names in names_of(network).items():
        form = analog_form(module) or composite_form(module)
        lost = _loss(form, module, names[0]) if form is not None and design_of(design, names) is not None else ""
        if lost:
            found.setdefault(type(module), f"layer {names[0]!r} is {type_in_words(module)}, {lost}")
    return tuple(found.values())


def _loss(form: type[nn.Module], layer: nn.Module, name: str) -> str:
    """What the analog form of a layer does not keep of it; empty where it keeps all.

    Raises:
        ConversionError: names the attribute that the form could not work with.
    """
    if needed := needed_methods(form, layer):
        raise ConversionError(
            f"layer {name!r} has the attribute {needed[0]!r}, which is a method of its analog form "
            f"{form.__name__}: give the attribute another name"
        )
    why, replaced = obstacle(form, type(layer)), replaced_attributes(form, layer)
    lost = [f"of which its analog form keeps the weights but not the class: {why}"] if why else []
    if replaced:
        lost.append(f"whose {' and '.join(replaced)} its analog form replaces by its own: use another name for yours")
    return ", and ".join(lost)


def is_quantised(module: nn.Module) -> bool:
    """Whether PyTorch has quantised a layer, whose weights are then packed and no parameters.

    Examples:
        >>> is_quantised(nn.Linear(2, 2))
        False
    """
    kind = type(module)
    packed = kind.__module__.startswith("torch.ao.nn.") and ".quantized" in kind.__module__
    return packed and kind.__name__.startswith(QUANTISED) and not kind.__name__.endswith("PackedParams")


def _own_form(module: nn.Module) -> type[AnalogLayer] | None:
    """The form of a layer whose class has a `forward` of its own around the product of one that it extends."""
    kind = next((kind for kind in type(module).__mro__ if kind in ANALOG_LAYERS), None)
    form = None if kind is None else OWN_FORMS.get(kind)
    if kind is None or form is None or not issubclass(form, ANALOG_LAYERS[kind]):
        return None
    if type(module).__module__.startswith(TRAINED_QUANTISED) or obstacle(form, type(module)):
        return None
    return extended(form, type(module)) if own_product(module, kind) else None


def _has_form_of(module: nn.Module, kind: type[nn.Module]) -> bool:
    known = kind in ANALOG_LAYERS or f"{kind.__module__}.{kind.__qualname__}" in TRANSPOSED_LAYERS
    return known and computes_like(type(module), kind)


def _checked(form: Any, layer: type[nn.Module], base: type[nn.Module], registry: str) -> type[Any]:
    """A form that somebody registered.

    Raises:
        ConversionError: it is no class of the right kind.
    """
    if isinstance(form, type) and issubclass(form, base):
        return form
    found = form.__name__ if isinstance(form, type) else repr(form)
    raise ConversionError(
        f"{registry}[{layer.__name__}] is {found}: register a class derived from bitline.nn.{base.__name__}"
    )
