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
    """An open .zip file; what reading it raises becomes a DataError that names it.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     _ = (Path(folder) / "cut.zip").write_bytes(b"PK")
        ...     with archive(Path(folder) / "cut.zip") as opened:
        ...         pass
        Traceback (most recent call last):
        bitline.errors.DataError: cannot read ...cut.zip: File is not a zip file
    """
    try:
        with zipfile.ZipFile(path) as opened:
            yield opened
    except BROKEN as error:
        raise DataError(f"cannot read {path}: {first_line(error)}") from None


def check_member(path: Path, member: zipfile.ZipInfo) -> None:
    """Refuse what cannot or should not be unpacked.

    Args:
        path: the .zip file, for messages.
        member: what is to be unpacked from it.

    Raises:
        DataError: the member is encrypted, is packed with a method whose memory cannot be bounded, or says that it
            unpacks to far more than data does.

    Examples:
        >>> member = zipfile.ZipInfo("zeros.npy")
        >>> member.file_size, member.compress_size = 10**12, 10**6
        >>> check_member(Path("bomb.npz"), member)
        Traceback (most recent call last):
        bitline.errors.DataError: bomb.npz: zeros.npy would unpack from 1,000,000 to 1,000,000,000,000 bytes, more ...
    """
    if member.flag_bits & 1:
        raise DataError(f"{path}: {member.filename} is encrypted: pack it without a password")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(
            f"{path}: {member.filename} is packed with method {member.compress_type}: pack it the usual way (deflate)"
        )
    if member.file_size > max(LARGE, EXPANSION * member.compress_size):
        raise DataError(
            f"{path}: {member.filename} would unpack from {member.compress_size:,} to {member.file_size:,} bytes, "
            "more than data does: if it is meant, store it without compression"
        )


def content_of(path: Path, opened: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """What a member holds, of which no more is unpacked than it says; errors as for `check_member`.

    Examples:
        >>> import io
        >>> with zipfile.ZipFile(io.BytesIO(), "w") as opened:
        ...     opened.writestr("labels.csv", "file,label")
        ...     content_of(Path("data.zip"), opened, opened.getinfo("labels.csv"))
        b'file,label'
    """
    check_member(path, member)
    with opened.open(member) as file:
        return file.read(member.file_size)
