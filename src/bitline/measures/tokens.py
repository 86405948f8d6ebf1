"""Which token each position of a language model is measured on."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from bitline.errors import DataError
from bitline.measures.measure import Measure
from bitline.measures.outputs import IGNORED

ENOUGH = 8
"""Labels that are the input tokens of their places, from which on that is no chance."""


class TokenMeasure(Measure):
    """A measure of outputs at every position.

    Where the data has no labels, or labels that are the input tokens themselves, as Hugging Face's causal language
    models take them, each position is measured on the next token.
    """

    def targets_of(self, call: Any, targets: Any) -> Any:
        tokens = tokens_of(call)
        real = None if tokens is None or call.real is None or call.real.shape != tokens.shape else call.real
        if tokens is None or (targets is not None and not _are_inputs(targets, tokens, real)):
            return targets
        return next_tokens(tokens, real) if targets is None else _shifted(torch.as_tensor(targets))

    def labels_of(self, targets: Any) -> Any:
        """Labels, where there are some.

        Raises:
            DataError: the data has none, and `targets_of` found no tokens to take them from.
        """
        if targets is None:
            raise DataError(
                f"{self.name} needs targets, and finds none: the inputs are no tokens, (samples, tokens) whole "
                "numbers, whose next ones could be taken; give batches (inputs, labels), or mappings with 'labels'"
            )
        return targets

    def remark(self, call: Any, targets: Any) -> str:
        if self.targets_of(call, targets) is targets:
            return ""
        what = "there are no labels" if targets is None else "labels are the input tokens themselves"
        return f"{self.name}: {what}, so each position is measured on the next token"


def tokens_of(call: Any) -> Tensor | None:
    """The tokens that the outputs of a batch stand at, (samples, tokens), integers; None where it has none.

    Those of the decoder, where there is one: labels of a network that copies its input are those of the encoder, too.

    Examples:
        >>> from bitline.data.call import Call
        >>> tokens_of(Call((torch.tensor([[3, 4]]),), {})), tokens_of(Call((torch.rand(1, 2),), {}))
        (tensor([[3, 4]]), None)
    """
    named = call.keywords.get("decoder_input_ids", call.keywords.get("input_ids"))
    first = named if isinstance(named, Tensor) else next(iter(call.tensors()), None)
    return first if first is not None and first.ndim == 2 and not first.is_floating_point() else None


def next_tokens(tokens: Tensor, real: Tensor | None) -> Tensor:
    """For each position the token after it, and `IGNORED` where there is none or it is padding.

    Args:
        tokens: (samples, tokens).
        real: which of them are no padding, (samples, tokens); all where it is None.

    Raises:
        DataError: samples have a single token.

    Examples:
        >>> next_tokens(torch.tensor([[3, 4, 0]]), torch.tensor([[True, True, False]]))
        tensor([[   4, -100, -100]])
    """
    if tokens.shape[1] < 2:
        raise DataError("perplexity of samples with a single token: give two or more, or labels")
    kept = tokens.long() if real is None else tokens.long().masked_fill(~real.to(tokens.device), IGNORED)
    return _shifted(kept)


def _shifted(labels: Tensor) -> Tensor:
    return torch.cat([labels[:, 1:], torch.full_like(labels[:, :1], IGNORED)], 1)


def _are_inputs(targets: Any, tokens: Tensor, real: Tensor | None) -> bool:
    """Whether labels are the input tokens: those of all positions, or of enough for it to be no chance.

    Masked language models leave one in ten of the tokens that they are asked for as it is.
    """
    if not isinstance(targets, Tensor) or targets.shape != tokens.shape or targets.is_floating_point():
        return False
    labels, tokens = targets.cpu(), tokens.cpu()
    counted = labels != IGNORED
    is_all = bool(counted.all() if real is None else counted[real.cpu()].all())
    return (is_all or int(counted.sum()) >= ENOUGH) and bool((labels == tokens)[counted].all())
