"""A design and the circuits that it is costed with."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from bitline.config.arguments import checked
from bitline.cost.charge_sharing import with_capacitors
from bitline.cost.library import Library, libraries
from bitline.cost.scaling import at_node
from bitline.design import Design
from bitline.errors import DesignError


def design_and_library(design: Design | str, library: Library | None) -> tuple[Design, Library]:
    """A design, loaded if it is a name, and the library to cost it with: its own if None is given.

    Raises:
        DesignError: there is no such design or library, or it has weights or inputs without bits.
    """
    design = Design.of(design)
    for name in ("weights", "inputs"):
        if any(
            getattr(variant, name).bits == "float" for variant in (design.variants() if design.layers else [design])
        ):
            raise DesignError(
                f"{name}.bits is 'float', and circuits are counted by their bits: use a number of bits to cost design "
                f"{design.name!r}"
            )
    return design, with_capacitors(design, library_of(design) if library is None else library)


@checked(DesignError)
def library_of(design: Design | str) -> Library:
    """The component library that a design names, at the design's node and with its own numbers.

    Args:
        design: the accelerator, or the name of a preset.

    Raises:
        DesignError: there is no such design, library or file, its content is not valid, or the design has a number that
            the library has not.

    Examples:
        >>> library_of("isaac").name
        'isaac-32nm'
        >>> library = library_of(Design().with_settings({"hardware.node_nm": 28, "library.cells.G_max_uS": 20}))
        >>> library.name, library.cells.G_max_uS.value
        ('sonos-40nm at 28 nm', 20.0)
    """
    design = Design.of(design)
    hardware, has_rate = design.hardware, getattr(design.adc, "rate_MS_per_s", None) is not None
    name, step = hardware.library, (hardware.node_nm, hardware.supply_V, has_rate)
    if name in libraries():
        return _shipped(name, *step, json.dumps(hardware.numbers, default=str))
    return _changed(Library.load(Path(name)), *step, hardware.numbers)


@lru_cache(maxsize=64)
def _shipped(name: str, node_nm: float | None, supply_V: float | None, has_rate: bool, numbers: str) -> Library:
    return _changed(Library.load(name), node_nm, supply_V, has_rate, json.loads(numbers))


def _changed(
    library: Library, node_nm: float | None, supply_V: float | None, has_rate: bool, numbers: dict[str, Any]
) -> Library:
    """A library at another node, then with other numbers."""
    if node_nm is not None or supply_V is not None:
        library = at_node(library, node_nm or library.node_nm, supply_V, keeps_pace=has_rate)
    return library.with_settings(numbers) if numbers else library
