"""Members of .zip files, which may come from strangers: sizes are checked before anything is unpacked."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bitline.config.messages import first_line
from bitline.errors import DataError

LARGE = 64 << 20
"""Bytes that a member may always unpack to."""
EXPANSION = 200
"""Bytes for each packed byte above that; data of real pictures and signals unpack to a few."""

BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    ValueError,
    RuntimeError,  # also NotImplementedError, of unknown methods of compression
    SyntaxError,
    TypeError,
)
"""What reading a damaged file can raise."""


@contextmanager
def archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """An open .zip file; what reading it raises becomes a DataError that names it."""
    try:
        with zipfile.ZipFile(path) as opened:
            yield opened
    except BROKEN as error:
        raise DataError(f"cannot read {path}: {first_line(error)}") from None


def check_member(path: Path, member: zipfile.ZipInfo) -> None:
    """Refuse what cannot or should not be unpacked.

    Raises:
        DataError: the member is encrypted, or unpacks to far more than data does.
    """
    if member.flag_bits & 1:
        raise DataError(f"{path}: {member.filename} is encrypted: pack it without a password")
    if member.file_size > max(LARGE, EXPANSION * member.compress_size):
        raise DataError(
            f"{path}: {member.filename} would unpack from {member.compress_size:,} to {member.file_size:,} bytes, "
            "more than data does: if it is meant, store it without compression"
        )
