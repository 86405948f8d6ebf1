"""Matrices that are parameters of modules, one by one or several in one, as experts are: each is a layer of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from bitline.nn.vector_layer import AnalogVectorLayer

MATRIX, MATRICES = "_matrix", "_matrices"
"""How the name of the layer of a parameter ends, and that of what holds its layers."""
OTHER_WAY = "_other_way"
"""What comes after it for the layers of a parameter that is used both ways."""


class StackedLinear(nn.Module):
    """y = W x with a parameter of another module, or one of its matrices.

    Args:
        owner: of the parameter.
        parameter: its name; it has the axes (outputs, features), or (matrices, outputs, features).
        index: of the matrix; None where the parameter is one.
        is_turned: whether features come before outputs.

    Examples:
        >>> import torch
        >>> owner = nn.Module()
        >>> owner.experts = nn.Parameter(torch.ones(4, 2, 3))
        >>> StackedLinear(owner, "experts", 1, is_turned=False)(torch.ones(5, 3)).shape
        torch.Size([5, 2])
    """

    bias = None

    def __init__(self, owner: nn.Module, parameter: str, index: int | None, is_turned: bool) -> None:
        super().__init__()
        self._stack = (owner, parameter, index, is_turned)  # in a tuple, so that it does not hold its owner as a part

    @property
    def weight(self) -> Tensor:
        """The matrix, (outputs, features): a view."""
        owner, parameter, index, is_turned = self._stack
        whole: Tensor = getattr(owner, parameter)
        matrix = whole if index is None else whole[index]
        return matrix.mT if is_turned else matrix

    def forward(self, input: Tensor) -> Tensor:
        return functional.linear(input, self.weight)


class AnalogStackedLinear(AnalogVectorLayer, StackedLinear):
    """One matrix of a parameter on analog arrays; inputs (..., features).

    Examples:
        >>> import torch
        >>> from bitline.design import Design
        >>> owner = nn.Module()
        >>> owner.experts = nn.Parameter(torch.ones(4, 2, 3))
        >>> AnalogStackedLinear.of(StackedLinear(owner, "experts", 1, is_turned=False), Design(), "experts.1")
        AnalogStackedLinear('experts.1', rows=3, outputs=2, groups=1)
    """

    float_type = StackedLinear

    def float_forward(self, inputs: Tensor) -> Tensor:
        return functional.linear(inputs, self.weight)

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *arguments: Any) -> None:
        """Float weights, which belong to the owner, are enough."""
        if f"{prefix}_extra_state" in state_dict:
            super()._load_from_state_dict(state_dict, prefix, *arguments)


def layers_of(owner: nn.Module, parameter: str, is_turned: bool) -> tuple[nn.Module, ...]:
    """The layers of a parameter's matrices, which are made parts of its owner the first time.

    Examples:
        >>> import torch
        >>> owner = nn.Module()
        >>> owner.experts = nn.Parameter(torch.ones(4, 2, 3))
        >>> len(layers_of(owner, "experts", is_turned=False)), [name for name, _ in owner.named_children()]
        (4, ['experts_matrices'])
    """
    weights: Tensor = getattr(owner, parameter)
    is_one = weights.ndim == 2
    name = f"{parameter}{MATRIX if is_one else MATRICES}"
    if name in owner._modules and _is_turned(owner.get_submodule(name)) != is_turned:
        name += OTHER_WAY  # the module multiplies with it both ways
    if name not in owner._modules:
        indices = (None,) if is_one else range(len(weights))
        layers = [StackedLinear(owner, parameter, index, is_turned) for index in indices]
        owner.add_module(name, layers[0] if is_one else nn.ModuleList(layers))
    made = owner.get_submodule(name)
    return tuple(made) if isinstance(made, nn.ModuleList) else (made,)


def _is_turned(made: nn.Module) -> bool:
    """How the layers lie in their parameter."""
    first = made[0] if isinstance(made, nn.ModuleList) else made
    assert isinstance(first, StackedLinear)
    return first._stack[-1]


def is_matrix(parameter: nn.Parameter) -> bool:
    """Whether a parameter can be the weight of a layer.

    Examples:
        >>> import torch
        >>> is_matrix(nn.Parameter(torch.ones(3, 2))), is_matrix(nn.Parameter(torch.ones(3)))
        (True, False)
    """
    return parameter.ndim == 2 and parameter.is_floating_point() and not parameter.is_meta


def possible_stacks(network: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Parameters with several matrices, and their names; kernels of convolutions are none.

    Examples:
        >>> list(possible_stacks(nn.Conv1d(3, 2, 5)))
        []
    """
    for name, module in network.named_modules():
        if not isinstance(module, nn.modules.conv._ConvNd):
            for own, parameter in module.named_parameters(prefix=name, recurse=False):
                if (
                    parameter.ndim == 3
                    and len(parameter) > 1
                    and parameter.is_floating_point()
                    and not parameter.is_meta
                ):
                    yield own, parameter


def stacked_parameters(network: nn.Module) -> set[int]:
    """Identities of the parameters whose matrices are layers."""
    stacks = [module._stack for module in network.modules() if isinstance(module, StackedLinear)]
    return {id(getattr(owner, parameter)) for owner, parameter, *_ in stacks}
