"""What a comparison of designs with different libraries rests on: parts that only one of the libraries has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bitline.cost.library import Library
from bitline.cost.result import NetworkCost
from bitline.numerics.text import number

MOST = 0.5
"""Part of the difference of two totals from which on a single part makes most of it."""


def one_sided_parts(pairs: Sequence[tuple[NetworkCost, Library]]) -> tuple[str, ...]:
    """Sentences about parts that make most of a difference between designs, and exist in one library only.

    Such a difference is one of what the libraries count, as an interface between chips, not of the designs.

    Args:
        pairs: the costs of designs, each with its library.

    Examples:
        >>> isaac, sonos = Library.load("isaac-32nm"), Library.load("sonos-40nm")
        >>> cheap = NetworkCost("a", "sonos-40nm", (), {"cells": 0.1}, 1, 1, 1, 1)
        >>> dear = NetworkCost("b", "isaac-32nm", (), {"cells": 0.2, "HyperTransport": 22.9}, 1, 1, 1, 1)
        >>> [note.split(",")[0] for note in one_sided_parts([(cheap, sonos), (dear, isaac)])]
        ["area: 22.9 mm² of 'b' are HyperTransport"]
    """
    return tuple(dict.fromkeys(note for larger in pairs for other in pairs for note in _notes(larger, other)))


def _notes(larger: tuple[NetworkCost, Library], other: tuple[NetworkCost, Library]) -> Iterator[str]:
    (cost, library), (less, without) = larger, other
    totals = (
        ("energy", "µJ", 1e-6, cost.energies_pJ, less.energies_pJ),
        ("area", "mm²", 1.0, cost.areas_mm2, less.areas_mm2),
    )
    for what, unit, scale, found, lesser in totals:
        difference = sum(found.values()) - sum(lesser.values())
        name = _largest(found, library, without)
        if name is not None and found[name] > MOST * difference > 0:
            yield (
                f"{what}: {number(scale * found[name], 3)} {unit} of {cost.design!r} are {name}, which library "
                f"{library.name!r} has and {without.name!r} has not, where the difference to {less.design!r} is "
                f"{number(scale * difference, 3)} {unit}: compare designs with one library (--set "
                "hardware.library=NAME), or look at the other parts alone"
            )


def _largest(found: Mapping[str, float], library: Library, without: Library) -> str | None:
    """The largest part that only the first library has."""
    own = (name for name in library.parts if name in found and name not in without.parts)
    return max(own, key=lambda name: found[name], default=None)
