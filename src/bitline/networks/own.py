"""Networks of users' own, functions named by their import paths."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

from torch import nn

from bitline.config.imports import import_module
from bitline.config.messages import nearest
from bitline.config.trust import trust
from bitline.config.users_code import failure
from bitline.data.preprocess import UNIT
from bitline.errors import NetworkError
from bitline.networks.network import Network


def own_network(name: str) -> Network:
    """The network that a function returns, `package.module:function`; its module is imported.

    Args:
        name: import path of a function that needs no arguments, or of a module or a class of modules.

    Raises:
        NetworkError: there is no such function, its code fails, or it returns no network.

    Examples:
        >>> own_network("bitline.networks.fashion_resnet:FashionResNet").name
        'bitline.networks.fashion_resnet:FashionResNet'
        >>> own_network("os:abort")
        Traceback (most recent call last):
        bitline.errors.NetworkError: cannot import the network 'os:abort': os is a module of Python itself: ...
    """
    found = _imported(name)
    trust([name])
    made = _made(name, found)
    if isinstance(made, Network):
        return made
    if not isinstance(made, nn.Module):
        raise NetworkError(f"{name} returned {type(made).__name__}: it must return a torch.nn.Module")
    return Network(name, lambda: made, UNIT)


def _imported(name: str) -> Any:
    """What an import path stands for.

    Raises:
        NetworkError: there is no such thing, or it is not defined where the path says.
    """
    try:
        module = import_module(name)
    except ValueError as error:
        raise NetworkError(f"cannot import the network {name!r}: {error}") from error
    word = name.partition(":")[2]
    if not hasattr(module, word):
        known = [
            own for own, value in vars(module).items() if callable(value) and _home(value) == _top(module.__name__)
        ]
        hint = nearest(word, known) if known else ""
        raise NetworkError(f"cannot import the network {name!r}: {_place(module)} has no {word!r}{hint}")
    found = getattr(module, word)
    if isinstance(found, (nn.Module, Network)):
        return found
    if not callable(found):
        raise NetworkError(f"{name} is {type(found).__name__}: it must be a function that returns a torch.nn.Module")
    if _home(found) != _top(module.__name__):
        raise NetworkError(
            f"{name} is not defined in {module.__name__}, but in {_home(found)}: name a function of your own module "
            "that returns the network"
        )
    return found


def _made(name: str, found: Any) -> Any:
    """What a function returns that needs no arguments; a network as it is.

    Raises:
        NetworkError: the function needs arguments, or fails.
    """
    if isinstance(found, (nn.Module, Network)):
        return found
    _check_no_arguments(name, found)
    try:
        return found()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a user's function can raise anything, SystemExit too
        raise NetworkError(f"{name} fails with {failure(error)}") from error


def _check_no_arguments(name: str, found: Callable[..., Any]) -> None:
    try:
        signature = inspect.signature(found)
    except (TypeError, ValueError):  # written in C
        return
    try:
        signature.bind()
    except TypeError as error:
        raise NetworkError(
            f"{name} is called without arguments, and takes {signature}: {error}; give them default values"
        ) from None


def _home(found: Any) -> str:
    """The outermost package in which something is defined."""
    while isinstance(found, partial):
        found = found.func
    return _top(str(getattr(found, "__module__", "")))


def _top(module: str) -> str:
    return module.partition(".")[0]


def _place(module: ModuleType) -> str:
    """A module and its file, as another one of the same name may have been meant."""
    file = getattr(module, "__file__", None)
    return f"{module.__name__} ({file})" if file else module.__name__
