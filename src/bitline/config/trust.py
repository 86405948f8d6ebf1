"""Whose code may run: modules that the person has named are trusted, those that files name are not.

A design or a study in a file can name classes and functions by import path, and importing a module runs it. What a
program or a command line names is the word of the person who wrote it. What a file names stays a name, until the person
allows it: with `allow_code=True` in Python, with `--allow-code` or an answer on the command line.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from bitline.errors import BitlineError

_trusted: set[str] = set()
_reads_file: ContextVar[bool] = ContextVar("reads file", default=False)


def module_of(path: str) -> str:
    """The module of an import path.

    Examples:
        >>> module_of("mylab.devices:Leaky")
        'mylab.devices'
    """
    return path.partition(":")[0]


def is_import_path(name: str) -> bool:
    """Whether a name is that of code, `package.module:name`, and not of something that comes with bitline.

    Examples:
        >>> is_import_path("mynet:build"), is_import_path("resnet50")
        (True, False)
    """
    return ":" in name


def trust(paths: Iterable[str]) -> None:
    """Let the modules of import paths be imported, for as long as this process runs.

    Args:
        paths: import paths, package.module:name, or names of modules.

    Examples:
        >>> trust(["mylab:Leaky"])
        >>> is_trusted("mylab:TwoPopulations"), is_trusted("strangerlib:Leaky")
        (True, False)
    """
    _trusted.update(map(module_of, paths))


def distrust(paths: Iterable[str]) -> None:
    """Take back what `trust` allowed; modules that are imported stay so.

    Examples:
        >>> trust(["mylab:Leaky"])
        >>> distrust(["mylab:Leaky"])
        >>> is_trusted("mylab:Leaky")
        False
    """
    _trusted.difference_update(map(module_of, paths))


def trusted_modules() -> tuple[str, ...]:
    """The modules that are trusted, for another process to `trust` as well.

    Examples:
        >>> trust(["mylab:Leaky"])
        >>> "mylab" in trusted_modules()
        True
    """
    return tuple(sorted(_trusted))


def is_trusted(path: str) -> bool:
    """Whether the person has named or allowed the module of an import path; the example of `trust` shows it."""
    return module_of(path) in _trusted


@contextmanager
def reading_a_file() -> Iterator[None]:
    """What is made inside comes from a file: what it names is nobody's word.

    Examples:
        >>> with reading_a_file():
        ...     is_loadable("strangerlib:Leaky")
        False
    """
    before = _reads_file.set(True)
    try:
        yield
    finally:
        _reads_file.reset(before)


def heed(paths: Iterable[str]) -> None:
    """Trust what import paths name, unless they come from a file.

    Examples:
        >>> with reading_a_file():
        ...     heed(["strangerlib:Leaky"])
        >>> is_trusted("strangerlib:Leaky")
        False
    """
    if not _reads_file.get():
        trust(paths)


def is_loadable(path: str) -> bool:
    """Whether the class of an import path can be had without running code that nobody allowed.

    It can if its module is trusted, part of bitline, or imported already: then the person's own program did that.

    Examples:
        >>> is_loadable("bitline.devices:Device"), is_loadable("strangerlib:Leaky")
        (True, False)
    """
    module = module_of(path)
    return is_trusted(path) or module.partition(".")[0] == "bitline" or module in sys.modules


def refusal(path: str, setting: str) -> str:
    """What is said where code would have to run that a file names and nobody allowed.

    Args:
        path: import path.
        setting: name of the setting that has it.

    Examples:
        >>> refusal("mylab:Leaky", "cell.device")[:58]
        "cell.device is 'mylab:Leaky', and a file may not run code "
    """
    return (
        f"{setting} is {path!r}, and a file may not run code of {module_of(path)} unasked: allow it with --allow-code, "
        "or in Python with allow_code=True where the file is loaded"
    )


def require(path: str, setting: str, error: type[BitlineError]) -> None:
    """Refuse code that a file names and nobody allowed.

    Args:
        path: import path.
        setting: name of the setting that has it, for the message.
        error: class of what is raised.

    Examples:
        >>> from bitline.errors import StudyError
        >>> require("strangerlib:build", "model.name", StudyError)
        Traceback (most recent call last):
        bitline.errors.StudyError: model.name is 'strangerlib:build', and a file may not run code of strangerlib ...
    """
    if not is_trusted(path):
        raise error(refusal(path, setting))
