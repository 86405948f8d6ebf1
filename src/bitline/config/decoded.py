"""Texts in the encodings that editors and instruments write."""

from __future__ import annotations

import codecs


def decoded(content: bytes) -> tuple[str, bool]:
    """A text in UTF-8, UTF-16 with its mark, or else Latin-1; and whether it was neither of the first two.

    Examples:
        >>> decoded("µS".encode("utf-16"))[0] == decoded("µS".encode())[0]
        True
        >>> decoded("µS".encode("latin-1"))
        ('µS', True)
    """
    try:
        is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return content.decode("utf-16" if is_wide else "utf-8-sig"), False
    except UnicodeDecodeError:  # of Windows, whose micro sign is that of Latin-1
        return content.decode("latin-1"), True
