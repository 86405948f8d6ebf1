"""Which designs of a store this bitline would keep results of under other keys, or not measure at all."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bitline
from bitline.config.trust import is_import_path
from bitline.cost.library import libraries
from bitline.design import Design, views
from bitline.design.changes import changes_of, marks
from bitline.errors import DesignError
from bitline.numerics.summary import counted
from bitline.study.point import Point
from bitline.study.rows import StoredDesign

if TYPE_CHECKING:
    from bitline.study.store import Store


@cache
def own_code() -> str:
    """A digest of bitline itself: the same code gives the same keys.

    Examples:
        >>> len(own_code())
        16
    """
    digest = hashlib.blake2b(digest_size=8)
    for file in sorted(Path(bitline.__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def outdated(store: Store, designs: Iterable[StoredDesign]) -> dict[str, tuple[str, ...]]:
    """Designs whose results this bitline does not take for those of the design.

    Designs that the same code gave their keys are not looked at.

    Args:
        store: that has them.
        designs: of the store.

    Returns:
        For the key of each such design, what changed in numbers since, as far as there is a line on it.

    Raises:
        StudyError: the settings of a design are damaged.
    """
    known, now = store.keyed(), own_code()
    found = {row.key: _change(row, store.design(row.key)) for row in designs if known.get(row.key) != now}
    return {key: change for key, change in found.items() if change is not None}


def note_on_outdated(count: int, what: Collection[str]) -> str:
    """What is said of designs of which bitline gives other numbers by now.

    Args:
        count: of the designs.
        what: what changed, as far as that is known.

    Examples:
        >>> print(note_on_outdated(2, ["drift between measured times, 29 November 2026"]))
        results of 2 designs are left out, as an earlier bitline measured them (changed since: drift between ...
    """
    why = f" (changed since: {'; '.join(dict.fromkeys(what))})" if what else ""
    return (
        f"results of {counted(count, 'design')} are left out, as an earlier bitline measured "
        f"{'it' if count == 1 else 'them'}{why}: run the study again to measure anew what it still has of them"
    )


def _change(row: StoredDesign, settings: dict[str, Any]) -> tuple[str, ...] | None:
    """What changed since a design was measured, or None where nothing did, or nobody can tell here."""
    is_whole = not _rests_on_files(settings)
    try:
        design = Design.from_dict(settings)
    except (DesignError, TypeError):  # a file that it names may be elsewhere
        return () if is_whole else None
    since = [change for change in changes_of(views.answers(design)) if change.name not in marks(row.accuracy_key)]
    if since or not is_whole:
        return tuple(change.what for change in since) if since else None
    point = Point.of({}, design)
    same = (point.key, point.accuracy_key, point.reference_key) == (row.key, row.accuracy_key, row.reference_key)
    return None if same else ()


def _rests_on_files(settings: Mapping[str, Any]) -> bool:
    """Whether keys depend on what is beside the settings: code of the user's, tables of measurements, a library."""
    library = settings.get("hardware", {}).get("library")
    return library not in libraries() or _names_a_file(views.unnamed(settings))


def _names_a_file(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(str(name).split(".")[-1] == "file" or _names_a_file(part) for name, part in value.items())
    if isinstance(value, (list, tuple)):
        return any(map(_names_a_file, value))
    return isinstance(value, str) and is_import_path(value)
