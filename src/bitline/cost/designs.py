"""A design and the circuits that it is costed with."""

from __future__ import annotations

from bitline.cost.charge_sharing import with_capacitors
from bitline.cost.library import Library, library_of
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
