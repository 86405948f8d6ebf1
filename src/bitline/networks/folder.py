"""Networks in folders, as Hugging Face's hub has them, built with transformers from the folder alone."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from bitline.config.arguments import checked
from bitline.config.messages import first_line
from bitline.errors import NetworkError
from bitline.networks.folder_kinds import KINDS, Kind
from bitline.networks.network import Network
from bitline.numerics.digest import content_digest

CONFIG = "config.json"
INSTALL = "pip install 'bitline[transformers]'"
CONTENT = "config.json, model.safetensors or pytorch_model.bin, and the files of its tokenizer or preprocessor"
OWN = "write a function that builds the network, and give it as package.module:function"


@checked(NetworkError)
def folder_network(folder: str | Path) -> Network:
    """The network in a folder as Hugging Face's hub has them; nothing is downloaded, and no code in the folder runs.

    What it takes, and what is measured if nobody says otherwise, follow from the `architectures` in config.json: causal
    language models take text, and are measured by perplexity; classifiers of texts, recordings and images take these,
    and are measured by accuracy (by the mean squared error where they have a single output). Weights become float32.

    Args:
        folder: with config.json, model.safetensors (or an index of several) or pytorch_model.bin, and the files of the
            tokenizer or the preprocessor, which are read when they are needed.

    Raises:
        NetworkError: there is no config.json, transformers is not installed, or the network is of another kind.

    Examples:
        >>> folder_network("absent")
        Traceback (most recent call last):
        bitline.errors.NetworkError: absent has no config.json: a network in a folder has config.json, ...
    """
    path = Path(folder)
    written = _config(path)
    kind, architecture = _kind(path, written)
    with _quiet():
        from transformers import AutoConfig

        try:
            config = AutoConfig.from_pretrained(path, local_files_only=True, trust_remote_code=False)
        except Exception as error:  # whatever a damaged file makes transformers raise
            raise NetworkError(f"cannot read {path / CONFIG}: {first_line(error)}") from None
    takes, measure = kind.brings(path, config)
    digest = content_digest((path / CONFIG).read_bytes())
    build = partial(_built, path, architecture, config)
    return Network(str(folder), build, takes, measure=measure, is_whole=True, digest=digest)


def is_folder_network(name: str) -> bool:
    """Whether a name is that of a folder, and not of a network that comes with bitline.

    Examples:
        >>> Path("smollm2").mkdir()
        >>> is_folder_network("smollm2"), is_folder_network("resnet50")
        (True, False)
    """
    try:
        return bool(name.strip()) and Path(name).is_dir()
    except (OSError, ValueError):  # too long, or a null byte
        return False


def _config(path: Path) -> dict[str, Any]:
    """What config.json says."""
    file = path / CONFIG
    if not os.path.isfile(file):  # unlike Path.is_file, for any name
        raise NetworkError(f"{path} has no {CONFIG}: a network in a folder has {CONTENT}")
    try:
        written = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise NetworkError(f"cannot read {file}: {first_line(error)}") from None
    if not isinstance(written, dict):
        raise NetworkError(f"cannot read {file}: it is no JSON object")
    method = written.get("quantization_config")
    if method:
        name = method.get("quant_method", "unknown") if isinstance(method, dict) else method
        raise NetworkError(f"{path} holds quantised weights ({name}): give a folder with floating-point weights")
    return written


def _kind(path: Path, written: dict[str, Any]) -> tuple[Kind, str]:
    """The kind of a network, and its architecture."""
    try:
        with _quiet():
            from transformers.models.auto import modeling_auto
    except ImportError as error:
        raise NetworkError(f"{path} is built with the package transformers ({first_line(error)}): {INSTALL}") from None
    named = written.get("architectures")
    names = [str(name) for name in named] if isinstance(named, list) else []
    for name in names[:1]:
        for kind in KINDS:
            if name in _architectures(getattr(modeling_auto, kind.mapping)):
                return kind, name
    if not names:
        raise NetworkError(
            f"{path / CONFIG} has no 'architectures', which says what the network does: add it, or {OWN}"
        )
    raise NetworkError(
        f"{path} holds a {names[0]}, and folders are read of {', '.join(kind.name for kind in KINDS)}, as far as "
        f"transformers knows them: {OWN}"
    )


def _architectures(mapping: dict[str, Any]) -> Iterator[str]:
    for names in mapping.values():
        yield from (names,) if isinstance(names, str) else names


def _built(path: Path, architecture: str, config: Any) -> nn.Module:
    """The network with its weights, in float32.

    Raises:
        NetworkError: weights are missing, of other shapes, or no numbers, or cannot be read.
    """
    import transformers

    with _quiet():
        try:
            model, found = getattr(transformers, architecture).from_pretrained(
                path, config=config, local_files_only=True, dtype=torch.float32, output_loading_info=True
            )
        except Exception as error:  # whatever a damaged file makes transformers raise
            raise NetworkError(f"cannot build the {architecture} in {path}: {first_line(error)}") from None
    missing = sorted(found["missing_keys"])
    if missing:
        raise NetworkError(
            f"{path} lacks {len(missing)} weights of {architecture}, such as {missing[0]!r}: they would be random; "
            "give the folder of a network that was trained for this"
        )
    for name, value in model.state_dict().items():
        if value.is_floating_point() and not bool(value.isfinite().all()):
            raise NetworkError(f"{path}: {name} holds NaN or infinite values: use other weights")
    if hasattr(model.config, "use_cache"):
        model.config.use_cache = False  # which keeps keys and values for tokens to come
    if getattr(model.config, "pad_token_id", None) is None and getattr(model.config, "eos_token_id", None) is not None:
        model.config.pad_token_id = _first(model.config.eos_token_id)
    evaluated: nn.Module = model.eval()
    return evaluated


def _first(tokens: Any) -> Any:
    return tokens[0] if isinstance(tokens, (list, tuple)) else tokens


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the bars and the advice of transformers."""
    from transformers.utils import logging

    level, has_bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if has_bars:
            logging.enable_progress_bar()
