"""Text for language models, cut into windows of tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from bitline.config.arguments import check_fields
from bitline.data.call import Call
from bitline.data.read_samples import ReadSamples, tokens_at_once
from bitline.data.stored_samples import StoredSamples
from bitline.errors import DataError

SUFFIXES = (".txt", ".text", ".md", ".raw")


@dataclass(frozen=True)
class TextWindows:
    """What a causal language model takes: windows of tokens, which follow each other without overlap.

    Each token is measured on once, but the first of a window, which nothing predicts.

    Attributes:
        encode: the tokens of a text.
        length: tokens of a window.
        most: tokens that the network can take at once; None if any number.

    Examples:
        >>> Path("abc.txt").write_text("abcdefgh")
        8
        >>> windows = TextWindows(lambda text: [ord(letter) - ord("a") for letter in text], length=3)
        >>> read = read_windows(Path("abc.txt"), windows, torch.nn.Identity())
        >>> read.data.inputs.arguments[0]
        tensor([[0, 1, 2],
                [3, 4, 5]])
        >>> read.notes
        ('abc.txt: 8 tokens, in 2 windows of 3; 2 at the end are left out',)
    """

    encode: Callable[[str], Sequence[int]]
    length: int
    most: int | None = None

    wants = "text: a .txt file"

    def __post_init__(self) -> None:
        check_fields(self, DataError)

    def of_length(self, length: int) -> TextWindows:
        """The same with windows of another length.

        Raises:
            DataError: it is less than 2 tokens, or more than the network can take.
        """
        return replace(self, length=tokens_at_once(length, 2, self.most))


def is_text(path: Path) -> bool:
    """Whether this is a file of plain text."""
    return path.suffix.lower() in SUFFIXES


def read_windows(path: Path, takes: TextWindows, network: object) -> ReadSamples:
    """The windows of a text, in UTF-8; what is left at the end is left out.

    Raises:
        DataError: the text is no UTF-8, or has less than two windows, one to measure on and one to set ranges with.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no text in UTF-8 (byte {error.start}): save it as UTF-8") from None
    if not text.strip():
        raise DataError(f"{path} is empty: give a text of two windows of {takes.length} tokens, or more")
    tokens = torch.tensor(list(takes.encode(text)), dtype=torch.int64)
    count = len(tokens) // takes.length
    if count < 2:
        raise DataError(
            f"{path} has {len(tokens):,} tokens, fewer than two windows of {takes.length}, one to measure on and one "
            "to set ranges with: give more text, or a smaller --length (data.length in a study)"
        )
    windows = tokens[: count * takes.length].unflatten(0, (count, takes.length))
    rest = len(tokens) - windows.numel()
    note = f"{path}: {len(tokens):,} tokens, in {count:,} windows of {takes.length}"
    return ReadSamples(
        StoredSamples(Call((windows,), {})), (f"{note}; {rest:,} at the end are left out" if rest else note,)
    )
