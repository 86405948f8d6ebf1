"""The conductance and the voltage of a cell in physical units, as a design and the command line say them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bitline.errors import DesignError
from bitline.numerics.text import exact

if TYPE_CHECKING:
    from bitline.design import Design

SMALLEST, LARGEST = 1e-6, 1e6
"""Of a conductance in µS or a voltage in V that a cell could have."""


@dataclass(frozen=True)
class Supply:
    """What turns G/G_max and V/V_read into amperes and watts."""

    G_max_uS: float
    V_read: float

    @classmethod
    def of(cls, design: Design, G_max_uS: float | None, V_read: float | None) -> Supply:
        """What a design states, or what was typed, or what is usual.

        Raises:
            DesignError: the design and the command line say different things.
        """
        from bitline.design.stated_conductance import stated_G_max

        curve = design.cell.current_voltage
        volts = _agreed("--V-read", V_read, USUAL.V_read, curve.stated_read_V, f"cell.current_voltage {curve.kind!r}")
        stated = next(iter(stated_G_max(design)), None)
        known, by = (None, "") if stated is None else (stated.full_scale.conductance_uS(volts), stated.by)
        return cls(_agreed("--G-max-uS", G_max_uS, USUAL.G_max_uS, known, by), volts)


USUAL = Supply(10.0, 0.1)
"""Where neither a design nor the command line says something else."""


def _agreed(option: str, typed: float | None, usual: float, stated: float | None, by: str) -> float:
    """A number that a design may state, and somebody may type.

    Raises:
        DesignError: both do, and they differ.
    """
    if stated is None:
        return usual if typed is None else typed
    if typed is not None and not math.isclose(typed, stated, rel_tol=1e-6):
        raise DesignError(
            f"{option} is {exact(typed)}, but by {by} of the design it is {stated:g}: leave the option out, or change "
            "the design"
        )
    return stated


def refuse_impossible_supply(G_max_uS: float | None, V_read: float | None) -> None:
    """Refuse what was typed, if it is no conductance or voltage that a cell has.

    Raises:
        DesignError: names the option, and what is possible.
    """
    for option, value, unit in (("--G-max-uS", G_max_uS, "µS"), ("--V-read", V_read, "V")):
        if value is not None and not SMALLEST <= value <= LARGEST:
            raise DesignError(
                f"{option} is {exact(value)}: give one between {exact(SMALLEST)} and {exact(LARGEST)} {unit}"
            )
