"""What the calibration images showed, kept in the store: made once for a study, used by all workers and later runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bitline.design import views
from bitline.nn import NetworkRecord
from bitline.nn.record_bytes import unpack_record
from bitline.numerics.out_of_memory import is_out_of_memory
from bitline.study.connection import for_reading


@dataclass(frozen=True)
class StoredRecords:
    """Where workers on the machine of the store find records.

    Attributes:
        path: of the store, which a worker of another machine may not have, or have another one of.
        facts: what results depend on besides designs, by name: of them and of the record's key its name is made.

    Examples:
        >>> from bitline.study.store import Store
        >>> with Store.writing(Path("records.sqlite"), {"seed": "0"}):
        ...     pass
        >>> StoredRecords(Path("records.sqlite"), (("seed", "0"),)).find("r1") is None
        True
    """

    path: Path
    facts: tuple[tuple[str, str], ...]

    def name(self, key: str) -> str:
        """What a record is kept under: of the same network, images and code only."""
        return views.key({"record": key, "facts": list(self.facts)})

    def find(self, key: str) -> NetworkRecord | None:
        """The record with a key, or None where the store has none that can be used.

        Args:
            key: as `point.record_key` gives it.
        """
        if not self.path.is_file():
            return None
        try:
            with for_reading(self.path) as connection:
                found = connection.execute("SELECT content FROM records WHERE name = ?", (self.name(key),)).fetchone()
                return None if found is None else unpack_record(found[0])
        except Exception as error:  # whatever damaged bytes make readers raise; the record is made again
            if is_out_of_memory(error):
                raise
            return None
