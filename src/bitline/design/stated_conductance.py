"""What a design says that cells conduct at G_max: its device, its curve of current against voltage, its wires."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bitline.arrays import Wire
from bitline.devices import FullScale

if TYPE_CHECKING:  # a design is checked while it is made
    from bitline.design.design import Design


@dataclass(frozen=True)
class StatedGmax:
    """G_max in physical units, and who states it.

    Attributes:
        setting: dotted name of the number.
        by: who states it, for sentences.
        full_scale: the number.
    """

    setting: str
    by: str
    full_scale: FullScale

    @classmethod
    def of(cls, section: str, by: str, full_scale: FullScale) -> StatedGmax:
        """What a section of a design states."""
        return cls(f"{section}.{'I' if full_scale.is_current else 'G'}_max_{full_scale.unit}", by, full_scale)


def stated_G_max(design: Design) -> tuple[StatedGmax, ...]:
    """Everything that states G_max in physical units, the device first; empty where conductances are only relative.

    Args:
        design: of a layer.

    Examples:
        >>> from bitline import Design
        >>> [stated.setting for stated in stated_G_max(Design(cell={"device": "pcm-joshi-2020"}))]
        ['cell.device.G_max_uS']
        >>> stated_G_max(Design.load("differential"))
        ()
    """
    found = []
    for name, part in (("cell.device", design.cell.device), ("cell.current_voltage", design.cell.current_voltage)):
        if part.is_loaded and part.full_scale is not None:
            found.append(StatedGmax.of(name, f"{name} {part.kind!r}", part.full_scale))
    for name, wire in design.array:
        if isinstance(wire, Wire) and wire.G_max_uS is not None:
            section = f"array.{name}"
            found.append(StatedGmax.of(section, f"{section}.G_max_uS", FullScale(wire.G_max_uS, "uS")))
    return tuple(found)
