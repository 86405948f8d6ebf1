"""Connections to the SQLite file of a store, whatever its path, and wherever it lies."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from bitline.config.files import real_path
from bitline.errors import StudyError


@contextmanager
def for_writing(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that adds to a store, which is made if it is not there.

    While it is open, others can read (write-ahead log). At the end everything is in the one file again, which can then
    be read where nothing can be written, unless another process is still reading.

    Args:
        path: the file, or a link to it.

    Raises:
        StudyError: the file cannot be used.
    """
    with explained(path), closing(sqlite3.connect(real_path(path), isolation_level=None)) as connection:
        try:
            yield connection
        finally:
            with contextlib.suppress(sqlite3.Error):  # somebody is reading, or nothing can be written any more
                connection.execute("PRAGMA busy_timeout = 0")
                connection.execute("PRAGMA journal_mode = DELETE")


@contextmanager
def for_reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that only reads, also while another process writes.

    Args:
        path: the file, or a link to it.

    Raises:
        StudyError: the file cannot be read, or is not whole.
    """
    with for_a_glance(path) as connection:
        _check_size(real_path(path), connection)
        _check_names(real_path(path))
        identity = _identity(real_path(path))
        if identity not in _whole:
            check_pages(path, connection, _read_by_all(connection))
            _whole.add(identity)
        yield connection


@contextmanager
def for_a_glance(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that reads a row or two of a store that was found whole before, and may have grown since.

    Args:
        path: the file, or a link to it.

    Raises:
        StudyError: the file cannot be read.
    """
    with explained(path), closing(_opened(real_path(path))) as connection:
        yield connection


SELDOM = ("layers", "records", "cost_parts")
"""Tables with most of the bytes, of which readers read a few rows or none."""


def _read_by_all(connection: sqlite3.Connection) -> list[str]:
    """Names of the tables that every reader reads."""
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    return [f'"{name}"' for (name,) in found if name not in SELDOM]


_whole: set[tuple[object, ...]] = set()
"""Files, and what lies beside them, whose pages were found whole: a check reads all of them."""


def _identity(path: Path) -> tuple[object, ...]:
    """What changes when a store or its log does."""
    found = [file.stat() for file in (path, _log(path)) if file.exists()]
    return (path, *((stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns) for stat in found))


def _opened(path: Path) -> sqlite3.Connection:
    """A read-only connection that works.

    A store whose last writer was killed is in the mode in which even readers write beside it. Where they cannot, and
    the writer left nothing beside the file, the file alone is read.
    """
    try:
        return _connected(path, "mode=ro")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
            raise
        if _has_log(path):
            raise StudyError(
                f"the store {path} has its last results in {_log(path).name}, which cannot be read in a folder "
                "without write permission: copy both files to another folder"
            ) from None
        return _connected(path, "mode=ro&immutable=1")


def _connected(path: Path, options: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.as_uri()}?{options}", uri=True, isolation_level=None)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _check_size(path: Path, connection: sqlite3.Connection) -> None:
    """Refuse a file that lacks its end, which SQLite finds only where it looks for it."""
    pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    if path.stat().st_size < pages * size and not _has_log(path):
        raise StudyError(
            f"the store {path} is damaged: its end is missing; use a copy, or run the study with another --out"
        )


def check_pages(path: Path, connection: sqlite3.Connection, tables: Sequence[object] = (1,)) -> None:
    """Refuse a store with pages or rows that contradict each other, which SQLite finds only where it meets them.

    It takes a fraction of the time in which the rows are read. What a row says is checked where it is read; a number
    that was changed to another possible one is not noticed, as rows have no checksums: disks have.

    Args:
        path: the file, for messages.
        connection: an open connection to it.
        tables: names of those that are checked; 1 stands for all of them, and what belongs to none.

    Raises:
        StudyError: the file is damaged.

    Examples:
        >>> check_pages(Path("study.sqlite"), sqlite3.connect(":memory:"))
    """
    for table in tables:
        said = str(connection.execute(f"PRAGMA quick_check({table})").fetchone()[0])
        if said == "ok":
            continue
        what = " ".join(said.replace("*** in database main ***", "").split())
        raise StudyError(f"the store {path} is damaged: {what}; use a copy, or run the study with another --out")


def _check_names(path: Path) -> None:
    """Refuse one of several names (hard links) of a store that is being written, or whose writer was killed.

    The last results are then in a file beside another of its names. A store that is closed is whole under any name.
    """
    with path.open("rb") as file:
        is_logged = file.read(20)[18:20] == b"\2\2"  # the file format that says that there may be a log
    if path.stat().st_nlink > 1 and is_logged and not _has_log(path):
        raise StudyError(
            f"the store {path} has {path.stat().st_nlink} names (hard links), and its last results may be beside "
            "another one: read it under the name under which it was written"
        )


def _log(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _has_log(path: Path) -> bool:
    log = _log(path)
    return log.exists() and log.stat().st_size > 0


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """What SQLite cannot do, in words that a user can act on.

    Args:
        path: the file, for messages.

    Raises:
        StudyError: in place of errors of SQLite.

    Examples:
        >>> with explained(Path("study.sqlite")):
        ...     raise sqlite3.OperationalError("database or disk is full")
        Traceback (most recent call last):
        bitline.errors.StudyError: the disk is full and the store study.sqlite cannot grow: make room and run ...
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        if "full" in str(error):
            raise StudyError(
                f"the disk is full and the store {path} cannot grow: make room and run the study again; what is "
                "finished is kept"
            ) from None
        reason = "it is a folder" if path.is_dir() else error
        raise StudyError(f"cannot use the store {path}: {reason}") from None
    except sqlite3.DatabaseError as error:
        if "malformed" in str(error):
            raise StudyError(
                f"the store {path} is damaged: {error}; use a copy, or run the study with another --out"
            ) from None
        raise StudyError(f"{path} is not a store of results: {error}; run the study with another --out") from None
