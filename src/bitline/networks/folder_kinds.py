"""Kinds of networks in folders: what each takes, and what is measured if nobody says otherwise. One line each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bitline.data.preprocess import Preprocess
from bitline.data.read_samples import Takes
from bitline.data.recordings import Recordings
from bitline.data.sentences import Sentences
from bitline.data.text_windows import TextWindows
from bitline.errors import NetworkError
from bitline.networks.folder_files import Features, PaddedTokens, Tokens, extractor_rate
from bitline.networks.folder_pictures import pictures

WINDOW, SENTENCE = 2048, 512
"""Tokens at once where the network takes more: what perplexities are published with, and what encoders take."""


@dataclass(frozen=True)
class Kind:
    """A kind of networks.

    Attributes:
        name: in words, in the plural.
        mapping: of `transformers.models.auto.modeling_auto`, which has the architectures of this kind.
        brings: what a network of a folder, with this configuration, takes, and the name of its measure.
    """

    name: str
    mapping: str
    brings: Callable[[Path, Any], tuple[Preprocess | Takes, str]]


def _of_language(folder: Path, config: Any) -> tuple[Takes, str]:
    most = _positions(config)
    return TextWindows(Tokens(folder, config.vocab_size), min(most or WINDOW, WINDOW), most), "perplexity"


def _of_texts(folder: Path, config: Any) -> tuple[Takes, str]:
    most, classes = _positions(config), _classes(folder, config)
    pad = getattr(config, "pad_token_id", None)
    encode = PaddedTokens(folder, config.vocab_size, config.eos_token_id if pad is None else pad)
    return Sentences(encode, classes, min(most or SENTENCE, SENTENCE), most), _measure(classes)


def _of_recordings(folder: Path, config: Any) -> tuple[Takes, str]:
    classes = _classes(folder, config)
    rate = extractor_rate(folder)
    return Recordings(rate, Features(folder, rate), classes), _measure(classes)


def _of_pictures(folder: Path, config: Any) -> tuple[Preprocess, str]:
    classes = _classes(folder, config)
    return pictures(folder, config, classes), _measure(classes)


def _measure(classes: tuple[str, ...]) -> str:
    return "accuracy" if classes else "mse"


def _positions(config: Any) -> int | None:
    """Tokens that a network takes at most, where it says so."""
    most = getattr(config, "max_position_embeddings", None)
    return most if isinstance(most, int) and most > 0 else None


def _classes(folder: Path, config: Any) -> tuple[str, ...]:
    """Names of the classes in the order of their numbers; none for a single output, which is a number.

    Raises:
        NetworkError: a sample may have several classes.
    """
    if config.problem_type == "multi_label_classification":
        raise NetworkError(
            f"{folder} gives several labels to a sample: write functions of your own for network, data and measure"
        )
    return () if config.num_labels == 1 else tuple(config.id2label[number] for number in range(config.num_labels))


KINDS = (
    Kind("causal language models", "MODEL_FOR_CAUSAL_LM_MAPPING_NAMES", _of_language),
    Kind("classifiers of texts", "MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES", _of_texts),
    Kind("of recordings", "MODEL_FOR_AUDIO_CLASSIFICATION_MAPPING_NAMES", _of_recordings),
    Kind("and of images", "MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES", _of_pictures),
)
"""The first kind that has an architecture."""
