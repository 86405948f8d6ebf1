"""Tables of measurements as people keep them: semicolons, decimal commas, spreadsheets."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import numpy as np

from bitline.config.text_tables import read_text_table
from bitline.numerics.text import listed

if TYPE_CHECKING:
    import pandas as pd

TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".xlsx")
"""Files that can hold a table of measurements."""

SHEETS = 4
"""Names of sheets that a message shows."""


def is_table(name: str) -> bool:
    """Whether a name is the path of a table of measurements.

    Examples:
        >>> is_table("cells.csv"), is_table("reram-wan-2022")
        (True, False)
    """
    return PurePath(name).suffix.lower() in TABLE_SUFFIXES


def read_frame(path: Path) -> tuple[pd.DataFrame, str]:
    """The rows of a table as they were written, numbered by their lines, and its decimal mark.

    Headers have no spaces around them.

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

    column = column.map(lambda value: math.nan if isinstance(value, (bool, np.bool_)) else value)
    if decimal == "," and not pd.api.types.is_numeric_dtype(column):
        column = column.astype(str).str.replace(",", ".", regex=False)
    return pd.to_numeric(column, errors="coerce")


def _parquet(path: Path) -> tuple[pd.DataFrame, str]:
    import pandas as pd  # here, for the start-up of what does not need it

    return _numbered(pd.read_parquet(path)), "."


def _sheet(path: Path) -> tuple[pd.DataFrame, str]:
    """The only sheet of a workbook with anything on it."""
    import zipfile

    import pandas as pd  # here, for the start-up of what does not need it

    if not zipfile.is_zipfile(path):
        raise ValueError("it is no Excel workbook of the kind .xlsx: save it as one, or as .csv")
    sheets = {name: sheet for name, sheet in pd.read_excel(path, sheet_name=None).items() if len(sheet.columns)}
    if len(sheets) > 1:
        raise ValueError(
            f"it has the sheets {listed([*map(repr, sheets)], SHEETS)}, and one table is read: put all rows on one "
            "sheet, or save one sheet as a file of its own"
        )
    return _numbered(next(iter(sheets.values()), pd.DataFrame())), "."


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows with the numbers that they have below a header."""
    return frame.set_axis(range(2, len(frame) + 2), axis=0)


READERS: dict[str, Callable[[Path], tuple[pd.DataFrame, str]]] = {
    ".csv": read_text_table, ".tsv": read_text_table, ".txt": read_text_table, ".parquet": _parquet, ".xlsx": _sheet,
}  # fmt: skip
