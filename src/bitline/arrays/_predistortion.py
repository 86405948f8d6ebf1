"""Conductances with which cells carry the currents wanted of them at the voltages that wires leave them."""

from __future__ import annotations

from torch import Tensor

from bitline.arrays.nodal_lines import ITERATIONS, TOLERANCE, CellCurrent, linearised
from bitline.errors import DesignError


def conductances_carrying(wanted: Tensor, voltage: Tensor, ideal: Tensor, current: CellCurrent) -> Tensor:
    """Conductances from 0 to G_max with which cells carry given currents, or come nearest to them, by Newton's method.

    Args:
        wanted: currents in units of G_max V_read, any shape, float64.
        voltage: V/V_read across each cell, not 0, same shape.
        ideal: G/G_max with which the cells carry these currents at the read voltage, same shape.
        current: what cells draw, the more the higher their conductance.

    Returns:
        G/G_max, same shape, float64.

    Raises:
        DesignError: the steps do not settle.

    Examples:
        >>> import torch
        >>> half = torch.tensor([0.5], dtype=torch.float64)
        >>> conductances_carrying(half, 0.8 + 0 * half, half, lambda g, v: g * v)
        tensor([0.6250], dtype=torch.float64)
        >>> conductances_carrying(half, 0.8 + 0 * half, half, lambda g, v: g * v**3)
        tensor([0.9766], dtype=torch.float64)
    """
    found = (ideal / voltage.abs()).clamp(0, 1)
    for _ in range(ITERATIONS):
        given, _, slope = linearised(current, found, voltage)
        better = (found - (given - wanted) / slope).clamp(0, 1)
        settled = bool(((better - found).abs() <= TOLERANCE).all())
        found = better
        if settled:
            return found
    raise DesignError(
        f"array.predistortion found no conductances that carry the currents wanted in {ITERATIONS} Newton steps: use "
        "a cell.current_voltage whose currents rise smoothly with the conductance, or no array.predistortion"
    )
