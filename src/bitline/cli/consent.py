"""Asking before code runs that a file names: once for the same content, on a terminal or with --allow-code."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bitline.cli.streams import printable
from bitline.errors import BitlineError

if TYPE_CHECKING:
    from bitline.design import Design
    from bitline.study import Study


@dataclass(frozen=True)
class NamedCode:
    """Code that a file names and nobody allowed yet.

    Attributes:
        origin: the file, as the command line names it.
        content: what the file says.
        paths: import paths of the code.
    """

    origin: str
    content: str
    paths: tuple[str, ...]

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules that would be imported."""
        from bitline.config.trust import module_of

        return tuple(dict.fromkeys(map(module_of, self.paths)))

    def check(self) -> None:
        """Refuse modules that nobody could allow.

        Raises:
            BitlineError: a module is one of Python itself, or is not there.
        """
        from bitline.config.imports import source_of

        for module in self.modules:
            if module.partition(".")[0] in sys.stdlib_module_names:
                raise BitlineError(f"{self.origin} names code of {module}, a module of Python itself: name your own")
            if source_of(module) is None:
                raise BitlineError(f"{self.origin} names code of {module}, which is not there: put it on PYTHONPATH")

    def in_words(self) -> str:
        """What names which code, and where that is."""
        from bitline.config.imports import source_of

        return f"{self.origin} names code of " + " and ".join(
            f"{module} ({source_of(module)})" for module in self.modules
        )

    def digest(self) -> str:
        """Identifies the content of the file and of the modules, with the packages that they lie in."""
        from bitline.config.imports import source_chain

        whole = hashlib.blake2b(self.content.encode(), digest_size=16)
        for module in self.modules:
            for file in source_chain(module):
                whole.update(f"\0{module}\0{file}\0".encode(errors="surrogateescape"))
                whole.update(_content(file))
        return whole.hexdigest()


def consent(code: NamedCode, allow_code: bool) -> None:
    """Let the code run that a file names, if the person allows it.

    Args:
        code: what the file names.
        allow_code: whether the person gave --allow-code.

    Raises:
        BitlineError: the person does not allow it, or cannot be asked.
    """
    from bitline.config.trust import trust

    if not code.paths:
        return
    code.check()
    if not allow_code and not _is_remembered(code) and not _asked(code):
        raise BitlineError(f"{code.in_words()}, and it was not allowed: nothing was done")
    _remember(code)
    trust(code.paths)


def consent_if_known(code: NamedCode, allow_code: bool) -> None:
    """`consent`, but without a question: where nobody has allowed the code, it stays data."""
    if code.paths and (allow_code or _is_remembered(code)):
        consent(code, allow_code)


def allowed_design(name: str, settings: dict[str, Any], allow_code: bool) -> Design:
    """A design with settings of the command line, whose code may run.

    Args:
        name: of a preset or a file.
        settings: by dotted name; what they name is the word of the person who typed them.
        allow_code: whether the person gave --allow-code.

    Raises:
        DesignError: there is no such design, or a setting is impossible.
        BitlineError: the person does not allow the code that the file names, or it fails.
    """
    from bitline.config.trust import is_loadable
    from bitline.design import Design

    written = Design.load(name)
    chosen = written.with_settings(settings)
    if chosen.is_loaded:
        return chosen
    refused = tuple(path for path in chosen.code if not is_loadable(path))
    consent(NamedCode(name, written.to_toml(), refused), allow_code)
    return chosen.with_code()


def allowed_study(
    study: Study, origin: str, allow_code: bool, ask: Callable[[NamedCode, bool], None] = consent
) -> None:
    """Let the code run that a study and its designs name, if the person allows it.

    Args:
        study: read from a file.
        origin: the file.
        allow_code: whether the person gave --allow-code.
        ask: `consent`, or `consent_if_known` where the code need not run.

    Raises:
        BitlineError: the person does not allow it, or the code fails.
    """
    refused = study.refused_code()
    if not refused:
        return
    content = "\n".join((study.to_toml(), *(base.to_toml() for base in study.bases())))
    ask(NamedCode(origin, content, refused), allow_code)
    if not study.refused_code():
        study.load_code()


def _content(file: Path) -> bytes:
    """What is in a file; something new every time where it cannot be read, as in an archive of modules."""
    try:
        return file.read_bytes()
    except OSError:
        return os.urandom(16)


def _asked(code: NamedCode) -> bool:
    """Whether the person at the terminal says yes.

    Raises:
        BitlineError: there is no terminal.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise BitlineError(f"{code.in_words()}: to run it, give --allow-code")
    question = printable(sys.stderr)(f"{code.in_words()}. Run it? [y/N] ")
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def state_folder() -> Path | None:
    """The folder in which programs of this user keep what they remember; None where there is none."""
    named = os.environ.get("LOCALAPPDATA" if os.name == "nt" else "XDG_STATE_HOME", "")
    if named and Path(named).is_absolute():
        return Path(named) / "bitline"
    try:
        return Path.home() / ".local" / "state" / "bitline"
    except RuntimeError:  # nobody's home
        return None


def _file_of(code: NamedCode) -> Path | None:
    folder = state_folder()
    return None if folder is None else folder / "allowed-code" / code.digest()


def _is_remembered(code: NamedCode) -> bool:
    file = _file_of(code)
    try:
        return file is not None and file.is_file()
    except OSError:
        return False


def _remember(code: NamedCode) -> None:
    """Keep an answer, if there is a place for it."""
    file = _file_of(code)
    if file is None:
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.write_text(f"{code.in_words()}\n", encoding="utf-8", errors="replace")
    except OSError:  # the question comes again
        return
