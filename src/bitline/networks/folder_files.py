"""What the tokenizer and the feature extractor in a folder make of texts and recordings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from bitline.config.file_state import FileState
from bitline.config.messages import first_line
from bitline.errors import NetworkError

TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model", "sentencepiece.bpe.model")
"""Files of which a folder with a tokenizer has one."""
PREPROCESSOR = "preprocessor_config.json"
PROCESSOR = "processor_config.json"


@dataclass(frozen=True)
class Tokens:
    """The tokens of a text, as the tokenizer of a folder makes them, with what it adds at the beginning.

    Attributes:
        folder: of the tokenizer, which is read when it is used first.
        known: tokens that the network knows.
    """

    folder: Path
    known: int

    def __call__(self, text: str) -> Sequence[int]:
        found: Sequence[int] = tokenizer_of(self.folder)(text, verbose=False)["input_ids"]
        _check_known(self.folder, max(found, default=0), self.known)
        return found


@dataclass(frozen=True)
class PaddedTokens:
    """Tokens of texts, padded behind, with their mask.

    Attributes:
        folder: of the tokenizer, which is read when it is used first.
        known: tokens that the network knows.
        padding: token that pads where the tokenizer has none.
    """

    folder: Path
    known: int
    padding: Any

    def __call__(self, texts: Sequence[str], length: int) -> Mapping[str, Tensor]:
        tokenizer = tokenizer_of(self.folder)
        if tokenizer.pad_token is None and self.padding is not None:
            tokenizer = deepcopy(tokenizer)
            first = self.padding[0] if isinstance(self.padding, (list, tuple)) else self.padding
            tokenizer.pad_token = tokenizer.convert_ids_to_tokens(first)
        if tokenizer.pad_token is None:
            raise NetworkError(f"the tokenizer in {self.folder} has no token for padding: name one as 'pad_token'")
        found = tokenizer(
            list(texts),
            padding=True,
            truncation=True,
            max_length=min(length, tokenizer.model_max_length),
            padding_side="right",
            return_attention_mask=True,
            return_tensors="pt",
        )
        _check_known(self.folder, int(found["input_ids"].max()), self.known)
        return dict(found)


def _check_known(folder: Path, token: int, known: int) -> None:
    """Refuse tokens that the network does not know.

    Raises:
        NetworkError: the largest one is none of its tokens.
    """
    if token >= known:
        raise NetworkError(
            f"the tokenizer in {folder} gives token {token:,}, but the network knows 0 .. {known - 1:,}: put the "
            "network's own tokenizer there"
        )


def tokenizer_of(folder: Path) -> Any:
    """The tokenizer in a folder, read again if its files have changed; the caller leaves it as it is.

    Raises:
        NetworkError: there is none, or it cannot be read.
    """
    if not any((folder / file).is_file() for file in TOKENIZERS):
        raise NetworkError(f"{folder} has no tokenizer: put its files there, such as tokenizer.json")
    return _tokenizer_of(folder, _states_in(folder))


def _states_in(folder: Path) -> tuple[FileState, ...]:
    """What tells that something in a folder has changed."""
    return tuple(FileState.at(file) for file in sorted(folder.iterdir()))


@lru_cache(maxsize=4)
def _tokenizer_of(folder: Path, _states: tuple[FileState, ...]) -> Any:
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # whatever a damaged file makes transformers raise
        raise NetworkError(f"cannot read the tokenizer in {folder}: {first_line(error)}") from None


@dataclass(frozen=True)
class Features:
    """The features of a wave (samples,), as the extractor of a folder makes them.

    Attributes:
        folder: of the extractor, which is read when it is used first.
        rate: samples a second that it wants.
    """

    folder: Path
    rate: int

    def __call__(self, wave: np.ndarray) -> Mapping[str, Tensor]:
        found = _extractor_of(self.folder, _states_in(self.folder))(wave, sampling_rate=self.rate, return_tensors="pt")
        return {
            name: value[0]
            for name, value in found.items()
            if not ("mask" in name and bool((value == 1).all()))  # nothing is padded
        }


@lru_cache(maxsize=4)
def _extractor_of(folder: Path, _states: tuple[FileState, ...]) -> Any:
    from transformers import AutoFeatureExtractor

    try:
        return AutoFeatureExtractor.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # whatever a damaged file makes transformers raise
        raise NetworkError(f"cannot read the feature extractor in {folder}: {first_line(error)}") from None


def extractor_rate(folder: Path) -> int:
    """Samples a second that the feature extractor of a folder wants.

    Raises:
        NetworkError: there is none, or it does not say so.
    """
    rate = preprocessor(folder, "feature extractor").get("sampling_rate")
    if not isinstance(rate, int) or rate < 1:
        raise NetworkError(f"{folder / PREPROCESSOR} has no 'sampling_rate': add that of the recordings, in Hz")
    return rate


def preprocessor(folder: Path, what: str) -> dict[str, Any]:
    """What a folder says of how inputs are made.

    Args:
        folder: of the network.
        what: makes them, for the message.

    Raises:
        NetworkError: there is no such file, or it cannot be read.
    """
    for name, key in ((PREPROCESSOR, None), (PROCESSOR, what.replace(" ", "_"))):
        if not (folder / name).is_file():
            continue
        try:
            written = json.loads((folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise NetworkError(f"cannot read {folder / name}: {first_line(error)}") from None
        written = written.get(key) if key and isinstance(written, dict) else written
        if isinstance(written, dict):
            return written
    raise NetworkError(f"{folder} has no {what}: put {PREPROCESSOR} there")
