"""Recordings to waves."""

from __future__ import annotations

import io
import wave
from pathlib import PurePosixPath

import numpy as np

from bitline.config.messages import first_line
from bitline.errors import DataError

SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif")
INSTALL = "pip install 'bitline[audio]'"
_TYPES = {2: "<i2", 4: "<i4"}
"""Of the samples of plain .wav files, by their bytes; of others soundfile makes numbers."""


def is_sound(name: str) -> bool:
    """Whether a file has the suffix of a recording, in upper or lower case."""
    return PurePosixPath(name).suffix.lower() in SUFFIXES


def heard(content: bytes, name: str) -> tuple[np.ndarray, int]:
    """A recording between -1 and 1, (channels, samples), float32, and its rate in Hz.

    Plain .wav files are read by Python itself, all others by soundfile (libsndfile).

    Raises:
        DataError: it cannot be read, has no samples, or needs soundfile, which is not there.
    """
    found = _plain(content) or _other(content, name)
    if not found[0].size:
        raise DataError(f"{name} has no samples: leave it out")
    return found


def _plain(content: bytes) -> tuple[np.ndarray, int] | None:
    """A .wav file of whole numbers of 16 or 32 bits; None if it is something else."""
    try:
        with wave.open(io.BytesIO(content)) as file:
            kind, channels, rate = _TYPES.get(file.getsampwidth()), file.getnchannels(), file.getframerate()
            frames = file.readframes(file.getnframes())
    except (wave.Error, EOFError):
        return None
    if kind is None or len(frames) % (channels * np.dtype(kind).itemsize):
        return None
    values = np.frombuffer(frames, kind).astype(np.float64) / 2.0 ** (8 * np.dtype(kind).itemsize - 1)
    return np.ascontiguousarray(values.astype(np.float32).reshape(-1, channels).T), rate


def _other(content: bytes, name: str) -> tuple[np.ndarray, int]:
    try:
        import soundfile
    except (ImportError, OSError):  # OSError: there is no libsndfile
        raise DataError(
            f"cannot read {name}: without soundfile, only .wav files of 16 or 32 bits are read: {INSTALL}"
        ) from None
    try:
        values, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    except Exception as error:  # whatever a damaged file makes libsndfile raise
        raise DataError(f"cannot read {name}: it is damaged, or no recording ({first_line(error)})") from None
    return np.ascontiguousarray(values.T), int(rate)
