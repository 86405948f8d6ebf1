"""Weights files into networks."""

from __future__ import annotations

import os
from pathlib import Path
from pickle import UnpicklingError
from zipfile import is_zipfile

import torch
from torch import Tensor, nn

from bitline.config import weight_files
from bitline.config.messages import first_line
from bitline.data.archives import archive, check_member
from bitline.data.npy import read_npz
from bitline.errors import NetworkError
from bitline.networks.checkpoints import in_short, named_as, unwrapped, weights_in, with_shared
from bitline.networks.gguf_file import read_gguf
from bitline.networks.safe_types import SAFE_TYPES
from bitline.nn.fold import leave_room

OTHERS = {
    ".onnx": "ONNX files hold a network of their own, not weights of a PyTorch one: give the file with --model",
}
"""Formats that are refused, and why."""
_CHIP = "_extra_state"
"""What the state of an analog layer beside its weights is called."""
_CODES = ".codes_matrix"
"""What the codes of a product-quantised weight are called."""


def load_weights(model: nn.Module, path: str | Path) -> nn.Module:
    """Load a weights file into a network, in place.

    Formats: safetensors; PyTorch state dicts (.pt, .pth, .bin, .ckpt), also inside a checkpoint, under names with
    `module.`, `_orig_mod.` or a prefix such as the `model.` of Lightning; product-quantised state dicts (Martinez et
    al., CVPR 2021: codebooks and codes); npz; GGUF with the package gguf. Half precision becomes float32. No code in a
    file runs; beside tensors, it may hold an `argparse.Namespace` and numbers of NumPy.

    What a file has of the chips of an analog network is left out. Where it has no weights of batch norms but biases of
    the layers before them, the norms were folded, as those of fine-tuned networks are: they become identities.

    Args:
        model: the network that the file was made for.
        path: file of its weights.

    Returns:
        `model`.

    Raises:
        NetworkError: the file cannot be read, weights are missing or additional or there twice, a weight has
            another shape, is no real number, holds whole numbers for floating-point ones, or NaN or infinite values.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> saved, loaded = nn.Linear(3, 2), nn.Linear(3, 2)
        >>> with TemporaryDirectory() as folder:
        ...     torch.save(saved.state_dict(), f"{folder}/weights.pt")
        ...     bool((load_weights(loaded, f"{folder}/weights.pt").weight == saved.weight).all())
        True
        >>> load_weights(loaded, "weights.h5")
        Traceback (most recent call last):
        bitline.errors.NetworkError: cannot read weights from weights.h5: use .safetensors, .pt, .pth, .bin, ...
    """
    if not isinstance(path, (str, os.PathLike)):
        raise NetworkError(
            f"weights are read from a file, which {type(path).__name__} is not: a state dictionary is loaded with "
            "model.load_state_dict"
        )
    path = Path(path)
    wanted = model.state_dict()
    found = _fitting(path, wanted)
    missing = _missing(found, wanted)
    if missing and leave_room(model, found):
        wanted = model.state_dict()
        missing = _missing(found, wanted)
    additional = [name for name in found if name not in wanted]
    if missing or additional:
        what = f"no {missing[0]!r}" if missing else f"an additional {additional[0]!r}"
        raise NetworkError(
            f"{path} does not fit {type(model).__name__}: it has {what} "
            f"({len(missing)} weights missing, {len(additional)} additional): choose the network the file was made for"
            + _differences(found, wanted, missing, additional)
        )
    for name, value in found.items():
        if value.shape != wanted[name].shape:
            raise NetworkError(
                f"{path} does not fit {type(model).__name__}: {name} is {tuple(value.shape)} in the file and "
                f"{tuple(wanted[name].shape)} in the network: choose the network the file was made for"
            )
        _check_values(path, name, value, wanted[name])
    model.load_state_dict(found, strict=False)
    return model


def _missing(found: dict[str, Tensor], wanted: dict[str, Tensor]) -> list[str]:
    return [name for name in wanted if name not in found and not name.endswith("num_batches_tracked")]


def _check_values(path: Path, name: str, value: Tensor, wanted: Tensor) -> None:
    """Refuse values that the network could not compute with, or would hold as others.

    Raises:
        NetworkError: names the weight.
    """
    if value.is_complex() or value.dtype == torch.bool != wanted.dtype:
        raise NetworkError(f"{path}: {name} is {value.dtype}: weights are real numbers")
    if wanted.is_floating_point() and not value.is_floating_point():
        raise NetworkError(
            f"{path}: {name} is {value.dtype} in the file and {wanted.dtype} in the network: whole numbers are codes "
            "of a quantised network, which mean nothing without their steps: save the weights as floating-point numbers"
        )
    if not bool(value.isfinite().all()):
        raise NetworkError(f"{path}: {name} holds NaN or infinite values: use another weights file")
    held = value.to(wanted.dtype)
    whole = not wanted.is_floating_point() and not name.endswith("num_batches_tracked")
    if not bool(held.isfinite().all()) or (whole and not torch.equal(held.to(value.dtype), value)):
        raise NetworkError(
            f"{path}: {name} does not fit into the {wanted.dtype} of the network: use a wider type there"
        )


def _fitting(path: Path, wanted: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a file, expanded, under the names of a network."""
    state = {name: value for name, value in _read(path).items() if name in wanted or not name.endswith(_CHIP)}
    try:
        coded = any(name.endswith(_CODES) for name in state)
        named = unwrapped(state) if coded else named_as(state, wanted)
        return with_shared(_expanded(named, wanted), wanted)
    except NetworkError as error:
        raise NetworkError(f"{path} does not fit: {error}") from None


def _differences(found: dict[str, Tensor], wanted: dict[str, Tensor], missing: list[str], additional: list[str]) -> str:
    """What only the network has, and what only the file has."""
    parts = (("only in the file", found, additional), ("only in the network", wanted, missing))
    texts = [f"{what}: {in_short(weights, names)}" for what, weights, names in parts if names]
    return "".join(f"; {text}" for text in texts)


def _read(path: Path) -> dict[str, Tensor]:
    reader = READERS.get(path.suffix)
    if path.suffix in OTHERS:
        raise NetworkError(f"cannot read weights from {path}: {OTHERS[path.suffix]}")
    if reader is None:
        raise NetworkError(f"cannot read weights from {path}: use {weight_files.listed()}")
    if not path.is_file():
        raise NetworkError(f"there is no weights file {path}")
    try:
        return reader(path)
    except (UnpicklingError, ModuleNotFoundError):
        raise NetworkError(
            f"cannot read weights from {path}: it is damaged, or holds more than weights, such as a whole model, which "
            "could run a stranger's code: save model.state_dict()"
        ) from None
    except Exception as error:  # whatever a damaged file makes a reader raise
        raise NetworkError(f"cannot read weights from {path}: {first_line(error)}") from None


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    return load_file(path)


def _read_torch(path: Path) -> dict[str, Tensor]:
    if is_zipfile(path):
        with archive(path) as opened:
            for member in opened.infolist():
                check_member(path, member)
    with torch.serialization.safe_globals(SAFE_TYPES):
        content = torch.load(path, map_location="cpu", weights_only=True)
    return weights_in(content)


def _read_npz(path: Path) -> dict[str, Tensor]:
    return {name: torch.from_numpy(value) for name, value in read_npz(path).items()}


READERS = {
    ".safetensors": _read_safetensors,
    ".pt": _read_torch,
    ".pth": _read_torch,
    ".bin": _read_torch,
    ".ckpt": _read_torch,
    ".npz": _read_npz,
    ".gguf": read_gguf,
}
"""What reads the files of each ending, in the order of `weight_files.SUFFIXES`."""


def _expanded(state: dict[str, Tensor], wanted: dict[str, Tensor]) -> dict[str, Tensor]:
    """Float32 weights; product-quantised matrices from their codewords, with batch statistics folded."""
    codes = [name.removesuffix(_CODES) for name in state if name.endswith(_CODES)]
    result = {
        name: value.float() if value.is_floating_point() and value.dtype.itemsize < 4 else value
        for name, value in state.items()
        if not name.endswith((_CODES, ".codebook"))
    }
    for base in codes:
        name = f"{base}.weight"
        if name in result:
            raise NetworkError(
                f"it has both {base + _CODES!r} and {name!r}, which stand for one weight: save one of them"
            )
        result[name] = _decoded(state, base, wanted[name].shape if name in wanted else None)
    if codes:
        for name, value in wanted.items():
            if name not in result and name.endswith(("running_mean", "running_var")):
                result[name] = torch.ones_like(value) if name.endswith("running_var") else torch.zeros_like(value)
    return result


def _decoded(state: dict[str, Tensor], base: str, shape: torch.Size | None) -> Tensor:
    """A matrix from its codewords, in the shape of the network's where it has one.

    Raises:
        NetworkError: there is no codebook, or codes and codebook do not fit.
    """
    codes, book = state[f"{base}.codes_matrix"], state.get(f"{base}.codebook")
    try:
        if book is None:
            raise IndexError("there is no codebook")
        words = book.float()[codes.long()]
        return words if shape is None else words.reshape(shape)
    except (IndexError, RuntimeError) as error:
        raise NetworkError(
            f"{base}.codes_matrix and {base}.codebook of the weights do not fit ({first_line(error)}): use another file"
        ) from None
