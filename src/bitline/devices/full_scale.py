"""What a cell conducts at G_max, in physical units, where a device or a curve states it."""

from __future__ import annotations

from dataclasses import dataclass

from bitline.config.users_methods import UsersMethod
from bitline.devices.header_units import SIZES, plain_unit


@dataclass(frozen=True)
class FullScale:
    """The state of a cell at G_max: a conductance, or the current at the read voltage.

    Attributes:
        value: in `unit`.
        unit: 'uS', 'nA', or another one of conductances or currents.

    Examples:
        >>> str(FullScale(1600.0, "nA")), round(FullScale(1600.0, "nA").conductance_uS(read_V=0.1), 6)
        ('1600 nA', 16.0)
    """

    value: float
    unit: str

    @property
    def is_current(self) -> bool:
        """Whether it is a current, which belongs to the read voltage."""
        return SIZES[self.unit][0] == "A"

    def conductance_uS(self, read_V: float) -> float:
        """The conductance.

        Args:
            read_V: voltage at which a current is that of the cell.
        """
        quantity, size = SIZES[self.unit]
        return self.value * (1e6 * size) / (read_V if quantity == "A" else 1.0)

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit}"


def full_scale(value: float, unit: str) -> FullScale | None:
    """The state at G_max in a device's unit; None where that is none of a conductance or a current.

    Examples:
        >>> full_scale(225.0, "µS"), full_scale(1.0, "a.u.")
        (FullScale(value=225.0, unit='uS'), None)
    """
    plain = plain_unit(unit)
    return FullScale(value, plain) if plain in SIZES else None


def check_full_scale(method: UsersMethod, found: object) -> None:
    """Refuse what a user's part states as G_max, if it is none.

    Raises:
        ValueError: it is neither a `FullScale` with a unit that is known nor None.
    """
    if isinstance(found, FullScale) and found.unit in SIZES and found.value > 0:
        return
    if found is not None:
        raise ValueError(
            f"{method} is {'a method' if callable(found) else repr(found)}: make it a @property that returns "
            "FullScale(25.0, 'uS'), for example, or None where G_max is not known"
        )
