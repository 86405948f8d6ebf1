"""Results of a study in an SQLite file: what is finished is never lost and never computed again."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

import bitline
from bitline.errors import StudyError
from bitline.study.study import Point
from bitline.study.worker import Outcome

RESULTS_VERSION = 2
"""Raised whenever the same design, seed and inputs would give other numbers than before."""

NOTES = "notes on the data"
"""Name of the fact that says how the data was read, and what was left out."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (
    id INTEGER PRIMARY KEY, began TEXT NOT NULL, versions TEXT NOT NULL, hardware TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS designs (
    key TEXT PRIMARY KEY, accuracy_key TEXT NOT NULL, reference_key TEXT NOT NULL, name TEXT NOT NULL,
    settings TEXT NOT NULL, design TEXT NOT NULL, cost TEXT
);
CREATE TABLE IF NOT EXISTS results (
    kind TEXT NOT NULL, key TEXT NOT NULL, chip INTEGER NOT NULL, start INTEGER NOT NULL, stop INTEGER NOT NULL,
    correct INTEGER NOT NULL, layers TEXT, seconds REAL NOT NULL, worker TEXT NOT NULL, session INTEGER NOT NULL,
    finished TEXT NOT NULL, PRIMARY KEY (kind, key, chip, start, stop)
);
CREATE TABLE IF NOT EXISTS failures (
    kind TEXT NOT NULL, key TEXT NOT NULL, chip INTEGER NOT NULL, start INTEGER NOT NULL, message TEXT NOT NULL,
    finished TEXT NOT NULL, PRIMARY KEY (kind, key, chip, start)
);
"""


@dataclass(frozen=True)
class Shard:
    """A finished piece of work: images of one chip (or of the float or reference network)."""

    kind: str
    key: str
    chip: int
    start: int
    stop: int
    correct: int
    layers: list[dict[str, Any]]
    seconds: float


class Store:
    """The results of one network and data set under one seed. One process writes; any number may read.

    Args:
        path: the SQLite file.
        connection: to it.
        session: number of this run.
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
            facts: what the results depend on besides the designs, by name.

        Raises:
            StudyError: another process writes to it, it holds results of other facts, or it is no store.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path), _explained(path):
            connection = sqlite3.connect(path, isolation_level=None)
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
                connection.executescript(SCHEMA)
                _check_facts(path, connection, facts)
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
            StudyError: there is no such store.
        """
        if not path.exists():
            raise StudyError(f"there is no store of results {path}: run the study first, with 'bitline sweep'")
        with _explained(path):
            connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
            try:
                connection.execute("SELECT count(*) FROM results")
                yield cls(path, connection, 0)
            finally:
                connection.close()

    def facts(self) -> dict[str, str]:
        """What the results depend on besides the designs, and the study that was run last."""
        return dict(self.connection.execute("SELECT name, value FROM facts"))

    def remember(self, name: str, value: str) -> None:
        """Keep a text that nothing depends on, such as the study file."""
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
        """Everything finished."""
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
            {**one, "settings": json.loads(one["settings"]), "design": json.loads(one["design"])} for one in designs
        ]

    def failures(self) -> list[dict[str, Any]]:
        """What went wrong: `kind`, `key`, `chip`, `start`, `message`."""
        names = ("kind", "key", "chip", "start", "message")
        rows = self.connection.execute(f"SELECT {', '.join(names)} FROM failures ORDER BY finished")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def sessions(self) -> list[dict[str, Any]]:
        """Runs that added results: `began`, `versions`, `hardware`."""
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


def _check_facts(path: Path, connection: sqlite3.Connection, facts: dict[str, str]) -> None:
    facts = {**facts, "results version": str(RESULTS_VERSION)}
    known = dict(connection.execute("SELECT name, value FROM facts"))
    for name, value in facts.items():
        if known.get(name, value) != value:
            raise StudyError(
                f"the store {path} holds results of another {name} ({known[name]}, now {value}): give another "
                "--out, or delete the store to start afresh"
            )
    connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts.items())


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of a store, which the system gives back when a process ends, however it ends."""
    lock = path.with_name(path.name + ".lock")
    with lock.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            owner = file.read().strip() or "another process"
            raise StudyError(
                f"the store {path} is in use by {owner}: wait until it is done, or give another --out"
            ) from None
        file.truncate(0)
        file.write(f"process {os.getpid()} on {platform.node()}")
        file.flush()
        yield
        file.truncate(0)


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
