"""What a command says: results on standard output, as text, JSON or CSV; everything else on standard error."""

from __future__ import annotations

import csv
import os
import re
import shutil
import sys
import textwrap
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TextIO

from bitline.cli.progress import Tell, bar
from bitline.cli.start import work_begins
from bitline.cli.streams import printable
from bitline.cli.table import Table
from bitline.config.files import json_text
from bitline.config.spreadsheets import no_formula
from bitline.errors import UncachedWarning
from bitline.numerics.progress import silent

Form = Literal["text", "json", "csv"]
"""How results are written."""

BOLD, RED = "1", "31"
"""Codes of terminals."""


LONG_WORD = re.compile(r"(\S{200})\S{200,}(\S{50})")
"""A word that is cut in a message, such as a path or a name of thousands of characters, and what stays of it."""


class Output:
    """Where a command's results and remarks go.

    Args:
        form: of the results.
        quiet: whether to say nothing but results.
    """

    def __init__(self, form: Form = "text", quiet: bool = False) -> None:
        self.form = form
        self.quiet = quiet
        self.if_interrupted = ""
        """What a user who presses Ctrl-C is told besides."""

    @staticmethod
    def of(context: Any) -> Output:
        """That of the command that runs, which now has imported most of what it needs."""
        work_begins()
        found: Output = context.meta[KEY]
        return found

    def results(self, *parts: Table | str) -> None:
        """Give all results: texts and tables for people, or the tables as JSON, or the first table as CSV."""
        self.text(*parts)
        self.data(*(part for part in parts if isinstance(part, Table)))

    def text(self, *parts: Table | str) -> None:
        """Print texts and tables for people; nothing where JSON or CSV is wanted."""
        if self.form != "text":
            return
        width = terminal_width(sys.stdout)
        for index, part in enumerate(parts):
            if isinstance(part, str):
                for line in part.splitlines():
                    _print(line, width, sys.stdout)
                continue
            if index:
                print()
            for entry in part.lines(width, printable(sys.stdout)):
                print(styled(entry.text, BOLD, sys.stdout) if entry.is_head else entry.text)
            if any(isinstance(later, str) for later in parts[index + 1 : index + 2]):
                print()

    def data(self, *tables: Table) -> None:
        """Write all tables as one JSON object, or the first one as CSV; nothing where text is wanted."""
        if self.form == "json":
            found = {title: table.data() for title, table in zip(_titles(tables), tables, strict=True)}
            sys.stdout.write(json_text(found, indent=2))
        elif self.form == "csv":
            rows = tables[0].data()
            writer = csv.writer(sys.stdout, lineterminator="\n")
            keys = list(dict.fromkeys(key for row in rows for key in row))
            writer.writerow(map(no_formula, keys))
            writer.writerows([_csv(row.get(key)) for key in keys] for row in rows)

    def note(self, text: str) -> None:
        """Say something that is no result."""
        if not self.quiet:
            _print(text, terminal_width(sys.stderr), sys.stderr)

    def notes(self, texts: Iterable[str]) -> None:
        """Say what is worth knowing of the results, each text once."""
        for text in dict.fromkeys(texts):
            self.note(f"note: {text}")

    def wrote(self, *paths: Path) -> None:
        """Say which files were written."""
        self.note(f"wrote {', '.join(map(str, paths))}")

    @contextmanager
    def hearing(self) -> Iterator[None]:
        """Say of warnings those for which a command has no words of its own."""
        before = warnings.showwarning

        def say(message: Warning | str, category: type[Warning], *place: Any, **options: Any) -> None:
            if issubclass(category, UncachedWarning):
                self.notes([str(message)])
            else:
                before(message, category, *place, **options)

        warnings.showwarning = say
        try:
            yield
        finally:
            warnings.showwarning = before

    @contextmanager
    def progress(self) -> Iterator[Tell]:
        """A bar on the terminal, as a function of what is done, how much of it, and how much of it there is."""
        if self.quiet or not sys.stderr.isatty():
            yield silent
            return
        with bar() as tell:
            yield tell


KEY = "bitline.output"
"""Where a context has the output of its command."""


def _titles(tables: Iterable[Table]) -> list[str]:
    """Names of tables, each once: those of designs of the same name are counted."""
    titles: list[str] = []
    for table in tables:
        times = sum(title == table.name or title.startswith(f"{table.name} (") for title in titles)
        titles.append(f"{table.name} ({times + 1})" if times else table.name)
    return titles


def terminal_width(stream: TextIO) -> int | None:
    """Characters in a line of a terminal; None for a file or a pipe, whose lines are as long as they are."""
    return shutil.get_terminal_size().columns if stream.isatty() else None


def styled(text: str, code: str, stream: TextIO) -> str:
    """A text in bold or in a colour, where the stream is a terminal that can show it and the user does not mind."""
    plain = not stream.isatty() or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return text if plain or not text else f"\x1b[{code}m{text}\x1b[0m"


def complain(message: str) -> None:
    """Say on standard error, in one line, what went wrong; words of more characters than anybody reads are cut."""
    line = LONG_WORD.sub(lambda word: f"{word[1]}...{word[2]}", " ".join(message.split("\n")))
    line = printable(sys.stderr)(line)
    print(styled(f"bitline: {line}", RED, sys.stderr), file=sys.stderr)


def _print(text: str, width: int | None, stream: TextIO) -> None:
    text = printable(stream)(text)
    lines = textwrap.wrap(text, width, subsequent_indent="  ", break_on_hyphens=False) if width else [text]
    for line in lines or [""]:
        print(line, file=stream)


def _csv(value: Any) -> Any:
    is_unknown = value is None or value != value  # NaN is not equal to itself
    plain = printable(sys.stdout)(value) if isinstance(value, str) else value
    return "" if is_unknown else no_formula(plain)
