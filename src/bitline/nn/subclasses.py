"""Analog forms of subclasses of layers: instances of the subclass, too, with its methods, properties and attributes.

A form such as `AnalogLinear` extends `nn.Linear`. For a layer whose class derives from `nn.Linear`, a class is made
that extends both, once for each. It is found again from the two when it is unpickled.
"""

from __future__ import annotations

import copy
import functools
import inspect
from abc import ABCMeta
from collections.abc import Iterable
from types import new_class
from typing import Any, Self

from torch import nn

from bitline.design import Design
from bitline.nn.composite import CompositeLayer
from bitline.nn.layer import AnalogLayer

SHARED = frozenset({"extra_repr", "_load_from_state_dict", "forward", "float_type", "_abc_impl"})
"""What a subclass and a form may both define, besides what begins and ends with two underscores."""
STATE = frozenset({"__getstate__", "__setstate__"})
"""How instances are taken apart for copies and files, which forms have ways of their own for."""


class Extended:
    """What a class that extends a form and a subclass of its layer has besides both.

    Examples:
        >>> from bitline.nn import AnalogLinear
        >>> class Mine(nn.Linear):
        ...     pass
        >>> issubclass(extended(AnalogLinear, Mine), Extended)
        True
    """

    bitline_form: type[nn.Module]
    bitline_layer: type[nn.Module]

    def __init_subclass__(cls) -> None:
        """Pass over hooks of the subclass, which may list or refuse new classes."""

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _blank, (self.bitline_form, self.bitline_layer), self.__getstate__()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        twin = type(self).__new__(type(self))
        memo[id(self)] = twin
        twin.__setstate__(copy.deepcopy(self.__getstate__(), memo))  # type: ignore[attr-defined]
        return twin


def extended(form: type[nn.Module], layer: type[nn.Module]) -> type[Any]:
    """The analog form for layers of a class, which stay instances of it where that is possible; the form itself if not.

    Args:
        form: of `layer` or of a class that it extends.
        layer: class of the float layer.

    Examples:
        >>> from bitline.nn import AnalogLinear
        >>> class Mine(nn.Linear):
        ...     tag = 7
        >>> kind = extended(AnalogLinear, Mine)
        >>> kind.__name__, issubclass(kind, AnalogLinear), issubclass(kind, Mine), kind.tag
        ('AnalogMine', True, True, 7)
        >>> extended(AnalogLinear, nn.Linear).__name__
        'AnalogLinear'
    """
    return form if issubclass(form, layer) or obstacle(form, layer) else _made(form, layer)


def obstacle(form: type[nn.Module], layer: type[nn.Module]) -> str:
    """Why layers of a class cannot stay instances of it in this form; empty where they can.

    Args:
        form, layer: as for `extended`.

    Examples:
        >>> from bitline.nn import AnalogLinear
        >>> class Named(nn.Linear):
        ...     @property
        ...     def name(self):
        ...         return "mine"
        >>> obstacle(AnalogLinear, Named)
        'it defines name, which analog layers define, too'
    """
    if issubclass(form, layer):
        return ""
    if type(layer) not in (type, ABCMeta):
        return f"its metaclass is {type(layer).__name__}"
    theirs = _defined(kind for kind in layer.__mro__ if not issubclass(form, kind))
    both = theirs & (_defined(kind for kind in form.__mro__ if not issubclass(layer, kind)) | _fields(form) | STATE)
    if both:
        return f"it defines {', '.join(sorted(both))}, which analog layers define, too"
    try:
        _made(form, layer)
    except TypeError as error:
        return str(error)
    return ""


def replaced_attributes(form: type[nn.Module], layer: nn.Module) -> tuple[str, ...]:
    """Attributes of a layer that its analog form replaces by its own, such as a name that its class sets.

    Args:
        form: of the layer.
        layer: in floating point.

    Examples:
        >>> from bitline.nn import AnalogLinear
        >>> linear = nn.Linear(3, 2)
        >>> linear.name, linear.scale = "mine", 2.0
        >>> replaced_attributes(AnalogLinear, linear)
        ('name',)
    """
    return tuple(sorted(name for name in _own(form, layer) if not _is_method(form, name)))


def needed_methods(form: type[nn.Module], layer: nn.Module) -> tuple[str, ...]:
    """Attributes of a layer that would stand in the place of a method of its analog form.

    Args:
        form, layer: as for `replaced_attributes`.

    Examples:
        >>> from bitline.nn import AnalogLinear
        >>> linear = nn.Linear(3, 2)
        >>> linear.cells = 6
        >>> needed_methods(AnalogLinear, linear)
        ('cells',)
    """
    return tuple(sorted(name for name in _own(form, layer) if _is_method(form, name)))


def _own(form: type[nn.Module], layer: nn.Module) -> set[str]:
    """Attributes of a layer itself, not of its class, that its form has, too."""
    held = {*vars(layer), *layer._parameters, *layer._buffers, *layer._modules}
    theirs = {name for kind in type(layer).__mro__ for name in vars(kind)}
    return held & ((_fields(form) | {name for kind in form.__mro__ for name in vars(kind)}) - theirs)


def _is_method(form: type[nn.Module], name: str) -> bool:
    return callable(inspect.getattr_static(form, name, None))


_classes: dict[tuple[type[nn.Module], type[nn.Module]], type[Any]] = {}


def _made(form: type[nn.Module], layer: type[nn.Module]) -> type[Any]:
    """The class that extends both.

    Raises:
        TypeError: there cannot be one.
    """
    if (form, layer) not in _classes:
        _classes[form, layer] = _new_class(form, layer)
    return _classes[form, layer]


def _new_class(form: type[nn.Module], layer: type[nn.Module]) -> type[Any]:
    members = {"bitline_form": form, "bitline_layer": layer, "float_type": layer}
    named = {"__module__": form.__module__, "__doc__": form.__doc__}
    return new_class(f"Analog{layer.__name__}", (Extended, form, layer), {}, lambda body: body.update(members | named))


def _blank(form: type[nn.Module], layer: type[nn.Module]) -> Any:
    """An instance without a state, for unpickling."""
    kind: Any = _made(form, layer)
    return kind.__new__(kind)


def _defined(kinds: Iterable[type]) -> set[str]:
    """Names that classes define and that a form and a subclass may not share."""
    names = {name for kind in kinds for name in vars(kind)} - SHARED
    return {name for name in names if name in STATE or not (name.startswith("__") and name.endswith("__"))}


def _fields(form: type[nn.Module]) -> set[str]:
    """Attributes that instances of a form have and float layers do not."""
    return _own_fields() if issubclass(form, AnalogLayer) else set(CompositeLayer.__annotations__)


@functools.cache
def _own_fields() -> set[str]:
    """Attributes that `AnalogLayer` gives its instances."""
    from bitline.nn.linear import AnalogLinear

    layer = nn.Linear(1, 1, device="meta")
    return vars(AnalogLinear._twin_of(layer, Design(), "")).keys() - vars(layer).keys()
