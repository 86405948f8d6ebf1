"""Standard streams that are there and take any text, whoever writes it: a table, the help, or a library."""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

PLAIN = {"µ": "u", "²": "2", "±": "+-", "─": "-", "·": "|", "⁶": "^6", "³": "^3"}
"""What stands for a character that an encoding does not have."""

SUBSTITUTE = "bitline.substitute"
"""How streams encode what their encoding does not have, by the name that `codecs` knows."""


def prepare() -> None:
    """Open standard streams that are closed, and let them take characters that their encoding lacks."""
    _open_closed()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors=SUBSTITUTE)
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr = Remarks(sys.stderr)


class Remarks(io.TextIOWrapper):
    """Standard error, which ends no work if it cannot be written, such as on a full disk: what it says is no result.

    Args:
        stream: standard error as it is.
    """

    def __init__(self, stream: io.TextIOWrapper) -> None:
        super().__init__(stream.buffer, stream.encoding, SUBSTITUTE, line_buffering=True)
        self.stream = stream  # whose end would close the buffer

    def write(self, text: str) -> int:
        """Write a text, if it can be written."""
        with suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        """Pass on what was written, if it can be."""
        with suppress(OSError):
            super().flush()


def printable(stream: TextIO) -> Callable[[str], str]:
    """A function that makes texts printable: without control characters, and as the stream's encoding shows them."""
    encoding = stream.encoding or "utf-8"

    def say(text: str) -> str:
        text = "".join(character for character in text if character.isprintable())
        return text.encode(encoding, SUBSTITUTE).decode(encoding)

    return say


def _open_closed() -> None:
    """Let closed standard streams lead to the null device, as those of background services do.

    The next file that is opened would get the number of a closed one, and with it what libraries print.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            number = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(number, True)  # for workers
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def _substitute(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    character = error.object[error.start]
    if "\udc80" <= character <= "\udcff":  # a byte of a file name that is no text
        return bytes([ord(character) - 0xDC00]), error.start + 1
    return PLAIN.get(character, "?"), error.start + 1


codecs.register_error(SUBSTITUTE, _substitute)
