"""The settings and costs of designs, read from a store when somebody asks for them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bitline.study.store import Store
from bitline.study.stored_costs import TOTALS
from bitline.study.words import is_number

NOTHING: Mapping[str, Any] = {}


class StoredJson(Mapping[str, Any]):
    """A mapping that lies in a store, of which some values are at hand; equal to the same as a dictionary.

    Many designs have kilobytes each of settings and costs, and few readers look at them, of few designs.

    Args:
        path: of the store.
        key: of the design.
        at_hand: some of its values, which many readers look at.
    """

    __slots__ = ("at_hand", "key", "path")

    def __init__(self, path: Path, key: str, at_hand: Mapping[str, Any]) -> None:
        self.path, self.key, self.at_hand = path, key, at_hand

    @abstractmethod
    def whole(self) -> dict[str, Any]:
        """All values.

        Raises:
            StudyError: the store is gone, or damaged here.
        """

    def _rest(self, name: object) -> dict[str, Any]:
        """Where to look for what is not at hand."""
        return self._read()

    def _read(self) -> dict[str, Any]:
        """All values; who asks for one of them asks for the next one of the same design."""
        global _last
        of, values = _last
        if of is not self:
            values = self.whole()
            _last = self, values
        return values

    def __getitem__(self, name: str) -> Any:
        return self.at_hand[name] if name in self.at_hand else self._rest(name)[name]

    def __contains__(self, name: object) -> bool:
        return name in self.at_hand or name in self._rest(name)

    def get(self, name: str, default: Any = None) -> Any:
        """A value, or another one where there is none of this name."""
        found = self.at_hand.get(name, NOTHING)
        return self._rest(name).get(name, default) if found is NOTHING else found

    def __bool__(self) -> bool:
        return bool(self.at_hand) or bool(self._read())

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Mapping) and self.whole() == dict(other))

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return repr(self.whole())


_last: tuple[StoredJson | None, dict[str, Any]] = (None, {})
"""What was read last."""


class StoredCost(StoredJson):
    """The cost of a design; numbers of result tables and notes are at hand.

    Examples:
        >>> with Store.writing(Path("costly.sqlite"), {}) as store:
        ...     _ = store.connection.execute(
        ...         '''INSERT INTO designs VALUES ('k', 'a', 'r', '', '{}', '{}', '{"energy_uJ": 1.5, "layers": []}')'''
        ...     )
        >>> cost = StoredCost(Path("costly.sqlite"), "k", {"energy_uJ": 1.5})
        >>> cost["energy_uJ"], cost["layers"], cost == {"energy_uJ": 1.5, "layers": []}
        (1.5, [], True)
    """

    __slots__ = ()

    def get(self, name: str, default: Any = None) -> Any:
        return self.at_hand.get(name, default) if name in TOTALS else super().get(name, default)

    def whole(self) -> dict[str, Any]:
        with Store.at_a_glance(self.path) as store:
            return store.cost(self.key)

    def _rest(self, name: object) -> dict[str, Any]:
        return {} if name in TOTALS else self._read()


class StoredSettings(StoredJson):
    """All settings of a design.

    Args:
        path: of the store.
        key: of the design.
        known: what the design has where the study has words, by dotted name.

    Examples:
        >>> with Store.writing(Path("set.sqlite"), {}) as store:
        ...     _ = store.connection.execute(
        ...         '''INSERT INTO designs VALUES ('k', 'a', 'r', '', '{}', '{"cell": {"time": 86400.0}}', NULL)'''
        ...     )
        >>> settings = StoredSettings(Path("set.sqlite"), "k", {})
        >>> settings["cell"], settings.number("cell.time"), StoredSettings(Path(), "", {"a.b": 1.5}).number("a.b")
        ({'time': 86400.0}, 86400.0, 1.5)
    """

    __slots__ = ("known",)

    def __init__(self, path: Path, key: str, known: Mapping[str, Any]) -> None:
        super().__init__(path, key, NOTHING)
        self.known = known

    def whole(self) -> dict[str, Any]:
        with Store.at_a_glance(self.path) as store:
            return store.design(self.key)

    def number(self, name: str) -> Any:
        """The number of a setting, by its dotted name; None where it is none."""
        if name not in self.known:
            return number_at(self._read(), name)
        value = self.known[name]
        return value if is_number(value) else None


def number_at(settings: Mapping[str, Any], name: str) -> Any:
    """The number that settings have at a dotted name, or None where there is none.

    Examples:
        >>> number_at({"cell": {"time": 86400.0}}, "cell.time"), number_at({"cell": {"clip": "zero"}}, "cell.clip")
        (86400.0, None)
    """
    if isinstance(settings, StoredSettings):
        return settings.number(name)
    found: Any = settings
    for step in name.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found if is_number(found) else None


def plain(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A mapping as a dictionary, for JSON; None stays None.

    Examples:
        >>> plain({"bits": 8}), plain(None)
        ({'bits': 8}, None)
    """
    return None if values is None else dict(values)
