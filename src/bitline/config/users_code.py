"""Which line of a user's code took part in an error, and where functions of the user's are defined."""

from __future__ import annotations

import inspect
import os
import sysconfig
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bitline.config.messages import first_line

_PACKAGE = str(Path(__file__).parents[1]) + os.sep
_STANDARD = tuple({sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")})


def failure(error: BaseException, most: int = 500) -> str:
    """What an error of a user's code is and says, and in which line of that code it was raised.

    Args:
        error: that was raised.
        most: as for `first_line`.

    Examples:
        >>> failure(KeyError("scores"))
        "KeyError: 'scores'"
    """
    return f"{type(error).__name__}: {first_line(error, most)}{users_line(error)}"


def users_line(error: BaseException) -> str:
    """The last line of a user's code that took part in an error, as the end of a clause; empty where none did.

    Args:
        error: that was raised.

    Examples:
        >>> users_line(ValueError("never raised"))
        ''
    """
    return place(filter(is_a_users, traceback.extract_tb(error.__traceback__)))


def bitlines_line(error: BaseException) -> str:
    """The last line of bitline's code that took part in an error; empty where none did.

    Args:
        error: that was raised.

    Examples:
        >>> bitlines_line(ValueError("never raised"))
        ''
    """
    return place(frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(_PACKAGE))


def place(frames: Iterable[traceback.FrameSummary]) -> str:
    """The last of some lines of code that took part, if there is one."""
    return "".join(f" ({short_path(frame.filename)}:{frame.lineno})" for frame in list(frames)[-1:])


def is_a_users(frame: traceback.FrameSummary) -> bool:
    """Whether a line is neither bitline's nor of what is installed, and has a file."""
    file = frame.filename
    return not (file.startswith((_PACKAGE, "<")) or is_installed(file))


def is_installed(file: str) -> bool:
    """Whether a file is of the Python installation or of a package that was installed.

    Examples:
        >>> is_installed(inspect.__file__), is_installed("mydev.py")
        (True, False)
    """
    folders = ("site-packages", "dist-packages")
    return file.startswith((*_STANDARD, "<frozen")) or any(part in folders for part in Path(file).parts)


def defined_at(function: Callable[..., Any] | Any) -> str:
    """The line where a function begins, as the end of a clause; empty where Python does not know it.

    Args:
        function: a function, a method, or an object that can be called.

    Examples:
        >>> defined_at(defined_at), defined_at(len)
        (' (...users_code.py:...)', '')
    """
    code = getattr(inspect.unwrap(function), "__code__", None) or getattr(type(function).__call__, "__code__", None)
    if code is None or code.co_filename.startswith("<"):
        return ""
    return f" ({short_path(code.co_filename)}:{code.co_firstlineno})"


def short_path(file: str) -> str:
    """A file, from the current folder if it lies below it.

    Examples:
        >>> short_path("/somewhere/else/mylab.py"), short_path(str(Path.cwd() / "mylab.py"))
        ('/somewhere/else/mylab.py', 'mylab.py')
    """
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file
