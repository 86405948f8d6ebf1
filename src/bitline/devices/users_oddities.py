"""What classes of users do that no cell does, or hardly any: no errors, but for readers of results to know."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from bitline.config.users_methods import UsersMethod
from bitline.numerics.draws import Draws
from bitline.shapes import Cellwise

CELLS = 256
"""Cells that are programmed to look at them."""
USUAL = (0.1, 10.0)
"""What typical strong cells hold, as a multiple of what was asked for."""


def oddities_of_programming(
    method: UsersMethod, lowest: float, program: Callable[[Cellwise, Draws], Cellwise]
) -> tuple[str, ...]:
    """Sentences about cells that are far from their targets altogether, or that the same draws do not make again.

    Args:
        method: that programs, for the sentences.
        lowest: G_min/G_max.
        program: the same, checked.

    Examples:
        >>> from bitline.devices import StateProportional
        >>> method = UsersMethod("cell.device", "mylab:Flipped", StateProportional(alpha=0.02), "program")
        >>> oddities_of_programming(method, 0.0, lambda target, draws: target)
        ()
        >>> oddities_of_programming(method, 0.0, lambda target, draws: -5 * target)
        ("cell.device is 'mylab:Flipped', ... typical cells -5 times the conductance that is asked for: ...",)
    """
    target = torch.linspace(lowest, 1, CELLS).reshape(1, 1, 1, -1, 1)
    try:
        cells, again = (program(target, Draws((0, "a look at the device"))) for _ in range(2))
    except (Exception, SystemExit):  # what it raises shows when its layer is programmed
        return ()
    found = (_far_from_targets(cells, target, method), _not_the_same(cells, again, method))
    return tuple(filter(None, found))


def oddities_of_currents(method: UsersMethod, current: Callable[[Cellwise, float], Cellwise]) -> tuple[str, ...]:
    """Sentences about currents without a voltage.

    Args:
        method: that gives currents, for the sentences.
        current: the same, checked.

    Examples:
        >>> from bitline.devices import CurrentVoltage
        >>> method = UsersMethod("cell.current_voltage", "mylab:Offset", CurrentVoltage(), "current")
        >>> oddities_of_currents(method, lambda conductance, voltage: conductance * voltage)
        ()
        >>> oddities_of_currents(method, lambda conductance, voltage: conductance * voltage + 0.1)
        ("cell.current_voltage is 'mylab:Offset', ... a current of up to 0.1 G_max V_read at 0 V, which is left ...",)
    """
    conductance = torch.linspace(0, 1, CELLS).reshape(1, 1, 1, -1, 1)
    try:
        largest = float(current(conductance, 0.0).abs().max())
    except (Exception, SystemExit):  # a user's class can raise anything
        return ()
    if largest == 0:
        return ()
    return (
        f"{method} gives a current of up to {largest:.3g} G_max V_read at 0 V, which is left out for rows without "
        "input on lines without resistance",
    )


def _far_from_targets(cells: Tensor, target: Tensor, method: UsersMethod) -> str:
    strong = target >= 0.5
    typical = float((cells[strong] / target[strong]).median())
    if USUAL[0] <= typical <= USUAL[1]:
        return ""
    return (
        f"{method} gives typical cells {typical:.3g} times the conductance that is asked for: if that is not meant, "
        "check that it returns G/G_max, not siemens or a resistance, and its sign"
    )


def _not_the_same(cells: Tensor, again: Tensor, method: UsersMethod) -> str:
    if torch.equal(cells, again):
        return ""
    return (
        f"{method} gives other cells each time it is called with the same draws, so that a chip is never the same "
        "again: take all random numbers from draws"
    )
