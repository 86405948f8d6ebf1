"""Hooks of any modules for a while. What analog layers do instead of computing is in `contexts`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

from torch.utils.hooks import RemovableHandle


@contextmanager
def hooked(handles: Iterable[RemovableHandle]) -> Iterator[None]:
    """Keep hooks for a while; they are removed at the end, whatever happens.

    Args:
        handles: what `register_forward_hook` and its like return; an iterator registers its hooks here, and if one
            cannot be registered, those before are removed.

    Examples:
        >>> import torch
        >>> layer, seen = torch.nn.Linear(3, 2), []
        >>> with hooked([layer.register_forward_hook(lambda module, inputs, output: seen.append(output.shape))]):
        ...     _ = layer(torch.ones(1, 3))
        >>> _ = layer(torch.ones(1, 3))  # nobody looks
        >>> seen
        [torch.Size([1, 2])]
    """
    with ExitStack() as stack:
        for handle in handles:
            stack.callback(handle.remove)
        yield
