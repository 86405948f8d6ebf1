"""Successive-approximation converters."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from bitline.numerics.draws import Draws
from bitline.readout._transfer import TransferTable
from bitline.readout.adc import Sigma
from bitline.readout.architectures._circuit import CircuitAdc


class SarAdc(CircuitAdc):
    """A binary search against a DAC of binary-weighted capacitors.

    Bit k has 2^k unit capacitors, so that its relative error is that of a unit over sqrt(2^k); one more unit makes the
    sum a power of two. The full scale is that of the actual capacitors (Spear et al., IEEE JXCDC 2023, for the kinds of
    errors).

    Examples:
        >>> SarAdc(bits=2, capacitor_mismatch=0.1).tables(arrays=1, converters=1, draws=Draws((0, 0, "adc"))).edges
        tensor([[[0.4391, 1.5791, 2.5182]]])
    """

    kind: Literal["sar"] = "sar"
    capacitor_mismatch: Sigma = 0.0
    """Standard deviation of a unit capacitor, relative."""

    @property
    def is_ideal(self) -> bool:
        return self.capacitor_mismatch == self.comparator_offset_steps == 0

    def tables(self, arrays: int, converters: int, draws: Draws) -> TransferTable:
        weights = self._weights(draws, arrays, converters)
        offsets = self.comparator_offset_steps * draws.normal((arrays, converters, 1), "comparators").double()
        return TransferTable.monotonic(_search_edges(weights, self.bits) + offsets)

    def _weights(self, draws: Draws, arrays: int, converters: int) -> Tensor:
        """Weight of each bit in steps, (arrays, converters, bits), float64; lowest bit first."""
        ideal = 2.0 ** torch.arange(self.bits, dtype=torch.float64)
        errors = draws.normal((arrays, converters, self.bits + 1), "capacitors").double()
        actual = ideal + self.capacitor_mismatch * ideal.sqrt() * errors[..., :-1]
        total = actual.sum(-1, keepdim=True) + 1 + self.capacitor_mismatch * errors[..., -1:]
        scaled: Tensor = actual * (2**self.bits / total)
        return scaled


class SplitSarAdc(SarAdc):
    """A SAR converter whose capacitors are split in two arrays by a bridge capacitor, which saves area.

    The lower half of the bits lies behind the bridge: its weights carry the same relative errors as an array of half
    the bits, and the error of the bridge, with parasitic capacitance, scales them all.

    Examples:
        >>> SplitSarAdc(bits=2, bridge_error=0.1).tables(arrays=1, converters=1, draws=Draws((0, 0, "adc"))).edges
        tensor([[[0.5732, 1.4512, 2.5244]]])
    """

    kind: Literal["split-sar"] = "split-sar"  # type: ignore[assignment]
    bridge_error: Annotated[float, Field(gt=-1, lt=1)] = 0.0
    """Relative error of the bridge capacitor, the same in all converters."""

    @property
    def is_ideal(self) -> bool:
        return super().is_ideal and self.bridge_error == 0

    def _weights(self, draws: Draws, arrays: int, converters: int) -> Tensor:
        lower = self.bits // 2
        inside = torch.arange(self.bits) % lower if lower else torch.zeros(self.bits, dtype=torch.int64)
        inside = torch.where(torch.arange(self.bits) < lower, inside, torch.arange(self.bits) - lower)
        unit_capacitors = 2.0 ** inside.double()
        errors = draws.normal((arrays, converters, self.bits + 1), "capacitors").double()
        relative = self.capacitor_mismatch * errors[..., :-1] / unit_capacitors.sqrt()
        bridge = 1 + self.bridge_error * (torch.arange(self.bits) < lower).double()
        actual = 2.0 ** torch.arange(self.bits, dtype=torch.float64) * (1 + relative) * bridge
        total = actual.sum(-1, keepdim=True) + 1 + self.capacitor_mismatch * errors[..., -1:]
        scaled: Tensor = actual * (2**self.bits / total)
        return scaled


def _search_edges(weights: Tensor, bits: int) -> Tensor:
    """Edges of a binary search with these bit weights, (..., 2^bits - 1).

    Code c is decided by comparing the signal with the DAC at c - 1/2; a signal only comes to that comparison if it
    passed those before it, so an edge cannot lie below an edge that was decided earlier to its left, nor above one to
    its right.
    """
    codes = torch.arange(1, 2**bits)
    digits = ((codes[:, None] >> torch.arange(bits)) & 1).double()
    edges = weights @ digits.T - 0.5
    depth = torch.tensor([bits - 1 - ((int(code) & -int(code)).bit_length() - 1) for code in codes])
    for level in range(1, bits):
        for code in codes[depth == level].tolist():
            size = code & -code
            left, right = code - size, code + size
            edge = edges[..., code - 1]
            if left > 0:
                edge = torch.maximum(edge, edges[..., left - 1])
            if right < 2**bits:
                edge = torch.minimum(edge, edges[..., right - 1])
            edges[..., code - 1] = edge
    return edges
