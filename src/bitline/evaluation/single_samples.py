"""Whether a float network says the same of a sample, however often it is asked and whatever stands beside it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from bitline.data.call import Call
from bitline.nn.same_outputs import difference, leaves
from bitline.numerics.out_of_memory import is_out_of_memory
from bitline.numerics.random_state import keeping_random_state

MIXED = 0.05
"""Share of the largest output from which on a sample depends on those beside it: far more than rounding does."""


@torch.no_grad()
def irregularities(network: nn.Module, call: Call, outputs: Any) -> tuple[str, ...]:
    """What makes samples of a network incomparable, in words, as far as its first samples show it without doubt.

    The first sample is computed alone, twice.

    Args:
        network: in eval mode.
        call: its first samples, two or more.
        outputs: what the network just returned for them.

    Examples:
        >>> class Centred(nn.Module):
        ...     def forward(self, inputs):
        ...         return inputs - inputs.mean(0)
        >>> call = Call((torch.eye(2),), {})
        >>> irregularities(Centred(), call, Centred()(torch.eye(2)))
        ('Centred says other things of a sample alone than beside others: results depend on batches',)
        >>> network = nn.Linear(2, 2)
        >>> irregularities(network, call, network(torch.eye(2)))
        ()
    """
    count, name, together = call.samples, type(network).__name__, leaves(outputs)
    try:
        with keeping_random_state():
            alone, again = (leaves(call.part(0, 1).on(network)) for _ in range(2))
    except (Exception, SystemExit) as error:  # a user's network can raise anything, also for one sample alone
        if is_out_of_memory(error):
            raise
        return ()
    if difference(alone, again):
        return (
            f"{name} says other things of the same sample when it is asked again, as with random numbers in its "
            "forward: differences of networks are not paired, and intervals are wider",
        )
    if count < 2 or len(alone) != len(together):
        return ()
    for single, beside in zip(alone, together, strict=True):
        if _is_first_of(single, beside, count) and difference((beside[:1],), (single,), MIXED):
            return (f"{name} says other things of a sample alone than beside others: results depend on batches",)
    return ()


def _is_first_of(single: Any, beside: Any, count: int) -> bool:
    """Whether two outputs can be of one sample, and of so many of which it is the first."""
    if not isinstance(single, Tensor) or not isinstance(beside, Tensor) or single.is_nested or beside.is_nested:
        return False
    return beside.ndim > 0 and len(beside) == count and single.shape == beside[:1].shape
