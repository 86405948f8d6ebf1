"""Weights in GGUF files (the extra `bitline[gguf]`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bitline.errors import NetworkError


def read_gguf(path: Path) -> dict[str, Tensor]:
    """The tensors of a GGUF file as float32, quantised ones as what their codes stand for, under the names in the file.

    Args:
        path: of the file.

    Raises:
        NetworkError: the package gguf is not installed, or does not know how a tensor is quantised.
    """
    try:
        from gguf import GGUFReader, dequantize
    except ImportError:
        raise NetworkError("GGUF files need the package gguf: pip install 'bitline[gguf]'") from None
    found = {}
    for part in GGUFReader(path).tensors:
        try:
            found[part.name] = torch.from_numpy(np.array(dequantize(part.data, part.tensor_type), np.float32))
        except NotImplementedError:
            kind = part.tensor_type.name
            raise NetworkError(f"{part.name} is {kind}, which the package gguf does not turn into numbers") from None
    return found
