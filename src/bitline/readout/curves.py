"""Figures of merit of transfer curves: INL, DNL, missing codes and effective bits."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from bitline.numerics.draws import Draws
from bitline.readout._transfer import TransferTable, ideal_edges
from bitline.readout.adc import Adc, NoAdc

PERIODS = 4096
"""Samples of the sine for the effective bits: far more than codes of most converters."""


@dataclass(frozen=True)
class Curves:
    """Transfer curves of several converters of one kind, in steps.

    Attributes:
        edges: signal at which each code is first reached, infinite if it never is, (converters, codes - 1).
        inl: distance of the edges from the straight line through the ends, in steps, (converters, codes - 1).
        dnl: width of each inner code less one step, up to where the next one is first reached, -1 for a code that a
            higher one comes before, (converters, codes - 2).
        missing_codes: number of inner codes that no signal gives, (converters,).
        effective_bits: (SINAD - 1.76 dB) / 6.02 dB for a sine over the whole range, noise included, (converters,).

    Examples:
        >>> from bitline.readout.adc import UniformAdc
        >>> curves_of(UniformAdc(bits=2), converters=1).edges
        tensor([[0.5000, 1.5000, 2.5000]], dtype=torch.float64)
    """

    edges: Tensor
    inl: Tensor
    dnl: Tensor
    missing_codes: Tensor
    effective_bits: Tensor


def curves_of(adc: Adc | NoAdc, converters: int = 64, seed: int = 0) -> Curves:
    """Draw converters, each of an array of its own, and measure their curves.

    Args:
        adc: any converter of uniform levels.
        converters: number of converters to draw.
        seed: seed of their errors.

    Examples:
        >>> from bitline.readout.adc import UniformAdc
        >>> from bitline.readout.architectures import SarAdc
        >>> curves_of(UniformAdc(bits=8), converters=1).effective_bits.round(decimals=1)
        tensor([8.], dtype=torch.float64)
        >>> curves_of(SarAdc(bits=8, capacitor_mismatch=0.1), converters=2).missing_codes
        tensor([2, 0])
    """
    draws = Draws((seed, 0, "adc"))
    if adc.is_ideal:
        table = TransferTable.monotonic(ideal_edges(adc.bits).expand(converters, 1, -1))
    else:
        table = adc.tables(converters, 1, draws)
    edges = _first_reached(table, adc.bits)[:, 0].double()
    finite = torch.where(edges.isfinite(), edges, torch.nan)
    ends = finite[:, :1], finite[:, -1:]
    step = (ends[1] - ends[0]) / (edges.shape[-1] - 1) if edges.shape[-1] > 1 else torch.ones_like(ends[0])
    straight = ends[0] + step * torch.arange(edges.shape[-1])
    dnl = (edges[:, 1:] - edges[:, :-1]).nan_to_num(posinf=0.0) / step - 1
    return Curves(edges, (finite - straight) / step, dnl, _missing(table, adc.bits), _effective_bits(table, adc, draws))


def _missing(table: TransferTable, bits: int) -> Tensor:
    """How many of the codes 1 .. 2^bits - 2 no signal gives, (arrays,), where curves may go back."""
    ends = torch.full_like(table.edges[..., :1], torch.inf)
    widths = torch.cat([table.edges, ends], -1) - torch.cat([-ends, table.edges], -1)
    given = torch.zeros(*table.codes.shape[:-1], 2**bits)
    given.scatter_reduce_(-1, table.codes.long(), (widths > 0).float(), "amax")  # a width between infinities is NaN
    return (given[..., 1:-1] == 0).sum(-1)[:, 0]


def _first_reached(table: TransferTable, bits: int) -> Tensor:
    """Signal at which each code 1 .. 2^bits - 1 or a higher one is first given."""
    wanted = torch.arange(1, 2**bits, dtype=table.codes.dtype).expand(*table.codes.shape[:-1], -1)
    highest = torch.cummax(table.codes, dim=-1).values
    place = torch.searchsorted(highest.contiguous(), wanted.contiguous())
    starts = torch.cat([torch.full_like(table.edges[..., :1], -torch.inf), table.edges], dim=-1)
    starts = torch.cat([starts, torch.full_like(starts[..., :1], torch.inf)], dim=-1)
    return starts.gather(-1, place)


def _effective_bits(table: TransferTable, adc: Adc | NoAdc, draws: Draws) -> Tensor:
    """Effective bits from a sine that spans the range, sampled evenly in phase."""
    phase = 2 * math.pi * (torch.arange(PERIODS, dtype=torch.float64) + 0.5) / PERIODS
    amplitude = 2 ** (adc.bits - 1) - 0.5
    sine = (amplitude * phase.sin() + amplitude).expand(*table.edges.shape[:2], -1)
    noise = adc.noise * draws.normal(sine.shape, "noise").double()
    codes = table.convert(sine + noise)[:, 0]
    # the best straight line through the curve: gain and offset are no distortion
    x = sine[:, 0] - sine[:, 0].mean(-1, keepdim=True)
    y = codes - codes.mean(-1, keepdim=True)
    slope = (x * y).sum(-1, keepdim=True) / x.square().sum(-1, keepdim=True)
    ratio = (slope * x).square().sum(-1) / (y - slope * x).square().sum(-1)
    effective: Tensor = (10 * ratio.log10() - 1.76) / 6.02
    return effective
