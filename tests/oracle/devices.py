"""Stage 3 of the oracle: digits to programmed conductances, as this chip has drawn them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from oracle.layer import cell_bits

from bitline import Design
from bitline.numerics.draws import Draws


@dataclass(frozen=True)
class Cells:
    """Programmed cells, (lines, slices, rows, columns) each, in units of G_max.

    Attributes:
        target: what the cells are meant to hold.
        conductance: what they hold.
        sigma: standard deviation of a read; None where reads are exact.
    """

    target: np.ndarray
    conductance: np.ndarray
    sigma: np.ndarray | None


def program(digits: np.ndarray, design: Design, draws: Draws) -> Cells:
    """G = G_min + (G_max - G_min) d / (2^b - 1) (section 4.1), then the device's error, then clipping.

    Args:
        digits: d / (2^b - 1), (lines, slices, rows, columns).
        draws: random numbers of the chip and the layer.
    """
    low = lowest_conductance(design)
    target = low + (1 - low) * digits
    as_one_group = torch.tensor(target[:, :, None]).float()  # the shape and the precision of the package's draws
    cells = design.cell.device.program(as_one_group, draws)[:, :, 0].double().numpy()
    if design.cell.clip == "zero":
        cells = np.maximum(cells, 0)
    if design.cell.clip == "window":
        cells = np.clip(cells, np.float32(low), 1)  # in the precision of the draws: an exact cell stays exact
    exact = np.array_equal(cells, as_one_group[:, :, 0].double().numpy())
    exact |= getattr(design.array, "mismatch", 0) > 0  # resolved when their charge is shared
    return Cells(target, cells if exact else resolve(cells, design), read_noise(cells, design))


def resolve(cells: np.ndarray, design: Design) -> np.ndarray:
    """Cells with errors on their grid: the most steps, an even number in a digit, that `cell.resolution` allows."""
    top = 2 ** cell_bits(design) - 1
    steps = max(2, design.cell.resolution // (2 * top) * 2)
    step = (1 - lowest_conductance(design)) / (top * steps)
    return step * np.round(cells / step)


def lowest_conductance(design: Design) -> float:
    """G_min / G_max."""
    return 1 / (design.cell.on_off_ratio or design.cell.device.default_on_off_ratio)


def read_noise(cells: np.ndarray, design: Design) -> np.ndarray | None:
    """Standard deviation of a read of each cell; a device's own is one of its numbers, as its programmed cells are."""
    noise = design.cell.read_noise
    if noise.kind == "device":
        held = torch.tensor(cells)
        sigma = design.cell.device.read_noise(held, held, 0.0)
        return None if sigma is None else sigma.numpy()
    if noise.kind == "none" or noise.alpha == 0:
        return None
    return np.full_like(cells, noise.alpha) if noise.kind == "state-independent" else noise.alpha * np.abs(cells)
