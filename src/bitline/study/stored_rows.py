"""What the tables of a store say, as values."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Mapping
from itertools import count, takewhile
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bitline.design.changes import COSTS_VERSION
from bitline.evaluation.layer_errors import LayerSums
from bitline.measures import ACCURACY, Measure
from bitline.study import rows
from bitline.study.environment import differences
from bitline.study.rows import StoredDesign
from bitline.study.stored_costs import Totals
from bitline.study.task import Kind, Shard
from bitline.study.values import SEAL

Read = TypeVar("Read")

END = f"substr(each_image, -{SEAL})"
"""Of the bytes in a row: its checksum."""


IS_OBJECT = "(CASE WHEN json_valid(design) THEN json_type(design) = 'object' END)"
"""Of the settings of a design: whether SQLite reads them as JSON, which knows no infinity."""


class StoredRows:
    """Reads the tables of a store; every row is checked.

    Args:
        path: the SQLite file.
        connection: an open connection to it.

    Examples:
        >>> from bitline.study.schema import TABLES
        >>> connection = sqlite3.connect(":memory:")
        >>> _ = connection.executescript(TABLES)
        >>> StoredRows(Path("study.sqlite"), connection).shards()
        []
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self.connection = connection

    def facts(self) -> dict[str, str]:
        """What the results depend on besides the designs, and the study that was run last."""
        return dict(self._checked("facts", ("name", "value"), rows.fact))

    def shards(self, keys: Collection[str] | None = None, measure: Measure = ACCURACY) -> list[Shard]:
        """Samples that are measured.

        Args:
            keys: of designs and references that are wanted; all where it is None.
            measure: what was measured; accuracy needs no values of single samples.

        Raises:
            StudyError: a row is damaged.
        """
        which = "" if keys is None else f"WHERE key IN ({', '.join('?' * len(keys))}) "
        which += "ORDER BY kind, key, chip, start"
        columns = (END, "kind", "key", "chip", "start", "stop", "correct", "seconds", "setup")
        if measure == ACCURACY:
            return self._checked("results", columns, rows.sealed_shard, which, tuple(keys or ()))
        return self._checked("results", (*columns, "each_image"), rows.shard_of_values, which, tuple(keys or ()))

    def layers(self, key: str) -> dict[int, list[LayerSums]]:
        """Sums of the layer errors of a design by chip, of the chips on which they were measured.

        Args:
            key: the `accuracy_key` of the design.

        Raises:
            StudyError: a row is damaged.
        """
        return dict(self._checked("layers", ("chip", "sums"), rows.layers, "WHERE key = ? ORDER BY chip", (key,)))

    def compared(self, keys: Collection[str] | None = None) -> dict[tuple[str, int], int]:
        """On how many images the layers were compared, by `accuracy_key` of the design and chip.

        Args:
            keys: of the designs that are wanted; all where it is None.

        Raises:
            StudyError: a row is damaged.
        """
        which = "" if keys is None else f"WHERE key IN ({', '.join('?' * len(keys))})"
        columns = ("key", "chip", f"substr(sums, -{rows.END_OF_SUMS})")
        return dict(self._checked("layers", columns, rows.compared, which, tuple(keys or ())))

    def costed(self) -> dict[str, int]:
        """The designs whose cost is known, by key, with the number of images that it depends on, if any.

        Costs of another version than `COSTS_VERSION` are not known. Of a cost that an earlier bitline kept, the number
        of images is not known and 0.
        """
        images = self._by_key("cost_images", "images")
        versions = self._by_key("cost_versions", "version")
        return {key: images.get(key, 0) for key, version in versions.items() if version == COSTS_VERSION}

    def values(self, kind: Kind, key: str, images: int) -> list[NDArray[np.float32]]:
        """Whether each image was classified right, as `sample_values` gives it, (images,) for each chip."""
        return [chip[:, 0].astype(np.float32) for chip in self.sample_values(kind, key, images)]

    def sample_values(self, kind: Kind, key: str, images: int) -> list[NDArray[np.float64]]:
        """What is kept of each image, on each of the first chips, for as many images as these share.

        Args:
            kind: what was measured.
            key: what it is kept under.
            images: number of images, at most.

        Returns:
            One array for each chip, (images, columns). Where some chips classified more images than others: as many
            chips, or as many images, as give more answers in all.

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
        chips: dict[int, NDArray[np.float64]] = {}
        measured: dict[int, NDArray[np.bool_]] = {}
        for chip, start, values in found:
            chips.setdefault(chip, np.zeros((images, values.shape[1])))[start : start + len(values)] = values
            measured.setdefault(chip, np.zeros(images, bool))[start : start + len(values)] = True
        reached: list[int] = []
        for chip in takewhile(lambda chip: chip in chips, count()):
            missing = np.flatnonzero(~measured[chip])
            reached.append(min(int(missing[0]) if len(missing) else images, *reached[-1:], images))
        shared = max(reached, key=lambda reach: reach * sum(other >= reach for other in reached), default=0)
        return [chips[chip][:shared] for chip, reach in enumerate(reached) if reach >= shared > 0]

    def totals(self, keys: Collection[str] | None = None) -> dict[str, Totals]:
        """The numbers of costs that result tables have, with notes on them, by key of the design.

        Args:
            keys: of the designs that are wanted; all where it is None.
        """
        which = "" if keys is None else f" AND key IN ({', '.join('?' * len(keys))})"
        which = f"WHERE cost IS NOT NULL{which}"
        return dict(self._checked("designs", ("key", "cost"), rows.totals, which, tuple(keys or ())))

    def cost(self, key: str) -> dict[str, Any]:
        """The whole cost of a design, as `NetworkCost.to_dict` gives it; empty where it is not known."""
        is_apart = self._has_table("cost_parts")  # earlier versions kept totals and parts in one text
        parts = "(SELECT parts FROM cost_parts WHERE cost_parts.key = designs.key)" if is_apart else "NULL"
        which = "WHERE key = ? AND cost IS NOT NULL"
        return next(iter(self._checked("designs", ("cost", parts), rows.cost, which, (key,))), {})

    def _has_table(self, name: str) -> bool:
        """Whether there is a table that stores of earlier versions lack, as long as nobody writes to them."""
        return bool(self.connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchall())

    def designs(self) -> list[StoredDesign]:
        """All designs, without all their settings and costs."""
        return self._checked("designs", StoredDesign._fields, rows.design, "ORDER BY rowid")

    def forms(self) -> dict[str, str]:
        """For the key of each design of the axes of a study, the form that the study had when it was run last."""
        return self._by_key("forms", "form")

    def keyed(self) -> dict[str, str]:
        """For the key of each design, the code of bitline that gave it its keys last, as `outdated.own_code` has it."""
        return self._by_key("keyed", "code")

    def _by_key(self, table: str, column: str) -> dict[str, Any]:
        """What a table has of each design, by its key; nothing where an earlier bitline made the store."""
        found = self.connection.execute(f"SELECT key, {column} FROM {table}") if self._has_table(table) else ()
        return dict(found)

    def design(self, key: str) -> dict[str, Any]:
        """All settings of a design, as `Design.model_dump` gives them; empty where there is no such design."""
        found = self._checked("designs", ("design",), rows.all_settings, "WHERE key = ?", (key,))
        return next(iter(found), {})

    def settings_at(self, names: Collection[str]) -> dict[str, Mapping[str, Any]]:
        """What designs have at some dotted names, by key of the design; all designs are checked.

        Args:
            names: dotted names of settings.

        Returns:
            Of each design, as far as SQLite can read its settings, a value for each name, or None where it has none.

        Raises:
            StudyError: the settings of a design are damaged.
        """
        paths = [f"$.{'.'.join(map(json.dumps, name.split('.')))}" for name in names]
        several = paths * 2 if len(paths) == 1 else paths  # of a single path SQLite would round the number
        found = f"json_extract(design, {', '.join('?' * len(several))})"
        chosen = f"CASE WHEN {IS_OBJECT} THEN {found} END" if paths else "NULL"
        columns = ("key", f"CASE WHEN {IS_OBJECT} THEN NULL ELSE design END", chosen)
        which = "" if paths else f"WHERE {IS_OBJECT} IS NOT TRUE"
        texts = self._checked("designs", columns, rows.some_settings, which, tuple(several))
        different = {text for _, text in texts if text is not None}
        known = {text: dict(zip(names, json.loads(text), strict=False)) for text in different}
        return {key: known[text] for key, text in texts if text is not None}

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
        return rows.read_rows(self.path, table, found, read)
