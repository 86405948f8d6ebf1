"""Resistances of wires, relative to the cells or in ohms."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from bitline.config.part import Part

Resistance = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Wire(Part):
    """A wire with a cell at every segment.

    Resistances are multiples of the smallest cell resistance 1/G_max (R^ = R G_max, Xiao et al. 2022, section 8), or in
    ohms where `G_max_uS` says what G_max is.

    Examples:
        Wires of 2 ohm between cells of 100 kilohm:

        >>> f"{Wire(segment=2.0, G_max_uS=10).normalised_segment:g}"
        '2e-05'
    """

    segment: Resistance = 0.0
    """Resistance between neighbouring cells, and between the outermost cell and each connected end of the wire."""
    terminal: Resistance = 0.0
    """Resistance between the end of the wire and its driver or virtual ground, in series with the last segment."""
    G_max_uS: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Conductance of a cell at G_max; with it, resistances are in ohms."""

    @property
    def _unit(self) -> float:
        return 1.0 if self.G_max_uS is None else self.G_max_uS * 1e-6

    @property
    def normalised_segment(self) -> float:
        """Segment resistance times G_max."""
        return self.segment * self._unit

    @property
    def normalised_terminal(self) -> float:
        """Terminal resistance times G_max."""
        return self.terminal * self._unit

    @property
    def is_ideal(self) -> bool:
        """Whether the wire has no resistance."""
        return self.segment == 0 and self.terminal == 0

    @model_validator(mode="after")
    def _check_size(self) -> Self:
        smallest = min((ohms * self._unit for ohms in (self.segment, self.terminal) if ohms), default=1.0)
        if smallest < 1e-30:
            raise ValueError(
                f"a wire has {smallest:g} times the resistance of a cell, which is too little to compute with: use 0"
            )
        largest = max(self.normalised_segment, self.normalised_terminal)
        if largest > 1e6:
            ohms = "" if self.G_max_uS is None else f" ({max(self.segment, self.terminal):g} ohm)"
            raise ValueError(
                f"a wire has {largest:g} times the resistance of a cell{ohms}: resistances are multiples of 1/G_max, "
                "or ohms if the wire's G_max_uS is given"
            )
        return self
