"""Where a store can be."""

from __future__ import annotations

from pathlib import Path

from bitline.errors import StudyError

NO_STORES = frozenset((".csv", ".json", ".toml", ".html", ".xlsx", ".parquet", ".txt", ".tsv"))
"""Ends of names of files that are something else."""


def make_place(path: Path) -> None:
    """Make the folder of a store; refuse a new store that looks like a table or a page.

    Args:
        path: of the store.

    Raises:
        StudyError: its name is that of something else, or the folder cannot be made.

    Examples:
        >>> make_place(Path("results.csv"))
        Traceback (most recent call last):
        bitline.errors.StudyError: results are kept in a store, such as results.sqlite, and not in results.csv: ...
    """
    if path.suffix.lower() in NO_STORES and not path.exists():
        raise StudyError(
            f"results are kept in a store, such as {path.stem}.sqlite, and not in {path.name}: give another --out, and "
            "export them with 'bitline results STORE --to csv' or 'bitline report STORE'"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StudyError(f"cannot make the folder of {path}: {error.strerror}; give another --out") from None
