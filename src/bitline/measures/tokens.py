"""Which token each position of a language model is measured on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from bitline.data.masks import DECODER_INPUTS
from bitline.errors import DataError
from bitline.measures.class_labels import IGNORED
from bitline.measures.measure import Measure, TargetReading

ENOUGH = 8
"""Labels that are the input tokens of their places, from which on that is no chance."""
OTHERS = ("mask", "token_type", "position_ids")
"""What names of whole numbers at positions have in them that are no tokens."""


class TokenMeasure(Measure):
    """A measure of outputs at every position.

    Where the data has no labels, or labels that are the input tokens themselves in all of its samples, as Hugging
    Face's causal language models take them, each position is measured on the next token. Positions of padding predict
    nothing that counts.
    """

    at_positions = True

    def reading(self, batches: Iterable[Any]) -> TargetReading:
        rest = iter(batches)
        first = next(rest, None)
        if first is None or tokens_of(first.call) is None:
            return TargetReading(_labels_or_next)
        if _are_inputs(_with_first(first, rest)):
            return TargetReading(_next, self._note("labels are the input tokens themselves"))
        return TargetReading(_labels_or_next, self._note("there are no labels") if first.targets is None else "")

    def _note(self, what: str) -> str:
        return f"{self.name}: {what}, so each position is measured on the next token"

    def labels_of(self, targets: Any) -> Any:
        """Labels, where there are some.

        Raises:
            DataError: the data has none, and there are no tokens to take them from.
        """
        if targets is None:
            raise DataError(
                f"{self.name} needs targets, and finds none: the inputs are no tokens, (samples, tokens) whole "
                "numbers, whose next ones could be taken; give batches (inputs, labels), or mappings with 'labels'"
            )
        return targets


def tokens_of(call: Any) -> Tensor | None:
    """The tokens that the outputs of a batch stand at, (samples, tokens), integers; None where it has none.

    Those of the decoder, where there is one: labels of a network that copies its input are those of the encoder, too.

    Examples:
        >>> from bitline.data.call import Call
        >>> tokens_of(Call((torch.tensor([[3, 4]]),), {})), tokens_of(Call((torch.rand(1, 2),), {}))
        (tensor([[3, 4]]), None)
    """
    named = [call.keywords[name] for name in (*DECODER_INPUTS, "input_ids") if name in call.keywords]
    others = [value for name, value in call.keywords.items() if not any(word in name for word in OTHERS)]
    first = next((value for value in (*named, *call.arguments, *others) if isinstance(value, Tensor)), None)
    return first if first is not None and first.ndim == 2 and not first.is_floating_point() else None


def next_tokens(tokens: Tensor, real: Tensor | None) -> Tensor:
    """For each position the token after it, and `IGNORED` where there is none, or where either is padding.

    Args:
        tokens: (samples, tokens).
        real: which of them are no padding, (samples, tokens); all where it is None.

    Raises:
        DataError: samples have a single token.

    Examples:
        >>> next_tokens(torch.tensor([[3, 4, 0]]), torch.tensor([[True, True, False]]))
        tensor([[   4, -100, -100]])
        >>> next_tokens(torch.tensor([[0, 3, 4]]), torch.tensor([[False, True, True]]))
        tensor([[-100,    4, -100]])
    """
    if tokens.shape[1] < 2:
        raise DataError("samples of a single token have no next one to be measured on: give two or more, or labels")
    return _shifted(tokens.long(), real)


def _shifted(labels: Tensor, real: Tensor | None) -> Tensor:
    padding = torch.zeros_like(labels, dtype=torch.bool) if real is None else ~real.to(labels.device)
    kept = labels.masked_fill(padding, IGNORED)
    return torch.cat([kept[:, 1:], torch.full_like(kept[:, :1], IGNORED)], 1).masked_fill(padding, IGNORED)


def _labels_or_next(call: Any, targets: Any) -> Any:
    """Labels as they are, and the next tokens where a batch has none."""
    return targets if targets is not None or tokens_of(call) is None else _next(call, None)


def _next(call: Any, targets: Any) -> Tensor:
    """Labels of the next position, those of the tokens where a batch has none."""
    tokens = tokens_of(call)
    assert tokens is not None
    real = _real(call, tokens)
    return next_tokens(tokens, real) if targets is None else _shifted(torch.as_tensor(targets), real)


def _real(call: Any, tokens: Tensor) -> Tensor | None:
    real = call.real_outputs
    return real if real is not None and real.shape == tokens.shape else None


def _with_first(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rest


def _are_inputs(batches: Iterable[Any]) -> bool:
    """Whether labels are the input tokens wherever they count: at all positions, or at enough for it to be no chance.

    Masked language models leave one in ten of the tokens that they are asked for as it is.
    """
    count, is_all = 0, True
    for batch in batches:
        tokens, targets = tokens_of(batch.call), batch.targets
        if targets is None:
            continue
        if tokens is None or not isinstance(targets, Tensor):
            return False
        if targets.shape != tokens.shape or targets.is_floating_point():
            return False
        real, labels = _real(batch.call, tokens), targets.cpu()
        counted = (labels != IGNORED) if real is None else (labels != IGNORED) & real.cpu()
        if bool((labels != tokens.cpu())[counted].any()):
            return False
        count += int(counted.sum())
        is_all = is_all and int(counted.sum()) == (labels.numel() if real is None else int(real.sum()))
    return count > 0 and (is_all or count >= ENOUGH)
