"""The cost of a design as a store keeps it: the totals that tables have, and apart from them what they are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bitline.numerics.labels import COSTS

TOTALS = frozenset((*COSTS, "library", "tiles", "chips", "notes"))
"""What a store keeps apart from the parts of a cost."""


def halves(cost: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Totals and notes, which every table needs; and the rest by component and layer, which few readers look at.

    Args:
        cost: as `NetworkCost.to_dict` gives it.

    Examples:
        >>> halves({"energy_uJ": 1.5, "energies_pJ": {"ADCs": 1.5e6}, "notes": ["estimated"]})
        ({'energy_uJ': 1.5, 'notes': ['estimated']}, {'energies_pJ': {'ADCs': 1500000.0}})
    """
    totals = {name: value for name, value in cost.items() if name in TOTALS}
    return totals, {name: value for name, value in cost.items() if name not in TOTALS}


class Totals(Mapping[str, Any]):
    """Values by name, in a third of the memory of a dictionary where many designs have the same names.

    Args:
        values: by name.

    Examples:
        >>> totals = Totals({"energy_uJ": 1.5, "notes": []})
        >>> totals["energy_uJ"], totals.get("area_mm2"), totals == {"energy_uJ": 1.5, "notes": []}
        (1.5, None, True)
    """

    __slots__ = ("_numbers", "_places")

    def __init__(self, values: Mapping[str, Any]) -> None:
        names = tuple(values)
        self._places: dict[str, int] = _places_in_use.get(names) or _places_of(names)
        self._numbers = tuple(values.values())

    def __getitem__(self, name: str) -> Any:
        return self._numbers[self._places[name]]

    def get(self, name: str, default: Any = None) -> Any:
        """A value, or another one where there is none of this name."""
        place = self._places.get(name)
        return default if place is None else self._numbers[place]

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


_places_in_use: dict[tuple[str, ...], dict[str, int]] = {}
"""Where the value of each name is, by the names that designs share."""


def _places_of(names: tuple[str, ...]) -> dict[str, int]:
    return _places_in_use.setdefault(names, {name: place for place, name in enumerate(names)})
