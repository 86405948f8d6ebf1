"""Pipeline and cyclic converters of 1.5 bits a stage."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from bitline.numerics.draws import Draws
from bitline.readout._transfer import TransferTable
from bitline.readout.adc import Sigma
from bitline.readout.architectures._circuit import CircuitAdc

Numbers = NDArray[np.float64]


class PipelineAdc(CircuitAdc):
    """Stages that decide -1, 0 or 1, subtract it and double what is left; a last decision between two codes.

    With signals from -1 to 1, a stage compares with -1/4 and 1/4 (each with an offset) and hands on
    r' = (2 r - d) (1 + e) (1 - 2 / A), with a gain error e from the mismatch of its two capacitors and a finite gain A
    of its amplifier (Spear et al., IEEE JXCDC 2023, for the kinds of errors). Offsets below a quarter of the range are
    corrected by the redundancy of the digits; gain errors are not.

    Examples:
        >>> PipelineAdc(bits=3, capacitor_mismatch=0.1).tables(arrays=1, converters=1, draws=Draws((0, 0, "adc"))).edges
        tensor([[[0.4600, 1.5000, 2.5000, 3.5000, 4.5000, 5.5000, 6.5400]]])
    """

    kind: Literal["pipeline"] = "pipeline"
    capacitor_mismatch: Sigma = 0.0
    """Standard deviation of the ratio of a stage's capacitors, relative."""
    amplifier_gain: Annotated[float, Field(gt=2)] | None = None
    """Open-loop gain of the amplifiers; infinite if not given."""

    @property
    def is_ideal(self) -> bool:
        return self.capacitor_mismatch == self.comparator_offset_steps == 0 and self.amplifier_gain is None

    @property
    def different_stages(self) -> int:
        """Stages with errors of their own."""
        return self.bits - 1

    def tables(self, arrays: int, converters: int, draws: Draws) -> TransferTable:
        stages = self.bits - 1
        shape = (arrays, converters, self.different_stages)
        gains = 1 + self.capacitor_mismatch * draws.normal(shape, "capacitors").double().numpy()
        if self.amplifier_gain is not None:
            gains = gains * (1 - 2 / self.amplifier_gain)
        offset = self.comparator_offset_steps * 2 / 2**self.bits
        offsets = offset * draws.normal((*shape, 2), "comparators").double().numpy()
        last = offset * draws.normal((arrays, converters), "last comparator").double().numpy()
        which = np.arange(stages) % self.different_stages
        curves = [
            _curve(gains[place][which], offsets[place][which], float(last[place]), self.bits)
            for place in np.ndindex(arrays, converters)
        ]
        longest = max(len(edges) for edges, _ in curves)
        all_edges = np.stack([np.pad(edges, (0, longest - len(edges)), constant_values=np.inf) for edges, _ in curves])
        all_codes = np.stack([np.pad(codes, (0, longest + 1 - len(codes)), mode="edge") for _, codes in curves])
        return TransferTable(
            torch.from_numpy(all_edges.reshape(arrays, converters, -1)).float(),
            torch.from_numpy(all_codes.reshape(arrays, converters, -1)).float(),
        )


class CyclicAdc(PipelineAdc):
    """A pipeline converter that uses one stage again and again: all its cycles have the same errors.

    Examples:
        >>> CyclicAdc(bits=8).different_stages, PipelineAdc(bits=8).different_stages
        (1, 7)
    """

    kind: Literal["cyclic"] = "cyclic"  # type: ignore[assignment]

    @property
    def different_stages(self) -> int:
        return 1


def _curve(gains: Numbers, offsets: Numbers, last: float, bits: int) -> tuple[Numbers, Numbers]:
    """Edges and codes of one converter.

    Inside a segment of signals with the same decisions the residue is a rising line, so each comparison cuts a segment
    at one point.
    """
    starts = np.array([-np.inf])
    slope, shift = np.ones(1), np.zeros(1)
    digits = np.zeros(1)
    weight = 2.0 ** (bits - 2)
    for gain, offset in zip(gains, offsets, strict=True):
        cuts = [(threshold - shift) / slope for threshold in (-0.25 + offset[0], 0.25 + offset[1])]
        starts, slope, shift, digits, decision = _cut(starts, slope, shift, digits, cuts, (-1.0, 0.0, 1.0))
        digits = digits + weight * decision
        slope, shift = 2 * gain * slope, gain * (2 * shift - decision)
        weight /= 2
    cuts = [(last - shift) / slope]
    starts, slope, shift, digits, decision = _cut(starts, slope, shift, digits, cuts, (0.0, 1.0))
    codes = np.clip(digits + decision + 2 ** (bits - 1) - 1, 0, 2**bits - 1)
    keep = np.concatenate([[True], np.diff(codes) != 0])
    # -1 .. 1 spans codes -0.5 .. 2^bits - 0.5
    edges = (starts[keep][1:] + 1) * 2 ** (bits - 1) - 0.5
    return edges, codes[keep]


def _cut(
    starts: Numbers, slope: Numbers, shift: Numbers, digits: Numbers, cuts: list[Numbers], decisions: tuple[float, ...]
) -> tuple[Numbers, Numbers, Numbers, Numbers, Numbers]:
    """Cut every segment at its thresholds; a segment that a threshold misses keeps one decision."""
    ends = np.append(starts[1:], np.inf)
    bounds = [starts, *(np.clip(cut, starts, ends) for cut in cuts), ends]
    pieces = [(bounds[i], bounds[i + 1], decision) for i, decision in enumerate(decisions)]
    begin = np.stack([piece[0] for piece in pieces], axis=1)
    end = np.stack([piece[1] for piece in pieces], axis=1)
    decided = np.broadcast_to(np.array(decisions), begin.shape)
    live = begin < end
    spread = [np.broadcast_to(values[:, None], begin.shape)[live] for values in (slope, shift, digits)]
    return begin[live], spread[0], spread[1], spread[2], decided[live]
