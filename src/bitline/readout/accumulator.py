"""The circuit that adds input slices in analog, with its errors."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from bitline.config.part import Part
from bitline.numerics.draws import Draws


class Accumulator(Part):
    """A switched-capacitor accumulator: charge is shared between two capacitors, once for each input slice.

    With slices of a bits, least significant first, capacitors (2^a - 1) C and C keep V' = (1 - 2^-a) u + 2^-a V, so
    that a slice counts 2^-a less with each one that follows (the scheme of Xiao et al. 2022, section 3.3;
    the recurrence is charge conservation). Mismatch of the capacitors and charge lost between steps change these
    weights. A conversion that sees one slice, such as that of inputs that have no more, is not accumulated, and has
    none of these errors.

    Examples:
        Two slices of four bits; a tenth of the charge of the first one is lost:

        >>> accumulator = Accumulator(leakage=0.1)
        >>> accumulator.ratios(slices=2, slice_bits=4, shape=(), draws=Draws((0, 0, "conv1")))
        tensor([0.9000, 1.0000], dtype=torch.float64)
    """

    capacitor_mismatch: Annotated[float, Field(ge=0, le=0.2)] = 0.0
    """Standard deviation of a capacitor's relative error, drawn for every accumulator of a chip."""
    leakage: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Fraction of the stored charge that is lost from one step to the next."""
    effective_bits: Annotated[float, Field(gt=0, le=32)] | None = None
    """Resolution of the accumulated voltage, as noise of that quantisation over the range of the ADC, so none where
    there is no ADC; unlimited if not given."""

    @property
    def has_exact_weights(self) -> bool:
        """Whether all weights are exact powers of two."""
        return self.capacitor_mismatch == 0 and self.leakage == 0

    def noise(self, adc_bits: int) -> float:
        """Standard deviation of noise in steps of an ADC of so many bits: a step of `effective_bits` / sqrt(12)."""
        if self.effective_bits is None:
            return 0.0
        return float(2 ** (adc_bits - self.effective_bits) / math.sqrt(12))

    def ratios(self, slices: int, slice_bits: int, shape: tuple[int, ...], draws: Draws) -> Tensor:
        """Weights of the slices relative to exact powers of two, least significant first, (slices, *shape), float64.

        Args:
            slices: number of slices that are accumulated.
            slice_bits: number of input bits of a slice.
            shape: shape of the array of accumulators.
            draws: random numbers of this chip and layer.
        """
        errors = torch.ones((2, *shape), dtype=torch.float64)
        if self.capacitor_mismatch:
            errors += self.capacitor_mismatch * draws.normal((2, *shape), "capacitors").double()
        taken, held = (2**slice_bits - 1) * errors[0], errors[1]
        share = taken / (taken + held)
        kept = (1 - share) * (1 - self.leakage) * 2**slice_bits
        following = torch.arange(slices - 1, -1, -1, dtype=torch.float64).reshape(-1, *[1] * len(shape))
        ideal = 1 - 2.0**-slice_bits
        ratios: Tensor = share / ideal * kept**following
        return ratios
