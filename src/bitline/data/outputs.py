"""What networks return: a tensor, several, or an object of Hugging Face's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from bitline.errors import DataError


def tensor_of(outputs: Any, wanted: str) -> Tensor:
    """The tensor that matters: outputs as they are, their `logits`, or the first of several.

    Args:
        outputs: what a network returned.
        wanted: what the measure needs, for the message.

    Raises:
        DataError: there is no such tensor.

    Examples:
        >>> import torch
        >>> tensor_of({"logits": torch.ones(2), "loss": torch.zeros(())}, "accuracy needs scores")
        tensor([1., 1.])
        >>> tensor_of({"boxes": 1}, "accuracy needs scores")
        Traceback (most recent call last):
        bitline.errors.DataError: the network returns a dict of boxes: accuracy needs scores; wrap it in a module ...
    """
    found = outputs
    if isinstance(outputs, Mapping):
        found = outputs.get("logits")
    elif not isinstance(outputs, Tensor):
        found = getattr(outputs, "logits", outputs[0] if isinstance(outputs, (tuple, list)) and outputs else None)
    if isinstance(found, Tensor):
        return found.detach()
    names = f" of {', '.join(map(str, outputs))}" if isinstance(outputs, Mapping) else ""
    raise DataError(
        f"the network returns a {type(outputs).__name__}{names}: {wanted}; wrap it in a module that returns these, or "
        "give a function of your own as metric"
    )
