"""What the analog layers of a network do for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext

import torch
from torch import nn

from bitline.config.arguments import checked
from bitline.errors import ConversionError
from bitline.nn.layer import AnalogLayer, Instead


@checked(ConversionError)
def analog_layers(network: nn.Module) -> Iterator[AnalogLayer]:
    """The analog layers of a converted network, in its order.

    Examples:
        >>> import torch
        >>> from bitline import convert
        >>> analog = convert(torch.nn.Linear(3, 2), "differential", torch.ones(1, 3))
        >>> [layer.name for layer in analog_layers(analog)]
        ['linear']
    """
    return (module for module in network.modules() if isinstance(module, AnalogLayer))


@contextmanager
def recordable() -> Iterator[None]:
    """Make tensors that gradients can be recorded for, also where the user is in inference mode.

    Examples:
        >>> import torch
        >>> with torch.inference_mode(), recordable():
        ...     torch.ones(1).is_inference()
        False
    """
    with torch.inference_mode(False) if torch.is_inference_mode_enabled() else nullcontext():
        yield


@contextmanager
def computing(network: nn.Module, instead: Instead) -> Iterator[None]:
    """Let the analog layers of a network do something else with their inputs for a while.

    Args:
        network: a converted network.
        instead: takes a layer and its input, returns its output; `layer.float_forward(input)` and
            `layer.compute(input)` are what it may want to add to.

    Examples:
        >>> import torch
        >>> from bitline import convert
        >>> analog = convert(torch.nn.Linear(3, 2), "differential", torch.ones(1, 3))
        >>> with computing(analog, lambda layer, x: x[:, :2]):
        ...     analog(torch.tensor([[1.0, 2.0, 3.0]]))
        tensor([[1., 2.]])
    """
    with ExitStack() as stack:
        for layer in analog_layers(network):
            stack.enter_context(layer.computing(instead))
        yield


@contextmanager
def settled(network: nn.Module) -> Iterator[None]:
    """Promise that nothing changes the weights, calibrations or chips of a network for a while.

    Its layers then look at them once instead of at every call.

    Examples:
        >>> from bitline import convert
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
        >>> images = torch.rand(16, 4)
        >>> analog = convert(network, "differential", images)
        >>> with settled(analog):
        ...     outputs = analog(images)
    """
    with ExitStack() as stack:
        for layer in analog_layers(network):
            stack.enter_context(layer.settled())
        yield
