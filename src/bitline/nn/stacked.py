"""Matrices and kernels that are parameters of modules, one by one or several in one, as experts are: each is a layer.

How a module multiplies with a parameter of its own is said in words, which files of calibrations keep:

- "stack": with a matrix (outputs, features), or with each of several, (matrices, outputs, features);
- "turned stack": the same, features before outputs;
- "part 0:8,0:16", "turned part 0:8,0:16": with these outputs and features, or features and outputs, of one matrix;
- "convolution" and its settings: with kernels (outputs, channels, *space).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from bitline.arrays.product import CONVOLUTIONS
from bitline.nn.asked_products import SETTINGS, settings_of
from bitline.nn.convolution import AnalogConvolution
from bitline.nn.layer import AnalogLayer
from bitline.nn.vector_layer import AnalogVectorLayer

STACK, TURNED, PART, TURNED_PART, CONVOLUTION = "stack", "turned stack", "part", "turned part", "convolution"
"""Words for the ways to multiply, or how they begin."""
MATRIX, MATRICES, KERNELS = "_matrix", "_matrices", "_kernels"
"""How the name of the layer of a parameter ends, and that of what holds its layers."""
OTHER_WAY = "_other_way"
"""What comes after it for the layers of a parameter that is used in several ways."""


class ParameterLayer(nn.Module):
    """A layer whose weight is a parameter of another module, or part of it.

    Args:
        owner: of the parameter.
        parameter: its name.
        pick: which matrix of several it is, or which rows and columns of one; None for the whole parameter.
        is_turned: whether features come before outputs.
    """

    bias = None

    def __init__(self, owner: nn.Module, parameter: str, pick: Any = None, is_turned: bool = False) -> None:
        super().__init__()
        self._stack = (owner, parameter, pick, is_turned)  # in a tuple, so that it does not hold its owner as a part

    @property
    def weight(self) -> Tensor:
        """The matrix, (outputs, features), or kernels: a view."""
        owner, parameter, pick, is_turned = self._stack
        whole: Tensor = getattr(owner, parameter)
        picked = whole if pick is None else whole[pick]
        return picked.mT if is_turned else picked


class _AnalogParameterLayer(AnalogLayer):
    """What analog layers of parameters have in common."""

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *arguments: Any) -> None:
        """Float weights, which belong to the owner, are enough."""
        if f"{prefix}_extra_state" in state_dict:
            super()._load_from_state_dict(state_dict, prefix, *arguments)


class StackedLinear(ParameterLayer):
    """y = W x with a parameter of another module, or one of its matrices.

    Examples:
        >>> import torch
        >>> owner = nn.Module()
        >>> owner.experts = nn.Parameter(torch.ones(4, 2, 3))
        >>> StackedLinear(owner, "experts", 1)(torch.ones(5, 3)).shape
        torch.Size([5, 2])
    """

    def forward(self, input: Tensor) -> Tensor:
        return functional.linear(input, self.weight)


class AnalogStackedLinear(_AnalogParameterLayer, AnalogVectorLayer, StackedLinear):
    """One matrix of a parameter on analog arrays; inputs (..., features).

    Examples:
        >>> import torch
        >>> from bitline.design import Design
        >>> owner = nn.Module()
        >>> owner.experts = nn.Parameter(torch.ones(4, 2, 3))
        >>> AnalogStackedLinear.of(StackedLinear(owner, "experts", 1), Design(), "experts.1")
        AnalogStackedLinear('experts.1', rows=3, outputs=2, groups=1)
    """

    float_type = StackedLinear

    def float_forward(self, inputs: Tensor) -> Tensor:
        return functional.linear(inputs, self.weight)


class StackedConvolution(ParameterLayer):
    """A convolution with kernels that are a parameter of another module.

    Args:
        owner, parameter: as for every `ParameterLayer`.
        settings: stride, padding, dilation and groups, as `nn.Conv2d` keeps them.

    Examples:
        >>> import torch
        >>> owner = nn.Module()
        >>> owner.kernels = nn.Parameter(torch.ones(4, 2, 3, 3))
        >>> walk = {"stride": (1, 1), "padding": (1, 1), "dilation": (1, 1), "groups": 1}
        >>> StackedConvolution(owner, "kernels", walk)(torch.ones(5, 2, 7, 7)).shape
        torch.Size([5, 4, 7, 7])
    """

    padding_mode = "zeros"

    def __init__(self, owner: nn.Module, parameter: str, settings: Mapping[str, Any]) -> None:
        super().__init__(owner, parameter)
        vars(self).update(settings)

    @property
    def dimensions(self) -> int:
        """Axes of the kernels."""
        return self.weight.ndim - 2

    def forward(self, input: Tensor) -> Tensor:
        return CONVOLUTIONS[self.dimensions](input, self.weight, None, **settings_of(vars(self), self.dimensions))


class AnalogStackedConvolution(_AnalogParameterLayer, AnalogConvolution, StackedConvolution):
    """A convolution with kernels of another module on analog arrays.

    Examples:
        >>> import torch
        >>> from bitline.design import Design
        >>> owner = nn.Module()
        >>> owner.kernels = nn.Parameter(torch.ones(4, 2, 3))
        >>> walk = {"stride": (1,), "padding": (1,), "dilation": (1,), "groups": 1}
        >>> AnalogStackedConvolution.of(StackedConvolution(owner, "kernels", walk), Design(), "kernels")
        AnalogStackedConvolution('kernels', rows=6, outputs=4, groups=1)
    """

    float_type = StackedConvolution
    dimensions = StackedConvolution.dimensions


def layers_of(owner: nn.Module, parameter: str, how: str) -> tuple[nn.Module, ...]:
    """The layers of a parameter's matrices, or that of its kernels, which are made parts of its owner the first time.

    Args:
        owner, parameter: as for a `ParameterLayer`.
        how: it is multiplied with, in words.

    Examples:
        >>> import torch
        >>> owner = nn.Module()
        >>> owner.experts = nn.Parameter(torch.ones(4, 2, 3))
        >>> len(layers_of(owner, "experts", STACK)), [name for name, _ in owner.named_children()]
        (4, ['experts_matrices'])
    """
    made = _made(owner, parameter, how)
    name = f"{parameter}{_ending(made)}"
    while name in owner._modules and _use(owner.get_submodule(name)) != _use(made):
        name += OTHER_WAY  # the module multiplies with it in several ways
    if name not in owner._modules:
        owner.add_module(name, made)
    kept = owner.get_submodule(name)
    return tuple(kept) if isinstance(kept, nn.ModuleList) else (kept,)


def _made(owner: nn.Module, parameter: str, how: str) -> nn.Module:
    """The layer of a parameter, or a list of them."""
    weights: Tensor = getattr(owner, parameter)
    if how.startswith(CONVOLUTION):
        return StackedConvolution(owner, parameter, _settings(how))
    if how.startswith((PART, TURNED_PART)):
        kind, _, ends = how.rpartition(" ")
        rows, columns = (slice(*map(int, end.split(":"))) for end in ends.split(","))
        return StackedLinear(owner, parameter, (rows, columns), kind == TURNED_PART)
    if weights.ndim == 2:
        return StackedLinear(owner, parameter, None, how == TURNED)
    return nn.ModuleList(StackedLinear(owner, parameter, index, how == TURNED) for index in range(len(weights)))


def _ending(made: nn.Module) -> str:
    """What comes after the name of a parameter in that of its layer, or of the list of them."""
    if isinstance(made, nn.ModuleList):
        return MATRICES
    if isinstance(made, StackedConvolution):
        return KERNELS
    pick = _first(made)._stack[2]
    return MATRIX if pick is None else "_" + "_by_".join(f"{ends.start}_{ends.stop}" for ends in pick)


def is_layer_of(parameter: str, name: str) -> bool:
    """Whether a name is that of a layer of a parameter, or of the list of them.

    Examples:
        >>> is_layer_of("head.weight", "head.weight_0_64_by_0_32"), is_layer_of("head.weight", "head.weight_net")
        (True, False)
    """
    ending = rf"({MATRIX}|{MATRICES}|{KERNELS}|_\d+_\d+_by_\d+_\d+)({OTHER_WAY})*(\.\d+)?"
    return re.fullmatch(f"{re.escape(parameter)}{ending}", name) is not None


def _first(made: nn.Module) -> ParameterLayer:
    """The layer of a parameter, or the first of them."""
    layer = made[0] if isinstance(made, nn.ModuleList) else made
    assert isinstance(layer, ParameterLayer)
    return layer


def _use(made: nn.Module) -> object:
    """What two layers of the same parameter have in common if they do the same."""
    layer = _first(made)
    return layer._stack[2:], [vars(layer).get(name) for name in SETTINGS]


def convolution_in_words(settings: Mapping[str, Any]) -> str:
    """How kernels are multiplied with.

    Examples:
        >>> convolution_in_words({"stride": (2, 2), "padding": "same", "dilation": (1, 1), "groups": 4})
        'convolution stride=2,2 padding=same dilation=1,1 groups=4'
    """
    texts = {
        name: value if isinstance(value, (str, int)) else ",".join(map(str, value)) for name, value in settings.items()
    }
    return " ".join([CONVOLUTION, *(f"{name}={text}" for name, text in texts.items())])


def _settings(how: str) -> dict[str, Any]:
    """The settings of a convolution from its words."""
    texts = dict(word.split("=") for word in how.split(" ")[1:])
    return {
        name: int(text) if name == "groups" else text if text.isalpha() else tuple(map(int, text.split(",")))
        for name, text in texts.items()
    }


def part_in_words(matrix: Tensor, factor: Tensor) -> str | None:
    """How a factor is multiplied with that is part of a matrix, by its place in memory; None where it is none.

    Examples:
        >>> import torch
        >>> matrix = torch.ones(6, 4)
        >>> part_in_words(matrix, matrix[2:4]), part_in_words(matrix, matrix[:, :3].T)
        ('part 2:4,0:4', 'turned part 0:6,0:3')
    """
    is_same_memory = factor.untyped_storage().data_ptr() == matrix.untyped_storage().data_ptr()
    if not is_same_memory or factor.ndim != 2 or not matrix.is_contiguous():
        return None
    is_turned = factor.stride() != matrix.stride()
    laid = factor.mT if is_turned else factor
    first = int(laid.storage_offset() - matrix.storage_offset())
    row, column = divmod(first, matrix.shape[1])
    rows, columns = row + laid.shape[0], column + laid.shape[1]
    if first < 0 or laid.stride() != matrix.stride() or rows > matrix.shape[0] or columns > matrix.shape[1]:
        return None
    return f"{TURNED_PART if is_turned else PART} {row}:{rows},{column}:{columns}"


def is_matrix(parameter: nn.Parameter) -> bool:
    """Whether a parameter can be the weight of a layer, or its kernels.

    Examples:
        >>> import torch
        >>> is_matrix(nn.Parameter(torch.ones(3, 2))), is_matrix(nn.Parameter(torch.ones(3)))
        (True, False)
    """
    return parameter.ndim > 1 and parameter.is_floating_point() and not parameter.is_meta


def possible_stacks(network: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Parameters with several matrices, and their names; kernels of convolutions are none.

    Examples:
        >>> list(possible_stacks(nn.Conv1d(3, 2, 5)))
        []
    """
    for name, module in network.named_modules():
        if not isinstance(module, nn.modules.conv._ConvNd):
            for own, parameter in module.named_parameters(prefix=name, recurse=False):
                if parameter.ndim == 3 and len(parameter) > 1 and is_matrix(parameter):
                    yield own, parameter


def stacked_parameters(network: nn.Module) -> set[int]:
    """Identities of the parameters whose matrices are layers."""
    stacks = [module._stack for module in network.modules() if isinstance(module, ParameterLayer)]
    return {id(getattr(owner, parameter)) for owner, parameter, *_ in stacks}
