"""Tables of measurements as people keep them: semicolons, decimal commas, spreadsheets."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".xlsx")
"""Files that can hold a table of measurements."""
SEPARATORS = ("\t", ";", "|", ",")
"""Between the columns of a text file, the ones first that are never inside a number."""


def is_table(name: str) -> bool:
    """Whether a name is the path of a table of measurements.

    Examples:
        >>> is_table("cells.csv"), is_table("reram-wan-2022")
        (True, False)
    """
    return PurePath(name).suffix.lower() in TABLE_SUFFIXES


def read_frame(path: Path) -> tuple[pd.DataFrame, str]:
    """The rows of a table as they were written, under headers without spaces around them, and its decimal mark.

    Args:
        path: a file with one of `TABLE_SUFFIXES`.

    Raises:
        ValueError: it cannot be read; the message says what to do.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise ValueError(f"cannot read measurements from {path}: use a .csv, .xlsx or .parquet file")
    try:
        frame, decimal = reader(path)
    except ImportError as error:
        extra = "openpyxl" if path.suffix.lower() == ".xlsx" else "pyarrow"
        raise ValueError(f"reading {path} needs {extra}: pip install {extra}, or use a .csv file") from error
    except (OSError, ValueError, KeyError) as error:
        reason = (str(error).splitlines() or [""])[0]
        raise ValueError(f"cannot read measurements from {path}: {reason}") from None
    return frame.set_axis([str(header).strip() for header in frame], axis=1), decimal


def numbers_in(column: pd.Series, decimal: str) -> pd.Series:
    """A column of a table as numbers; NaN for what is none.

    Args:
        column: as it was written.
        decimal: what stands before decimals, a point or a comma.
    """
    import pandas as pd  # here, for the start-up of what does not need it

    if decimal == "," and not pd.api.types.is_numeric_dtype(column):
        column = column.astype(str).str.replace(",", ".", regex=False)
    return pd.to_numeric(column, errors="coerce")


def _text(path: Path) -> tuple[pd.DataFrame, str]:
    """A text file: whatever separates its columns, with decimal points or commas."""
    import pandas as pd  # here, for the start-up of what does not need it

    content = path.read_text(encoding="utf-8-sig")
    head, _, body = content.lstrip().partition("\n")
    separator = next((mark for mark in SEPARATORS if mark in head), ",")
    decimal = "," if separator != "," and re.search(r"\d,\d", body) else "."
    return pd.read_csv(io.StringIO(content.lstrip()), sep=separator, skipinitialspace=True), decimal


def _parquet(path: Path) -> tuple[pd.DataFrame, str]:
    import pandas as pd  # here, for the start-up of what does not need it

    return pd.read_parquet(path), "."


def _sheet(path: Path) -> tuple[pd.DataFrame, str]:
    """The first sheet of a workbook."""
    import zipfile

    import pandas as pd  # here, for the start-up of what does not need it

    try:
        return pd.read_excel(path), "."
    except zipfile.BadZipFile:
        raise ValueError("it is no Excel workbook") from None


READERS: dict[str, Callable[[Path], tuple[pd.DataFrame, str]]] = {
    ".csv": _text, ".tsv": _text, ".txt": _text, ".parquet": _parquet, ".xlsx": _sheet,
}  # fmt: skip
