"""Results of a study in an SQLite file: what is finished is never lost and never computed again."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count, takewhile
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bitline.errors import StudyError
from bitline.study import rows
from bitline.study.connection import explained, for_reading, for_writing
from bitline.study.environment import differences, hardware, versions
from bitline.study.lock import locked
from bitline.study.point import Point
from bitline.study.schema import TABLES, check_facts, check_version
from bitline.study.task import Kind, Outcome, Shard, Task

NOTES = "notes on the data"
"""Name of the fact that says how the data was read, and what was left out."""

CODE = "code of designs"
"""Name of the fact that says which code the keys of designs stand for: text and unseen modules by import path."""

Read = TypeVar("Read")


class Store:
    """The results of one network and data set under one seed. One process writes; any number may read.

    Args:
        path: the SQLite file.
        connection: an open connection to it.
        session: number of this run; 0 where the store is only read.

    Examples:
        >>> from bitline.study.task import Task
        >>> with Store.writing(Path("store.sqlite"), {"seed": "0"}) as store:
        ...     store.add(Outcome(Task("float", "", "", None, chip=0, start=0, stop=40), correct=36))
        >>> with Store.reading(Path("store.sqlite")) as store:
        ...     [shard.accuracy for shard in store.shards()]
        [0.9]
        >>> with Store.writing(Path("store.sqlite"), {"seed": "1"}):
        ...     pass
        Traceback (most recent call last):
        bitline.errors.StudyError: the store store.sqlite holds results of another seed (0, now 1): ...
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, session: int) -> None:
        self.path = path
        self.connection = connection
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
        _make_folder(path)
        with locked(path), for_writing(path) as connection:
            check_version(path, connection)
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

    def facts(self) -> dict[str, str]:
        """What the results depend on besides the designs, and the study that was run last."""
        return dict(self._checked("facts", ("name", "value"), rows.fact))

    def remember(self, name: str, value: str) -> None:
        """Keep a text that no result depends on, such as the study file."""
        self.connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

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
                "ON CONFLICT (key) DO UPDATE SET settings = excluded.settings, name = excluded.name",
                added,
            )
        self._add_code(points)

    def _add_code(self, points: tuple[Point, ...]) -> None:
        """Keep which code the keys of designs stand for."""
        code = {path: [str(part), *part.unseen] for point in points for path, part in point.code.items()}
        if code:
            self.remember(CODE, json.dumps({**json.loads(self.facts().get(CODE, "{}")), **code}))

    def add(self, outcome: Outcome) -> None:
        """Keep what came of a task, in one step.

        Raises:
            StudyError: the disk is full, or the file cannot be written.
        """
        task = outcome.task
        if outcome.error:
            self._add_failure(task, outcome.error)
            return
        with explained(self.path), self._transaction():
            for key, cost in outcome.costs:
                self.connection.execute("UPDATE designs SET cost = ? WHERE key = ?", (json.dumps(cost), key))
            if task.kind != "cost":
                self.connection.execute(
                    "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        task.kind,
                        task.key,
                        task.chip,
                        task.start,
                        task.stop,
                        outcome.correct,
                        outcome.values,
                        json.dumps(outcome.layers) if outcome.layers else None,
                        outcome.seconds,
                        outcome.worker,
                        self.session,
                        _now(),
                    ),
                )

    def _add_failure(self, task: Task, message: str) -> None:
        with explained(self.path), self._transaction():
            self.connection.execute(
                "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?, ?)",
                (task.kind, task.prepare_key, task.chip, task.start, message, _now()),
            )

    def shards(self) -> list[Shard]:
        """All images that are classified.

        Raises:
            StudyError: a row is damaged.
        """
        columns = ("kind", "key", "chip", "start", "stop", "correct", "layers", "seconds")
        return self._checked("results", columns, rows.shard, "ORDER BY kind, key, chip, start")

    def values(self, kind: Kind, key: str, images: int) -> list[NDArray[np.float32]]:
        """Whether each image was classified right, (images,), on each of the first chips that classified all of them.

        Args:
            kind: what was measured.
            key: what it is kept under.
            images: number of images.

        Raises:
            StudyError: a row is damaged.
        """
        found = self._checked(
            "results",
            ("chip", "start", "stop", "each_image"),
            rows.each_image,
            "WHERE kind = ? AND key = ? AND stop <= ? ORDER BY chip, start",
            (kind, key, images),
        )
        chips: dict[int, NDArray[np.float32]] = {}
        for chip, start, values in found:
            chips.setdefault(chip, np.full(images, np.nan, np.float32))[start : start + len(values)] = values
        whole = takewhile(lambda chip: chip in chips and not np.isnan(chips[chip]).any(), count())
        return [chips[chip] for chip in whole]

    def costs(self) -> dict[str, dict[str, Any]]:
        """Costs by key of the design, as `NetworkCost.to_dict` gives them."""
        return dict(self._checked("designs", ("key", "cost"), rows.cost, "WHERE cost IS NOT NULL"))

    def designs(self) -> list[dict[str, Any]]:
        """All designs: `key`, `accuracy_key`, `reference_key`, `name`, `settings`, `design`."""
        columns = ("key", "accuracy_key", "reference_key", "name", "settings", "design")
        return self._checked("designs", columns, rows.design, "ORDER BY rowid")

    def failures(self) -> dict[str, str]:
        """What went wrong first with each design, by `Task.prepare_key`; '' stands for the float network."""
        found: dict[str, str] = {}
        for key, message in self._checked("failures", ("key", "message"), rows.failure, "ORDER BY finished, rowid"):
            found.setdefault(key, message)
        return found

    def sessions(self) -> list[dict[str, Any]]:
        """Runs that could add results: `began`, `versions`, `hardware`."""
        return self._checked("sessions", ("began", "versions", "hardware"), rows.session, "ORDER BY id")

    def differences(self) -> list[str]:
        """What the results were computed with that was not always the same, in words."""
        used = "WHERE id IN (SELECT DISTINCT session FROM results)"
        workers = self.connection.execute("SELECT DISTINCT worker FROM results")
        runs = self._checked("sessions", ("began", "versions", "hardware"), rows.session, used)
        return differences((str(name) for (name,) in workers), runs)

    def _checked(
        self,
        table: str,
        columns: tuple[str, ...],
        read: Callable[..., Read],
        which: str = "",
        values: tuple[object, ...] = (),
    ) -> list[Read]:
        found = self.connection.execute(f"SELECT rowid, {', '.join(columns)} FROM {table} {which}", values)
        return rows.checked(self.path, table, found, read)

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


def forget_failures(path: Path) -> None:
    """Let the designs that failed be tried again by the next run on a store, which otherwise leaves them out.

    Args:
        path: the SQLite file; nothing happens where there is none.

    Raises:
        StudyError: the store is in use, or cannot be used.

    Examples:
        >>> forget_failures(Path("not-begun.sqlite"))
    """
    if path.exists():
        with locked(path), for_writing(path) as connection:
            if check_version(path, connection):
                connection.execute("DELETE FROM failures")


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StudyError(f"cannot make the folder of {path}: {error.strerror}; give another --out") from None


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
