"""Networks as they were, whatever a look at them leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def keeping_state(network: nn.Module) -> Iterator[None]:
    """Give a network back what its modules held, after code has run that sets attributes and buffers.

    torch.fx calls `forward` with placeholders, which networks that keep something between calls would hold on to.

    Examples:
        >>> class Keeps(nn.Module):
        ...     last = 0
        ...     def forward(self, x):
        ...         self.last = x
        >>> network = Keeps()
        >>> with keeping_state(network):
        ...     network(1)
        >>> network.last
        0
    """
    before = [(module, dict(vars(module)), dict(module._buffers)) for module in network.modules()]
    try:
        yield
    finally:
        for module, attributes, buffers in before:
            vars(module).clear()
            vars(module).update(attributes)
            module._buffers.clear()
            module._buffers.update(buffers)
