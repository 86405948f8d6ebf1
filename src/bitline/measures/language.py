"""Perplexity of language models."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from bitline.measures.class_labels import IGNORED
from bitline.measures.measure import Values
from bitline.measures.outputs import NEEDS_LABELS, by_position
from bitline.measures.tokens import TokenMeasure


class Perplexity(TokenMeasure):
    """exp of the mean of -log p over all tokens that count, p the probability that a network gives the right token.

    Labels stand beside the outputs that are to predict them. Where the data has no labels, or labels that are the input
    tokens themselves, as Hugging Face's causal language models take them, each position is measured on the next token.
    Labels -100 and padding do not count.

    Examples:
        A network that thinks all of four tokens alike has a perplexity of 4:

        >>> values = Perplexity().values(torch.zeros(1, 3, 4), torch.tensor([[0, 2, -100]]))
        >>> round(Perplexity().of(values.numpy()), 6)
        4.0
    """

    name, direction, requires = "perplexity", "lower", NEEDS_LABELS

    def values(self, outputs: Any, targets: Any) -> Tensor:
        """Sum of -log p, and number of tokens, (samples, 2)."""
        scores, labels = by_position(outputs, self.labels_of(targets), self.name)
        labels = labels.to(scores.device)
        losses = [
            functional.cross_entropy(row.float(), label, ignore_index=IGNORED, reduction="none").double().sum()
            for row, label in zip(scores, labels, strict=True)
        ]
        return torch.stack([torch.stack(losses), (labels != IGNORED).sum(1).double()], 1)

    def combine(self, means: Values) -> float:
        if not means[1]:
            return math.nan
        mean = float(means[0] / means[1])
        return math.exp(mean) if mean < 700 else math.inf
