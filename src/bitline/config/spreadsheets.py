"""Tables as files of comma-separated values, which spreadsheets open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bitline.config.files import replacing

if TYPE_CHECKING:
    import pandas as pd

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings of what spreadsheets take for a formula."""


def write_csv(path: Path, frame: pd.DataFrame) -> None:
    """Write a table without its index; spreadsheets take no text of it for a formula.

    A text that begins with '=', '+', '-' or '@' and is not a number gets an apostrophe before it, as OWASP advises
    against CSV injection.

    Args:
        path: file to write.
        frame: the table.

    Raises:
        OSError: it cannot be written.

    Examples:
        >>> import pandas as pd
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     write_csv(Path(folder) / "table.csv", pd.DataFrame({"design": ["=1+1"], "change": ["-0.5"]}))
        ...     print((Path(folder) / "table.csv").read_text())
        design,change
        '=1+1,-0.5
    """
    plain = frame.astype(object).map(no_formula).rename(columns=no_formula)
    with replacing(path) as part:
        plain.to_csv(part, index=False)


def no_formula(value: Any) -> Any:
    """A value of a table for spreadsheets, as in `write_csv`.

    Examples:
        >>> no_formula("=1+1"), no_formula("-1.5"), no_formula(2)
        ("'=1+1", '-1.5', 2)
    """
    if not isinstance(value, str) or not value.startswith(FORMULA):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value
