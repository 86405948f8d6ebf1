"""Axes of a study, as its file would have them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bitline.paper.mappings import MAPPINGS


def over(setting: str, values: Iterable[Any]) -> dict[str, Any]:
    """An axis over the values of one setting, by its dotted name.

    Examples:
        >>> over("adc.bits", (6, 7, 8))
        {'setting': 'adc.bits', 'values': [6, 7, 8]}
    """
    return {"setting": setting, "values": list(values)}


def together(choices: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """An axis over choices of several settings that change together.

    Args:
        choices: the same settings for each, by dotted name.

    Examples:
        >>> together([{"array.rows": 72, "adc.bits": 6}, {"array.rows": 144, "adc.bits": 7}])
        {'zip': {'array.rows': [72, 144], 'adc.bits': [6, 7]}}
    """
    every = list(choices)
    return {"zip": {name: [choice[name] for choice in every] for name in every[0]}}


def over_mappings(names: Iterable[str]) -> dict[str, Any]:
    """An axis over weight mappings, by their names in `MAPPINGS`.

    Examples:
        >>> over_mappings(["differential 7b", "offset 2b"])["zip"]["weights.bits_per_cell"]
        ['unsliced', 2]
    """
    return together(MAPPINGS[name].settings for name in names)
