"""Results of a study in an SQLite file: what is finished is never lost and never computed again."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

import bitline
from bitline.errors import StudyError
from bitline.study.lock import locked
from bitline.study.point import Point
from bitline.study.schema import TABLES, check_facts, check_version
from bitline.study.task import Outcome, Shard

NOTES = "notes on the data"
"""Name of the fact that says how the data was read, and what was left out."""


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
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path), _explained(path):
            connection = sqlite3.connect(path, isolation_level=None)
            try:
                check_version(path, connection)
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
                connection.executescript(TABLES)
                check_facts(path, connection, facts)
                session = connection.execute(
                    "INSERT INTO sessions (began, versions, hardware) VALUES (?, ?, ?)",
                    (_now(), json.dumps(_versions()), json.dumps(_hardware())),
                ).lastrowid
                yield cls(path, connection, session or 0)
            finally:
                connection.close()

    @classmethod
    @contextmanager
    def reading(cls, path: Path) -> Iterator[Store]:
        """Open a store to read, also while another process writes.

        Raises:
            StudyError: there is no such store, or its results are of another version of bitline.
        """
        if not path.exists():
            raise StudyError(f"there is no store of results {path}: run the study first, with 'bitline sweep'")
        with _explained(path):
            connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
            try:
                if not check_version(path, connection):
                    raise StudyError(f"the store {path} is empty: run the study first, with 'bitline sweep'")
                yield cls(path, connection, 0)
            finally:
                connection.close()

    def facts(self) -> dict[str, str]:
        """What the results depend on besides the designs, and the study that was run last."""
        return dict(self.connection.execute("SELECT name, value FROM facts"))

    def remember(self, name: str, value: str) -> None:
        """Keep a text that no result depends on, such as the study file."""
        self.connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def add_designs(self, points: tuple[Point, ...]) -> None:
        """Keep the designs of a study."""
        rows = [
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
        with _explained(self.path), self._transaction():
            self.connection.executemany(
                "INSERT INTO designs (key, accuracy_key, reference_key, name, settings, design) "
                "VALUES (?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (key) DO UPDATE SET settings = excluded.settings, name = excluded.name",
                rows,
            )

    def add(self, outcome: Outcome) -> None:
        """Keep what came of a task, in one step.

        Raises:
            StudyError: the disk is full, or the file cannot be written.
        """
        task = outcome.task
        place = (task.kind, task.key, task.chip, task.start)
        with _explained(self.path), self._transaction():
            if outcome.error:
                self.connection.execute(
                    "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?, ?)", (*place, outcome.error, _now())
                )
                return
            self.connection.execute("DELETE FROM failures WHERE kind = ? AND key = ? AND chip = ? AND start = ?", place)
            for key, cost in outcome.costs:
                self.connection.execute("UPDATE designs SET cost = ? WHERE key = ?", (json.dumps(cost), key))
            if task.kind != "cost":
                self.connection.execute(
                    "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        *place,
                        task.stop,
                        outcome.correct,
                        json.dumps(outcome.layers) if outcome.layers else None,
                        outcome.seconds,
                        outcome.worker,
                        self.session,
                        _now(),
                    ),
                )

    def shards(self) -> list[Shard]:
        """All images that are classified."""
        rows = self.connection.execute(
            "SELECT kind, key, chip, start, stop, correct, layers, seconds FROM results ORDER BY kind, key, chip, start"
        )
        return [
            Shard(kind, key, chip, start, stop, correct, json.loads(layers) if layers else [], seconds)
            for kind, key, chip, start, stop, correct, layers, seconds in rows
        ]

    def costs(self) -> dict[str, dict[str, Any]]:
        """Costs by key of the design, as `NetworkCost.to_dict` gives them."""
        rows = self.connection.execute("SELECT key, cost FROM designs WHERE cost IS NOT NULL")
        return {key: json.loads(cost) for key, cost in rows}

    def designs(self) -> list[dict[str, Any]]:
        """All designs: `key`, `accuracy_key`, `reference_key`, `name`, `settings`, `design`."""
        names = ("key", "accuracy_key", "reference_key", "name", "settings", "design")
        rows = self.connection.execute(f"SELECT {', '.join(names)} FROM designs ORDER BY rowid")
        designs = [dict(zip(names, row, strict=True)) for row in rows]
        return [
            {**design, "settings": json.loads(design["settings"]), "design": json.loads(design["design"])}
            for design in designs
        ]

    def failures(self) -> list[dict[str, Any]]:
        """What went wrong, oldest first: `kind`, `key`, `chip`, `start`, `message`."""
        names = ("kind", "key", "chip", "start", "message")
        rows = self.connection.execute(f"SELECT {', '.join(names)} FROM failures ORDER BY finished")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def sessions(self) -> list[dict[str, Any]]:
        """Runs that could add results: `began`, `versions`, `hardware`."""
        rows = self.connection.execute("SELECT began, versions, hardware FROM sessions ORDER BY id")
        return [{"began": row[0], "versions": json.loads(row[1]), "hardware": json.loads(row[2])} for row in rows]

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


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if "full" in str(error):
            raise StudyError(
                f"the disk is full and the store {path} cannot grow: make room and run the study again; what is "
                "finished is kept"
            ) from None
        raise StudyError(f"cannot use the store {path}: {error}") from None
    except sqlite3.DatabaseError as error:
        raise StudyError(f"{path} is not a store of results: {error}; give another --out") from None


def _versions() -> dict[str, str]:
    return {"bitline": bitline.__version__, "torch": torch.__version__, "python": platform.python_version()}


def _hardware() -> dict[str, Any]:
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {"machine": platform.machine(), "node": platform.node(), "cores": os.cpu_count(), "gpu": gpu}


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
