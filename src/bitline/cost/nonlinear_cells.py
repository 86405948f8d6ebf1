"""Power of cells whose current is not proportional to the voltage of their row."""

from __future__ import annotations

import numpy as np
import torch

from bitline.cost.conductances import remembered_conductance
from bitline.cost.input_digits import digit_shares
from bitline.cost.joint_counts import JointCounts
from bitline.design import Design, views
from bitline.devices.current_voltage import CurrentVoltage

_powers: dict[tuple[str, int, int, bool], np.ndarray] = {}


def mean_power(design: Design, joint: JointCounts, bits: tuple[int, int], has_signs: bool) -> float:
    """Mean V I(V) of cells over that of a cell at G_max and the read voltage, if it is ohmic.

    Args:
        design: of a layer.
        joint: its inputs and cells together.
        bits: magnitude bits of the input codes of `joint`, and of the design.
        has_signs: whether voltages can be negative; both signs are taken as equally frequent.
    """
    shares = digit_shares(*bits, design.inputs.applied_bits)
    signs = has_signs or design.array.subtracts_on_the_line
    power = _remembered(design, joint.targets, shares.shape[1], signs)
    return joint.total(shares @ power) / joint.cells


def powers_of(curve: CurrentVoltage, conductances: np.ndarray, levels: int, has_signs: bool) -> np.ndarray:
    """V I(V) in units of G_max V_read^2 at voltages in equal steps from 0 to the read voltage, (levels, conductances).

    Args:
        curve: current against voltage.
        conductances: mean G/G_max of cells, (conductances,).
        levels: how many voltages.
        has_signs: whether each voltage has either sign, as often.

    Examples:
        >>> from bitline.devices.current_voltage import Ohmic
        >>> powers_of(Ohmic(), np.array([0.2, 1.0]), levels=3, has_signs=False).round(6)
        array([[0.  , 0.  ],
               [0.05, 0.25],
               [0.2 , 1.  ]])
    """
    cells = torch.as_tensor(conductances, dtype=torch.float32)
    signs = (1.0, -1.0) if has_signs else (1.0,)
    voltages = np.outer(np.linspace(0, 1, levels), signs)
    powers = [[voltage * curve.current(cells, voltage).double().numpy() for voltage in both] for both in voltages]
    return np.asarray(np.mean(powers, axis=1))


def _remembered(design: Design, targets: np.ndarray, levels: int, has_signs: bool) -> np.ndarray:
    """`powers_of` evenly spaced targets, remembered for designs with the same cells."""
    curve = design.cell.current_voltage
    view = views.cells(design) | {"current_voltage": curve.model_dump(mode="json")}
    key = (views.key(view), len(targets), levels, has_signs)
    found = _powers.get(key)
    if found is None:
        if len(_powers) >= 256:
            _powers.clear()
        found = _powers[key] = powers_of(curve, remembered_conductance(design, targets), levels, has_signs)
    return found
