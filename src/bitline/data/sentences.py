"""Tables of labelled texts, for networks that classify them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bitline.config.arguments import check_fields
from bitline.data._order import spread_over_classes
from bitline.data._text_table import rows_of
from bitline.data.batch import batch_of
from bitline.data.class_names import class_labels
from bitline.data.read_samples import ReadSamples, tokens_at_once
from bitline.data.stored_samples import StoredSamples
from bitline.errors import DataError

MUCH = 0.5
"""Share of padding that takes more time than the texts."""


@dataclass(frozen=True)
class Sentences:
    """What a network takes that classifies texts: tokens, padded behind, with a mask.

    Attributes:
        encode: the inputs of texts that are cut after so many tokens, by the names of the network's arguments, each
            (texts, tokens); `attention_mask` among them says where padding is.
        classes: names of the network's classes; empty where labels are numbers of a regression.
        length: tokens of the longest texts, which are cut there.
        most: tokens that the network can take at once; None if any number.

    Examples:
        Digits as tokens, of texts that are as long as each other:

        >>> def encode(texts, length):
        ...     tokens = torch.tensor([list(map(int, text[:length])) for text in texts])
        ...     return {"input_ids": tokens, "attention_mask": torch.ones_like(tokens)}
        >>> class Counts(nn.Module):
        ...     def forward(self, input_ids, attention_mask):
        ...         return nn.functional.one_hot(input_ids, 2).sum(1)
        >>> Path("digits.csv").write_text("text,label\\n011,many\\n000,few\\n111,many\\n")
        37
        >>> read = read_sentences(Path("digits.csv"), Sentences(encode, ("few", "many"), length=3), Counts())
        >>> read.data.inputs.keywords["input_ids"].shape, read.data.targets
        (torch.Size([3, 3]), tensor([1, 0, 1]))
    """

    encode: Callable[[Sequence[str], int], Mapping[str, Any]]
    classes: tuple[str, ...]
    length: int
    most: int | None = None

    wants = "texts with labels: a .csv, .tsv or .jsonl table with the columns 'text' and 'label'"

    def __post_init__(self) -> None:
        check_fields(self, DataError)

    def of_length(self, length: int) -> Sentences:
        """The same with texts that are cut elsewhere.

        Raises:
            DataError: it is no number of tokens, or more than the network can take.
        """
        return replace(self, length=tokens_at_once(length, 1, self.most))


def is_text_table(path: Path) -> bool:
    """Whether this is a table of texts."""
    return path.suffix.lower() in (".csv", ".tsv", ".jsonl")


def read_sentences(path: Path, takes: Sentences, network: nn.Module) -> ReadSamples:
    """The texts of a table with their labels: names of the network's classes, in any case, or class numbers.

    Raises:
        DataError: the table cannot be read, a column is missing, or a label is none of the network's classes.
    """
    notes: list[str] = []
    rows = rows_of(path, notes)
    labels = class_labels([label for _, _, label in rows], [place for place, _, _ in rows], takes.classes)
    order = torch.arange(len(rows))
    if takes.classes:
        order, spread = spread_over_classes(labels, "texts")
        notes += spread
    inputs = dict(takes.encode([rows[place][1] for place in order.tolist()], takes.length))
    batch = batch_of({**inputs, "labels": labels[order]}, network)
    if batch.call.real is not None:
        notes += _on_length(str(path), batch.call.real, takes.length)
    return ReadSamples(StoredSamples(batch.call, batch.targets), tuple(notes))


def _on_length(name: str, real: Tensor, length: int) -> list[str]:
    """What is to be said of how long texts are, whose tokens are these, (texts, tokens).

    All are padded to the longest one, in every batch alike, as read noise is drawn for every position.
    """
    longest, share = real.shape[1], 1 - float(real.double().mean())
    notes = []
    if longest == length:
        notes.append(f"{name}: texts of {length} tokens or more, which are cut there: {int(real.all(1).sum()):,}")
    if share > MUCH:
        notes.append(
            f"{name}: {share:.0%} of the work is padding, to the {longest} tokens of the longest text: cut that with "
            "--length (data.length in a study)"
        )
    return notes
