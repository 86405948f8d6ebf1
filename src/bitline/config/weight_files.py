"""Which files weights come from: what commands say of them without importing PyTorch."""

from __future__ import annotations

SUFFIXES = (".safetensors", ".pt", ".pth", ".bin", ".ckpt", ".npz", ".gguf")
"""How the names of weights files end."""


def listed() -> str:
    """The endings in one phrase.

    Examples:
        >>> listed()
        '.safetensors, .pt, .pth, .bin, .ckpt, .npz or .gguf'
    """
    return f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
