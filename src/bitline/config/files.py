"""Files that are written whole or not at all, on paths that are tried before the work."""

from __future__ import annotations

import errno
import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryFile
from typing import Any

from bitline.config.full_disk import naming_full_disk
from bitline.errors import BitlineError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A new file to write to, which takes the place of `path` in one step at the end.

    If that fails, nothing is left of it, and an existing file stays as it was. Missing folders are made. What is no
    ordinary file, such as a pipe, is written to as it is, and a symbolic link stays one. Of a file with several names
    (hard links) this name alone gets the new content: backups that share files by hard links keep the old one. A
    database, which may be a store of results, is never replaced.

    What a process has left behind that was killed while it wrote the same file is removed.

    Args:
        path: file to write.

    Raises:
        OSError: it cannot be written; names `path`, and says what to do where the disk is full.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder, replacing(Path(folder) / "new" / "numbers.txt") as part:
        ...     _ = part.write_text("1 2 3")
        ...     part.name, (Path(folder) / "new" / "numbers.txt").exists()
        ('numbers.txt....part', False)
    """
    if _is_special(path):
        yield path
        return
    place = real_path(path)
    _refuse_database(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    _remove_orphans(place)
    part = _part(place)
    with naming_full_disk(path, part), _held(part):
        try:
            yield part
            os.replace(part, place)
        finally:
            part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a whole file or nothing.

    Args:
        path: file to write.
        text: what it will contain, as UTF-8.

    Raises:
        OSError: it cannot be written.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     write_text(Path(folder) / "new" / "notes.txt", "half to even")
        ...     (Path(folder) / "new" / "notes.txt").read_text()
        'half to even'
    """
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")


def write_values(path: Path, content: Mapping[str, Any], indent: int) -> None:
    """Write values as JSON that every reader takes: NaN becomes null, and infinity the word 'inf', as in a design.

    Args:
        path: file to write.
        content: plain values.
        indent: number of spaces by which each level is indented.

    Raises:
        OSError: it cannot be written.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     write_values(Path(folder) / "results.json", {"accuracy": math.nan, "on_off_ratio": math.inf}, indent=2)
        ...     print((Path(folder) / "results.json").read_text())
        {
          "accuracy": null,
          "on_off_ratio": "inf"
        }
    """
    write_text(path, json_text(content, indent))


def json_text(content: Mapping[str, Any], indent: int) -> str:
    """Values as `write_values` writes them.

    Examples:
        >>> json_text({"accuracy": float("nan"), "ratio": float("inf")}, indent=2)
        '{\\n  "accuracy": null,\\n  "ratio": "inf"\\n}\\n'
    """
    return json.dumps(_strict(content), indent=indent, allow_nan=False) + "\n"


def real_path(path: Path) -> Path:
    """Where a path leads through all links, absolute.

    Args:
        path: of a file that is there or not.

    Raises:
        OSError: the links lead in a circle.

    Examples:
        >>> real_path(Path("/nowhere/../results.json"))
        PosixPath('/results.json')
    """
    try:
        return path.resolve()
    except RuntimeError:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path)) from None


def check_writable(option: str, *paths: Path) -> None:
    """Try whether files can be replaced, before the work that fills them; nothing is changed or left behind.

    Args:
        option: the option that names the files on the command line.
        paths: files that will be written later.

    Raises:
        BitlineError: one of them cannot be written, or is a database; the message says why.

    Examples:
        >>> check_writable("--out", Path("/dev/null/results.json"))
        Traceback (most recent call last):
        bitline.errors.BitlineError: cannot write /dev/null/results.json: ...; give another --out
    """
    check_place(option, *paths)
    for path in paths:
        try:
            _refuse_database(path)
        except OSError as error:
            raise BitlineError(f"cannot write {path}: {error.strerror}; give another {option}") from None


def check_place(option: str, *paths: Path) -> None:
    """Try whether files can be made or changed where they are; nothing is changed or left behind.

    Args:
        option: the option that names the files on the command line.
        paths: files that will be written later.

    Raises:
        BitlineError: one of them cannot be written; the message says why.

    Examples:
        >>> check_place("--out", Path("/dev/null/results.json"))
        Traceback (most recent call last):
        bitline.errors.BitlineError: cannot write /dev/null/results.json: ...; give another --out
    """
    for path in paths:
        try:
            _try(path)
        except OSError as error:
            raise BitlineError(f"cannot write {path}: {error.strerror}; give another {option}") from None


def is_alive(process: int) -> bool:
    """Whether this machine has a process of this number.

    Examples:
        >>> is_alive(os.getpid()), is_alive(30_000_000_000)
        (True, False)
    """
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # somebody else's
        return True
    return True


def _try(path: Path) -> None:
    if _is_special(path):
        if not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return
    place = real_path(path)
    missing = [folder for folder in place.parents if not folder.exists()]
    above = place.parents[len(missing)]
    if not above.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, f"{above} is not a folder")
    names = [_part(place).name, *(folder.name for folder in missing)]
    if max(len(os.fsencode(name)) for name in names) > os.pathconf(above, "PC_NAME_MAX"):
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    with TemporaryFile(dir=above):  # missing folders are not made: another process may be about to use them
        pass


def _strict(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _strict(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "inf" if value > 0 else "-inf"
    return value


def _refuse_database(path: Path) -> None:
    """Refuse to replace a database by something else: `--out` may have got the name of a store of results.

    Raises:
        FileExistsError: it is one.
    """
    if path.is_file():
        with path.open("rb") as file:
            if file.read(len(DATABASE)) == DATABASE:
                raise FileExistsError(errno.EEXIST, "a store of results, or another database, is there", str(path))


DATABASE = b"SQLite format 3\0"
"""What the files of SQLite begin with."""


def _is_special(path: Path) -> bool:
    """Whether something is there that is no ordinary file.

    Raises:
        IsADirectoryError: it is a folder.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(path))
    return path.exists() and not path.is_file()


@contextmanager
def _held(part: Path) -> Iterator[None]:
    """Lock a file that is being written: as long as it is locked, its process lives, on whatever machine."""
    from filelock import lock_descriptor

    number = os.open(part, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        with suppress(OSError):  # a file system without locks
            lock_descriptor(number, blocking=False)
        yield
    finally:
        os.close(number)


def _remove_orphans(place: Path) -> None:
    """Remove parts of a file whose processes are gone: neither alive here nor holding the lock from elsewhere."""
    for part in place.parent.glob(f"{escape(place.name)}.*.part"):
        number = part.name.removeprefix(f"{place.name}.").removesuffix(".part").partition("-")[0]
        if number.isdecimal() and not is_alive(int(number)) and _is_free(part):
            with suppress(OSError):
                part.unlink()


def _is_free(part: Path) -> bool:
    """Whether nobody holds the lock of a file; where that cannot be told, somebody may."""
    from filelock import lock_descriptor

    try:
        number = os.open(part, os.O_RDWR)
    except OSError:
        return False
    try:
        return bool(lock_descriptor(number, blocking=False))
    except OSError:
        return False
    finally:
        os.close(number)


def _part(place: Path) -> Path:
    """Where a file is written until it is whole: a name of this process, on which no other one of any machine falls."""
    return place.with_name(f"{place.name}.{os.getpid()}-{token_hex(4)}.part")
