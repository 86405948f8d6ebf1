"""Results of a study in an SQLite file: what is finished is never lost and never computed again."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bitline.config.arguments import checked
from bitline.design.approximations import device_notes
from bitline.design.changes import COSTS_VERSION
from bitline.errors import StudyError
from bitline.study.connection import check_pages, explained, for_a_glance, for_reading, for_writing
from bitline.study.environment import hardware, versions
from bitline.study.lock import locked
from bitline.study.outdated import own_code
from bitline.study.point import Point
from bitline.study.schema import TABLES, check_facts, check_version
from bitline.study.store_place import make_place
from bitline.study.stored_costs import halves
from bitline.study.stored_rows import StoredRows
from bitline.study.task import Outcome, Task
from bitline.study.values import sealed

NOTES = "notes on the data"
"""Name of the fact that says how the data was read, and what was left out."""

MEMORY = "notes on memory"
"""Name of the fact that says what was measured on fewer images at once than usual."""

LEFT_OUT = "notes on axes"
"""Name of the fact that says which combinations of the axes are impossible and left out."""

DEVICES = "notes on devices"
"""Name of the fact that is what devices say of their use in the designs, such as what is extrapolated: a JSON list."""

FORM = "form of the study"
"""Name of the fact that says what all designs of the study begin with now, as `forms.form_of` gives it."""

CODE = "code of designs"
"""Name of the fact that says which code the keys of designs stand for: text and unseen modules by import path."""


FRONT = "front"
"""Name of the fact that the run at hand is a search, as `bitline explore` does it: a JSON list of the keys of the
designs that it found best, empty until it ends."""

ASIDE = frozenset({NOTES, MEMORY, LEFT_OUT, DEVICES, FRONT})
"""Names of the facts that results do not depend on: the result has them as notes and designs."""


class Store(StoredRows):
    """The results of one network and data set under one seed. One process writes; any number may read.

    Args:
        path: the SQLite file.
        connection: an open connection to it.
        session: number of this run; 0 where the store is only read.

    Examples:
        >>> from bitline.study.task import Task
        >>> with Store.writing(Path("store.sqlite"), {"seed": "0"}) as store:
        ...     store.add(Outcome(Task.of_float(0, 40), correct=36))
        >>> with Store.reading(Path("store.sqlite")) as store:
        ...     [shard.correct for shard in store.shards()]
        [36]
        >>> with Store.writing(Path("store.sqlite"), {"seed": "1"}):
        ...     pass
        Traceback (most recent call last):
        bitline.errors.StudyError: the store store.sqlite holds results of another seed (0, now 1): ...
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, session: int) -> None:
        super().__init__(path, connection)
        self.session = session

    @classmethod
    @contextmanager
    def writing(cls, path: Path, facts: dict[str, str]) -> Iterator[Store]:
        """Open a store to add results; it is made if it is not there.

        Args:
            path: the SQLite file.
            facts: what the results depend on besides the designs, by name; later runs must give the same.

        Raises:
            StudyError: another process writes to it, it is no store, or its results are of other facts or of another
                version of bitline.
        """
        make_place(path)
        with locked(path), for_writing(path) as connection:
            check_version(path, connection)
            check_pages(path, connection)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.executescript(TABLES)
            check_facts(path, connection, facts)
            session = connection.execute(
                "INSERT INTO sessions (began, versions, hardware) VALUES (?, ?, ?)",
                (_now(), json.dumps(versions()), json.dumps(hardware())),
            ).lastrowid
            yield cls(path, connection, session or 0)

    @classmethod
    @contextmanager
    def reading(cls, path: Path) -> Iterator[Store]:
        """Open a store to read, also while another process writes.

        Raises:
            StudyError: there is no such store, it is damaged, or its results are of another version of bitline.
        """
        if not path.exists():
            raise StudyError(f"there is no store of results {path}: run the study first, with 'bitline sweep'")
        with for_reading(path) as connection:
            if not check_version(path, connection):
                raise StudyError(f"the store {path} is empty: run the study first, with 'bitline sweep'")
            yield cls(path, connection, 0)

    @classmethod
    @contextmanager
    def at_a_glance(cls, path: Path) -> Iterator[Store]:
        """Open a store that was read before, for a row or two of it.

        Raises:
            StudyError: it is not there any more, or cannot be read.
        """
        if not path.exists():
            raise StudyError(f"the store {path} is not there any more: what it has of single designs cannot be read")
        with for_a_glance(path) as connection:
            yield cls(path, connection, 0)

    def remember(self, name: str, value: str) -> None:
        """Keep a text that no result depends on, such as the study file."""
        self.connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def forget(self, name: str) -> None:
        """Drop a text that no result depends on, as another run has none."""
        self.connection.execute("DELETE FROM facts WHERE name = ?", (name,))

    def note_batch(self, subject: str, batch: int, usual: int) -> None:
        """Keep that memory was too short for as many images at once as usual, for the notes on results.

        Args:
            subject: what was measured.
            batch: images at once that were measured.
            usual: images at once that the study says.
        """
        words = f"{subject}: {batch} images at once, as memory was too short for {usual}; results do not depend on it"
        known = self.facts().get(MEMORY, "").split("; also ")
        self.remember(MEMORY, "; also ".join(dict.fromkeys(text for text in (*known, words) if text)))

    def add_designs(self, points: tuple[Point, ...]) -> None:
        """Keep the designs of a study."""
        added = [
            (
                point.key,
                point.accuracy_key,
                point.reference_key,
                point.design.name,
                json.dumps(point.settings, sort_keys=True),
                point.design.model_dump_json(),
            )
            for point in points
        ]
        with explained(self.path), self._transaction():
            self.connection.executemany(
                "INSERT INTO designs (key, accuracy_key, reference_key, name, settings, design) "
                "VALUES (?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (key) DO UPDATE SET accuracy_key = excluded.accuracy_key, name = excluded.name, "
                "reference_key = excluded.reference_key, settings = excluded.settings",
                added,
            )
            keyed = [(point.key, own_code()) for point in points]
            self.connection.executemany("INSERT OR REPLACE INTO keyed VALUES (?, ?)", keyed)
        self._add_code(points)
        self._add_device_notes(points)

    def mark(self, points: tuple[Point, ...], form: str) -> None:
        """Keep that designs are of the axes of a study that has a form now.

        Args:
            points: designs that are kept.
            form: as `forms.form_of` gives it.
        """
        self.remember(FORM, form)
        with explained(self.path), self._transaction():
            marked = [(point.key, form) for point in points]
            self.connection.executemany("INSERT OR REPLACE INTO forms VALUES (?, ?)", marked)

    def _add_device_notes(self, points: tuple[Point, ...]) -> None:
        """Keep what devices say of their use; designs without layer rules that share their cells say the same."""
        designs = {(id(point.design.cell), id(point.design.layers)): point.design for point in points}
        found = [note for design in designs.values() if design.is_loaded for note in device_notes(design)]
        if found:
            known = json.loads(self.facts().get(DEVICES, "[]"))
            self.remember(DEVICES, json.dumps(list(dict.fromkeys([*known, *found]))))

    def _add_code(self, points: tuple[Point, ...]) -> None:
        """Keep which code the keys of designs stand for."""
        code = {path: [str(part), *part.unseen] for point in points for path, part in point.code.items()}
        if code:
            self.remember(CODE, json.dumps({**json.loads(self.facts().get(CODE, "{}")), **code}))

    def add(self, *outcomes: Outcome) -> None:
        """Keep what came of some tasks, in one step.

        Raises:
            StudyError: the disk is full, or the file cannot be written.
        """
        with explained(self.path), self._transaction():
            for outcome in outcomes:
                if outcome.error:
                    self._add_failure(outcome.task, outcome.error)
                else:
                    self._add_results(outcome)
                self.connection.executemany("INSERT OR REPLACE INTO records VALUES (?, ?)", outcome.records)

    def _add_results(self, outcome: Outcome) -> None:
        task, execute = outcome.task, self.connection.execute
        for key, cost in outcome.costs:
            totals, parts = halves(cost)
            execute("UPDATE designs SET cost = ? WHERE key = ?", (json.dumps(totals), key))
            execute("INSERT OR REPLACE INTO cost_parts VALUES (?, ?)", (key, json.dumps(parts)))
            execute("INSERT OR REPLACE INTO cost_versions VALUES (?, ?)", (key, COSTS_VERSION))
            if task.compared:
                execute("INSERT OR REPLACE INTO cost_images VALUES (?, ?)", (key, task.compared))
        if outcome.layers:
            sums = json.dumps(outcome.layers)
            execute("INSERT OR REPLACE INTO layers VALUES (?, ?, ?)", (task.key, task.chip, sums))
        if task.kind in ("cost", "layers"):
            return
        place = (task.kind, task.key, task.chip, task.start, task.stop)
        took = (outcome.seconds, outcome.setup, outcome.worker, self.session, _now())
        execute(
            "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*place, outcome.correct, sealed(outcome.values, *place, outcome.correct), *took),
        )

    def _add_failure(self, task: Task, message: str) -> None:
        self.connection.execute(
            "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?, ?)",
            (task.kind, task.prepare_key, task.chip, task.start, message, _now()),
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self.connection.in_transaction:  # SQLite rolls back by itself where the disk is full
                self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")


@checked(StudyError)
def forget_failures(path: str | Path) -> None:
    """Let the designs that failed be tried again by the next run on a store, which otherwise leaves them out.

    Args:
        path: the SQLite file; nothing happens where there is none.

    Raises:
        StudyError: the store is in use, or cannot be used.

    Examples:
        >>> forget_failures(Path("not-begun.sqlite"))
    """
    path = Path(path)
    if path.exists():
        with locked(path), for_writing(path) as connection:
            if check_version(path, connection):
                connection.execute("DELETE FROM failures")


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
