"""One process at a time writes to a store."""

from __future__ import annotations

import contextlib
import os
import platform
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bitline.config.files import is_alive, real_path
from bitline.errors import StudyError

TRIES = 10
"""How often a lock is opened anew that its last holder has just removed."""
OWNER = re.compile(r"process (?P<process>\d+) on ?(?P<machine>.*)")
"""What a lock says of its holder."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a store, which the system gives back when the process ends, however it ends.

    The lock is a file beside the store, with `.lock` after its name, and is removed at the end. Symbolic links lead to
    the lock of the store. A store with several names of equal rank (hard links) is refused, because neither this lock
    nor the journals of SQLite can be found from all of them.

    Args:
        path: the store.

    Raises:
        StudyError: another process holds it, or the store has hard links.

    Examples:
        >>> with locked(Path("study.sqlite")), locked(Path("study.sqlite")):
        ...     pass
        Traceback (most recent call last):
        bitline.errors.StudyError: the store study.sqlite is in use by process ...: wait until it is done, ...
    """
    place, lock = real_path(path), _lock_of(path)
    if place.exists() and place.stat().st_nlink > 1:
        raise StudyError(
            f"the store {path} has {place.stat().st_nlink} names (hard links), and a process that uses another one "
            "would not see this run: give a copy of it as --out, or remove the other names"
        )
    number = _held(lock, path)
    try:
        _write_owner(number, lock)
        yield
    finally:
        with contextlib.suppress(OSError):  # Windows does not remove files that are open
            lock.unlink()
        os.close(number)


def is_held(path: Path) -> bool:
    """Whether some process writes to a store; a lock that a killed process of this machine left says nothing.

    Args:
        path: the store, which need not exist.

    Examples:
        >>> is_held(Path("study.sqlite"))
        False
        >>> with locked(Path("study.sqlite")):
        ...     is_held(Path("study.sqlite"))
        True
    """
    try:
        number = os.open(_lock_of(path), os.O_RDONLY)
    except OSError:
        return False
    try:
        owner = OWNER.fullmatch(_owner(number))
    finally:
        os.close(number)
    return owner is None or owner["machine"] != platform.node().strip() or is_alive(int(owner["process"]))


def _lock_of(path: Path) -> Path:
    place = real_path(path)
    return place.with_name(place.name + ".lock")


def _held(lock: Path, path: Path) -> int:
    """Number of the open lock file, which this process has locked.

    Raises:
        StudyError: another process holds it.
    """
    from filelock import lock_descriptor

    for _ in range(TRIES):
        try:
            number = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise StudyError(f"cannot write {lock}: {error.strerror}; give another --out") from None
        try:
            if not lock_descriptor(number, blocking=False):
                raise StudyError(
                    f"the store {path} is in use by {_owner(number)}: wait until it is done, or give another --out"
                )
            if _is_at(lock, number):
                return number
        except BaseException:
            os.close(number)
            raise
        os.close(number)
    raise StudyError(f"the store {path} is in use by another process: wait until it is done, or give another --out")


def _is_at(lock: Path, number: int) -> bool:
    """Whether an open file is still the one of this name: a holder removes it when it ends."""
    try:
        return os.path.samestat(lock.stat(), os.fstat(number))
    except FileNotFoundError:
        return False


def _write_owner(number: int, lock: Path) -> None:
    """Say who holds a lock, after its first byte, which is what Windows locks.

    Raises:
        StudyError: the disk is full.
    """
    try:
        os.ftruncate(number, 0)
        os.lseek(number, 0, os.SEEK_SET)
        os.write(number, f" process {os.getpid()} on {platform.node()}".encode())
    except OSError as error:
        raise StudyError(f"cannot write {lock}: {error.strerror}; make room there, or give another --out") from None


def _owner(number: int) -> str:
    try:
        os.lseek(number, 1, os.SEEK_SET)
        return os.read(number, 200).decode(errors="replace").strip() or "another process"
    except OSError:
        return "another process"
