"""Values of a store that few readers look at: kept as the text that they are stored as."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any


class StoredJson(Mapping[str, Any]):
    """A mapping that reads its JSON text when somebody asks for what is not at hand; equal to the same as a dictionary.

    Args:
        text: a JSON object.
        at_hand: some of its values, which many readers look at.

    Examples:
        >>> cost = StoredJson('{"energy_uJ": 1.5, "notes": []}', {"energy_uJ": 1.5})
        >>> cost["energy_uJ"], len(cost), cost == {"energy_uJ": 1.5, "notes": []}
        (1.5, 2, True)
    """

    __slots__ = ("at_hand", "text")

    def __init__(self, text: str, at_hand: Mapping[str, Any]) -> None:
        self.text, self.at_hand = text, at_hand

    def whole(self) -> dict[str, Any]:
        """All values."""
        values: dict[str, Any] = json.loads(self.text)
        return values

    def __getitem__(self, name: str) -> Any:
        return self.at_hand[name] if name in self.at_hand else self.whole()[name]

    def __contains__(self, name: object) -> bool:
        return name in self.at_hand or name in self._rest(name)

    def get(self, name: str, default: Any = None) -> Any:
        """A value, or another one where there is none of this name."""
        return self.at_hand[name] if name in self.at_hand else self._rest(name).get(name, default)

    def _rest(self, name: object) -> dict[str, Any]:
        """All values, or none where the text shows without being read that this one is not there."""
        return self.whole() if f'"{name}"' in self.text else {}

    def __bool__(self) -> bool:
        return bool(self.at_hand) or self.text.strip() != "{}"

    def __iter__(self) -> Iterator[str]:
        return iter(self.whole())

    def __len__(self) -> int:
        return len(self.whole())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, StoredJson) and self.text == other.text:
            return True
        return isinstance(other, Mapping) and self.whole() == dict(other)

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return repr(self.whole())


def plain(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A mapping as a dictionary, for JSON; None stays None.

    Examples:
        >>> plain(StoredJson('{"bits": 8}', {})), plain(None)
        ({'bits': 8}, None)
    """
    return None if values is None else dict(values)
