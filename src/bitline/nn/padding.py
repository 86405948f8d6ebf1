"""Padding in the inputs of a network: what belongs to no sample, and tells nothing of its signals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from torch import Tensor

from bitline.data.call import Call
from bitline.nn.layer import AnalogLayer

_real: ContextVar[Tensor | None] = ContextVar("real positions", default=None)


@contextmanager
def padding_of(call: Call) -> Iterator[None]:
    """Let `real_vectors` know, for a while, which positions of a batch are padding.

    Args:
        call: the batch; an argument such as `attention_mask` says it.
    """
    before = _real.set(call.real)
    try:
        yield
    finally:
        _real.reset(before)


def real_vectors(layer: AnalogLayer, values: Tensor) -> Tensor:
    """Inputs or outputs of a layer without those of padding, where positions can be told.

    Args:
        layer: of a matrix, whose vectors stand at positions of the network's inputs; others keep everything, as the
            windows of a convolution have padding and samples in them.
        values: (samples, positions, features), or (samples * positions, features).

    Returns:
        The values as they are where nothing is padding, and (vectors, features) otherwise.

    Examples:
        >>> import torch
        >>> from bitline import analog_layers, convert
        >>> layer = next(analog_layers(convert(torch.nn.Linear(2, 2), "differential", torch.ones(1, 2))))
        >>> mask = torch.tensor([[1, 1, 0]])
        >>> with padding_of(Call((), {"attention_mask": mask})):
        ...     real_vectors(layer, torch.ones(1, 3, 2)).shape
        torch.Size([2, 2])
    """
    real = _real.get()
    if real is None or layer.product.kernel or bool(real.all()):
        return values
    if values.ndim == 3 and values.shape[:2] == real.shape:
        return values[real.to(values.device)]
    if values.ndim == 2 and real.shape[1] > 1 and len(values) == real.numel():
        return values[real.flatten().to(values.device)]
    return values
