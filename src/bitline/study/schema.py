"""The tables of a store, and which stores can be used."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from bitline.errors import StudyError

RESULTS_VERSION = 4
"""Raised whenever every design would give other numbers than before with the same seed and inputs, or more of them;
what changes some designs has a line in `design.changes`."""

MEASURE = "measure"
"""Name of the fact that says what was measured; accuracy where there is none."""

TABLES = f"""
BEGIN;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (
    id INTEGER PRIMARY KEY, began TEXT NOT NULL, versions TEXT NOT NULL, hardware TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS designs (
    key TEXT PRIMARY KEY, accuracy_key TEXT NOT NULL, reference_key TEXT NOT NULL, name TEXT NOT NULL,
    settings TEXT NOT NULL, design TEXT NOT NULL, cost TEXT
);
CREATE TABLE IF NOT EXISTS cost_parts (key TEXT PRIMARY KEY, parts TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS cost_images (key TEXT PRIMARY KEY, images INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS cost_versions (key TEXT PRIMARY KEY, version INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS keyed (key TEXT PRIMARY KEY, code TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS forms (key TEXT PRIMARY KEY, form TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS results (
    kind TEXT NOT NULL, key TEXT NOT NULL, chip INTEGER NOT NULL, start INTEGER NOT NULL, stop INTEGER NOT NULL,
    correct INTEGER NOT NULL, each_image BLOB NOT NULL, seconds REAL NOT NULL, setup REAL NOT NULL,
    worker TEXT NOT NULL, session INTEGER NOT NULL, finished TEXT NOT NULL, PRIMARY KEY (kind, key, chip, start, stop)
);
CREATE TABLE IF NOT EXISTS layers (
    key TEXT NOT NULL, chip INTEGER NOT NULL, sums TEXT NOT NULL, PRIMARY KEY (key, chip)
);
CREATE TABLE IF NOT EXISTS records (name TEXT PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS failures (
    kind TEXT NOT NULL, key TEXT NOT NULL, chip INTEGER NOT NULL, start INTEGER NOT NULL, message TEXT NOT NULL,
    finished TEXT NOT NULL, PRIMARY KEY (kind, key, chip, start)
);
INSERT OR IGNORE INTO facts VALUES ('results version', '{RESULTS_VERSION}');
COMMIT;
"""
"""What makes the tables of a store, in one step: a killed process leaves all of them or none."""


def check_version(path: Path, connection: sqlite3.Connection) -> bool:
    """Refuse what is no store, and a store whose results this bitline would compute differently.

    Args:
        path: the file, for messages.
        connection: an open connection to it.

    Returns:
        Whether the file has the tables of a store; a new file is empty.

    Raises:
        StudyError: it is another database, or a store of another version of bitline.

    Examples:
        >>> connection = sqlite3.connect(":memory:")
        >>> check_version(Path("new.sqlite"), connection)
        False
        >>> _ = connection.executescript(TABLES)
        >>> check_version(Path("new.sqlite"), connection)
        True
    """
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return False
    if not {"facts", "sessions", "results"} <= tables:
        raise StudyError(f"{path} is not a store of results, but another SQLite database: give another --out")
    facts = dict(connection.execute("SELECT name, value FROM facts"))
    version = facts.get("results version", "unknown")
    if version != str(RESULTS_VERSION):
        writer = _writer(connection)
        raise StudyError(
            f"the store {path} holds results of version {version}, written by {writer}, and this bitline computes "
            f"version {RESULTS_VERSION}: to run the study again, give another --out or delete the store; to read it, "
            f"use {writer}"
        )
    return True


def _writer(connection: sqlite3.Connection) -> str:
    """The bitline that wrote to a store last."""
    row = connection.execute("SELECT versions FROM sessions ORDER BY id DESC LIMIT 1").fetchone()
    try:
        return f"bitline {json.loads(row[0])['bitline']}"
    except (ValueError, TypeError, KeyError, RecursionError):
        return "another bitline"


def check_facts(path: Path, connection: sqlite3.Connection, facts: dict[str, str]) -> None:
    """Keep what the results of a store depend on, and refuse a run under which they would be others.

    Results that do not say what they depend on are refused too.

    Args:
        path: the file, for messages.
        connection: an open connection to it.
        facts: what results depend on besides the designs, by name.

    Raises:
        StudyError: the store has results of other facts.

    Examples:
        >>> connection = sqlite3.connect(":memory:")
        >>> _ = connection.executescript(TABLES)
        >>> check_facts(Path("study.sqlite"), connection, {"seed": "0"})
        >>> check_facts(Path("study.sqlite"), connection, {"seed": "1"})
        Traceback (most recent call last):
        bitline.errors.StudyError: the store study.sqlite holds results of another seed (0, now 1): ...
    """
    facts = {**facts, "results version": str(RESULTS_VERSION)}
    known = dict(connection.execute("SELECT name, value FROM facts"))
    remedy = "give another --out, or delete the store to start afresh"
    begun = connection.execute("SELECT EXISTS (SELECT 1 FROM results) OR EXISTS (SELECT 1 FROM designs)").fetchone()[0]
    before, now = (said.get(MEASURE, "accuracy") for said in (known, facts))
    if begun and before != now:
        raise StudyError(f"the store {path} holds results of another {MEASURE} ({before}, now {now}): {remedy}")
    for name, value in facts.items():
        if begun and name not in known:
            raise StudyError(f"the store {path} does not say of which {name} its results are (now {value}): {remedy}")
        if known.get(name, value) != value:
            raise StudyError(f"the store {path} holds results of another {name} ({known[name]}, now {value}): {remedy}")
    connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts.items())
