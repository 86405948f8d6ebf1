"""What networks return: a tensor, several, or an object of Hugging Face's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from bitline.errors import DataError, NetworkError
from bitline.numerics.text import type_in_words


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
    return tensor_with_gradients(outputs, wanted).detach()


def tensor_with_gradients(outputs: Any, wanted: str) -> Tensor:
    """`tensor_of`, for training; arguments, and what is raised, are the same.

    Examples:
        >>> import torch
        >>> tensor_with_gradients((torch.ones(2, requires_grad=True), "hidden state"), "a loss").requires_grad
        True
    """
    found = outputs
    if isinstance(outputs, Mapping):
        found = outputs.get("logits")
    elif not isinstance(outputs, Tensor):
        found = getattr(outputs, "logits", outputs[0] if isinstance(outputs, (tuple, list)) and outputs else None)
    if isinstance(found, Tensor):
        return found
    names = f" of {', '.join(map(str, outputs))}" if isinstance(outputs, Mapping) else ""
    raise DataError(
        f"the network returns {type_in_words(outputs)}{names}: {wanted}; wrap it in a module that returns these, or "
        "give a function of your own as metric"
    )


def refuse_nan(scores: Tensor) -> None:
    """Refuse scores that are NaN, of which the largest is no class.

    Raises:
        NetworkError: some are.

    Examples:
        >>> import torch
        >>> refuse_nan(torch.tensor([[0.1, float("nan")]]))
        Traceback (most recent call last):
        bitline.errors.NetworkError: the network's scores are NaN for some samples: check its weights and these inputs
    """
    if bool(scores.isnan().any()):
        raise NetworkError("the network's scores are NaN for some samples: check its weights and these inputs")


WANTED_SCORES = "accuracy needs a network that returns one score for each class, (images, classes)"
ELSE = "give another metric for networks of other outputs"


def class_scores(outputs: object, images: int | None = None) -> Tensor:
    """Outputs of a classifier as scores, (images, classes).

    Args:
        outputs: what the network returned.
        images: how many images it was shown; as many as it says where it is None.

    Raises:
        DataError: they are something else.
        NetworkError: some are NaN.

    Examples:
        >>> import torch
        >>> class_scores((torch.rand(5, 10), "hidden state")).shape
        torch.Size([5, 10])
    """
    scores = tensor_of(outputs, WANTED_SCORES)
    if scores.ndim != 2 or len(scores) != (images or len(scores)):
        what = "" if images is None else f" for {images} image{'s' * (images > 1)}"
        raise DataError(f"the network returns the shape {tuple(scores.shape)}{what}: {WANTED_SCORES}; {ELSE}")
    if scores.shape[1] < 2:
        raise DataError(
            "the network has one output, and the largest of one is always class 0: "
            f"{WANTED_SCORES}, two or more; {ELSE}"
        )
    refuse_nan(scores)
    return scores
