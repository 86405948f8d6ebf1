"""Matrices of one parameter, such as the experts of a layer: each is a layer of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from bitline.nn.vector_layer import AnalogVectorLayer

MATRICES = "_matrices"
"""How the name of what holds the layers of a parameter ends."""


class StackedLinear(nn.Module):
    """y = W x with one matrix of a parameter of another module.

    Args:
        owner: of the parameter.
        parameter: its name; it has the axes (matrices, outputs, features).
        index: of the matrix.
        is_turned: whether its axes are (matrices, features, outputs).

    Examples:
        >>> import torch
        >>> owner = nn.Module()
        >>> owner.experts = nn.Parameter(torch.ones(4, 2, 3))
        >>> StackedLinear(owner, "experts", 1, is_turned=False)(torch.ones(5, 3)).shape
        torch.Size([5, 2])
    """

    bias = None

    def __init__(self, owner: nn.Module, parameter: str, index: int, is_turned: bool) -> None:
        super().__init__()
        self._stack = (owner, parameter, index, is_turned)  # in a tuple, so that it does not hold its owner as a part

    @property
    def weight(self) -> Tensor:
        """The matrix, (outputs, features): a view."""
        owner, parameter, index, is_turned = self._stack
        matrix: Tensor = getattr(owner, parameter)[index]
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


def stack_of(owner: nn.Module, parameter: str, is_turned: bool) -> nn.ModuleList:
    """The layers of a parameter's matrices, which are made parts of its owner the first time.

    Examples:
        >>> import torch
        >>> owner = nn.Module()
        >>> owner.experts = nn.Parameter(torch.ones(4, 2, 3))
        >>> len(stack_of(owner, "experts", is_turned=False)), [name for name, _ in owner.named_children()]
        (4, ['experts_matrices'])
    """
    name = f"{parameter}{MATRICES}"
    if name not in owner._modules:
        count = len(getattr(owner, parameter))
        owner.add_module(
            name, nn.ModuleList(StackedLinear(owner, parameter, index, is_turned) for index in range(count))
        )
    layers = owner.get_submodule(name)
    assert isinstance(layers, nn.ModuleList)
    return layers


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
