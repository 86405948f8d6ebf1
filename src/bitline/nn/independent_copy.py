"""A copy of a network that refers to itself only: what is converted, measured and trained in place of the user's own.

`copy.deepcopy` copies modules, parameters and hooks, but functions stay as they are: a `forward` that was replaced on
an instance, or a hook, goes on calling the *original* network's layers. Here they call those of the copy.
"""

from __future__ import annotations

import copy
import functools
import operator
import types
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree

from bitline.config.messages import first_line
from bitline.config.users_code import users_line
from bitline.errors import ConversionError
from bitline.nn.offloaded import copies_of_loaded
from bitline.nn.out_of_memory import naming_memory
from bitline.numerics.out_of_memory import is_out_of_memory


def independent_copy(model: nn.Module) -> nn.Module:
    """A copy of `model` in eval mode that can be changed in place.

    Wrappers around (parts of) a network (`DataParallel`, `DistributedDataParallel`, `torch.compile`) are taken off;
    weights that are computed before every call (`torch.nn.utils.parametrize`, weight and spectral norm, pruning) are
    baked in; weights that a hook of accelerate loads when a module runs are loaded.

    Examples:
        >>> import torch
        >>> network = torch.nn.Linear(4, 2)
        >>> copy = independent_copy(network)
        >>> copy.weight.equal(network.weight), copy.weight is network.weight
        (True, False)

    Raises:
        ConversionError: the network cannot be copied, or there is not enough memory.
    """
    with naming_memory(model):
        network, memo = _deep_copy(model)
    copies = {id(module): memo[id(module)] for module in model.modules() if id(module) in memo}
    for module in network.modules():
        _rebind_functions(module, copies)
    network = _unwrapped(network)
    for module in list(network.modules()):
        _bake_weights(module)
    return network.eval()


def _deep_copy(model: nn.Module) -> tuple[nn.Module, dict[int, Any]]:
    """A deep copy with values of its own, and what became of each object by its identity.

    Raises:
        ConversionError: the network cannot be copied.
    """
    memo = copies_of_loaded(model)
    memo |= {
        id(value): value.detach().clone()
        for module in model.modules()
        for value in _pytree.tree_leaves(vars(module))
        if isinstance(value, Tensor) and not value.is_leaf  # computed weights, which deepcopy refuses
    }
    with torch.inference_mode(False):
        try:
            network: nn.Module = copy.deepcopy(model, memo)
        except Exception as error:
            if is_out_of_memory(error):
                raise
            raise ConversionError(
                f"{type(model).__name__} cannot be copied ({first_line(error, 120)}){users_line(error)}: "
                "make it copyable with copy.deepcopy"
            ) from None
    return network, memo


def _rebind_functions(module: nn.Module, copies: Mapping[int, nn.Module]) -> None:
    """Let the functions that a module holds call the modules of the copy."""
    done: dict[int, Any] = {}
    own = vars(module)
    for name, value in list(own.items()):
        if isinstance(value, dict) and name.endswith("_hooks"):
            for key, function in list(value.items()):
                value[key] = _rebound(function, copies, done)
        elif not isinstance(value, (dict, Tensor, nn.Module)):
            own[name] = _rebound(value, copies, done)


def _rebound(value: Any, copies: Mapping[int, nn.Module], done: dict[int, Any]) -> Any:
    """`value` with every module of the original that it refers to replaced by its copy; itself where there is none."""
    if isinstance(value, nn.Module):
        return copies.get(id(value), value)
    if isinstance(value, types.MethodType) and isinstance(value.__self__, nn.Module):
        return _late_bound(value, copies.get(id(value.__self__), value.__self__))
    if isinstance(value, functools.partial):
        parts = [_rebound(part, copies, done) for part in (value.func, *value.args)]
        keywords = {key: _rebound(part, copies, done) for key, part in value.keywords.items()}
        before = (value.func, *value.args, *value.keywords.values())
        same = all(map(operator.is_, (*parts, *keywords.values()), before))
        return value if same else functools.partial(parts[0], *parts[1:], **keywords)
    if type(value) is list or type(value) is tuple:
        items = [_rebound(part, copies, done) for part in value]
        same = all(map(operator.is_, items, value))
        return value if same else (items if isinstance(value, list) else tuple(items))
    if isinstance(value, types.FunctionType):
        return _rebound_function(value, copies, done)
    return value


def _rebound_function(function: types.FunctionType, copies: Mapping[int, nn.Module], done: dict[int, Any]) -> Any:
    """A function whose closure, defaults and globals refer to the copy."""
    if id(function) in done:
        return done[id(function)]
    done[id(function)] = function  # for functions that refer to themselves
    cells = function.__closure__ or ()
    filled = [cell for cell in cells if _contents(cell) is not cell]
    closure = {id(cell): _rebound(cell.cell_contents, copies, done) for cell in filled}
    defaults = _rebound(function.__defaults__, copies, done)
    named_defaults = function.__kwdefaults__ or {}
    keywords = {name: _rebound(value, copies, done) for name, value in named_defaults.items()}
    named = {name: function.__globals__[name] for name in function.__code__.co_names if name in function.__globals__}
    changed = {
        name: new
        for name, value in named.items()
        if isinstance(value, (nn.Module, types.MethodType, functools.partial))
        and (new := _rebound(value, copies, done)) is not value
    }
    same_cells = all(closure[id(cell)] is cell.cell_contents for cell in filled)
    same_keywords = all(keywords[name] is value for name, value in named_defaults.items())
    same_defaults = defaults is function.__defaults__ and same_keywords
    if same_cells and same_defaults and not changed:
        return function
    bound = types.FunctionType(
        function.__code__,
        {**function.__globals__, **changed} if changed else function.__globals__,
        function.__name__,
        defaults,
        tuple(types.CellType(closure[id(cell)]) if id(cell) in closure else cell for cell in cells),
    )
    bound.__kwdefaults__ = keywords or None
    bound.__dict__.update(function.__dict__)
    done[id(function)] = bound
    return bound


def _late_bound(method: types.MethodType, module: nn.Module) -> Any:
    """The method of that name of whatever class the module has when it is called: layers become analog in place."""
    name = method.__func__.__name__
    if getattr(type(module), name, None) is not method.__func__:
        return types.MethodType(method.__func__, module)
    return functools.partial(call_by_class, module, name)


def call_by_class(module: nn.Module, name: str, *arguments: Any, **keywords: Any) -> Any:
    """Call a method of a module's class, not one that was put on the instance."""
    return getattr(type(module), name)(module, *arguments, **keywords)


def _unwrapped(network: nn.Module) -> nn.Module:
    """The network without wrappers, at the top and inside."""
    for module in list(network.modules()):
        for name, child in module.named_children():
            inner = _innermost(child)
            if inner is not child:
                module._modules[name] = inner
    return _innermost(network)


def _innermost(module: nn.Module) -> nn.Module:
    if isinstance(module, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
        return _innermost(module.module)
    if type(module).__name__ == "OptimizedModule" and "_orig_mod" in module._modules:
        inner = module._modules["_orig_mod"]
        assert inner is not None
        return _innermost(inner)
    return module


def _bake_weights(module: nn.Module) -> None:
    """Make weights that are computed before every call plain parameters, as they are now."""
    from torch.nn.utils import parametrize, prune
    from torch.nn.utils.spectral_norm import SpectralNorm, remove_spectral_norm
    from torch.nn.utils.weight_norm import WeightNorm, remove_weight_norm

    if parametrize.is_parametrized(module):
        # Not by remove_parametrizations: it changes the class, which the original has, too.
        plain = parametrize.type_before_parametrizations(module)
        computed = {name: getattr(module, name).detach().clone() for name in module.parametrizations}  # type: ignore[union-attr]
        del module.parametrizations
        module.__class__ = plain
        for name, value in computed.items():
            setattr(module, name, nn.Parameter(value, value.is_floating_point()))  # recurrent layers keep a list, too
    for hook in list(module._forward_pre_hooks.values()):
        if isinstance(hook, WeightNorm):
            remove_weight_norm(module, hook.name)
        elif isinstance(hook, SpectralNorm):
            remove_spectral_norm(module, hook.name)
        elif isinstance(hook, prune.BasePruningMethod):
            prune.remove(module, hook._tensor_name)


def _contents(cell: types.CellType) -> Any:
    """What a cell of a closure holds; the cell itself where it is still empty."""
    try:
        return cell.cell_contents
    except ValueError:
        return cell
