"""IR drop of one array: what its wires do to voltages, currents and power.

For circuit designers: every node of the array is solved exactly (`arrays.circuit`), which shows where current is lost.
Whole networks use the faster solvers of `arrays._ladder` and `arrays._mesh`, which give the same outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bitline.arrays import Array
from bitline.arrays.circuit import Solution, solve, solve_nonlinear
from bitline.arrays.circuit.elements import Numbers, checked_cells
from bitline.devices.current_voltage import Ohmic
from bitline.devices.registry import AnyCurrentVoltage

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class IrDrop:
    """One array for one input vector, with and without wires.

    Attributes:
        array: the circuit's description.
        solution: every voltage and current, with wires.
        ideal: (columns,) output currents wanted: those without wires, in units of G_max V_read.

    Examples:
        >>> from bitline.arrays import GateDrivenArray, Wire
        >>> array = GateDrivenArray(bit_line=Wire(segment=0.001))
        >>> drop = ir_drop(np.ones((64, 2)), np.ones(64), array)
        >>> drop.ideal
        array([64., 64.])
        >>> round(drop.worst, 2)
        0.53
    """

    array: Array
    solution: Solution
    ideal: Numbers

    @property
    def outputs(self) -> Numbers:
        """(columns,) output currents with wires, in units of G_max V_read."""
        return self.solution.outputs

    @property
    def error(self) -> Numbers:
        """(columns,) change of each output as a fraction of the largest ideal output."""
        return (self.outputs - self.ideal) / max(float(np.abs(self.ideal).max()), 1e-300)

    @property
    def worst(self) -> float:
        """Largest error of a column, as a fraction of the largest ideal output."""
        return float(np.abs(self.error).max())

    def to_frame(self) -> pd.DataFrame:
        """One row for each column: ideal and actual current (G_max V_read) and the error."""
        import pandas as pd  # here, for the start-up of what does not need it

        return pd.DataFrame(
            {"ideal": self.ideal, "with wires": self.outputs, "error": self.error}, index=pd.RangeIndex(len(self.ideal))
        ).rename_axis("column")


def ir_drop(
    cells: Numbers,
    inputs: Numbers,
    array: Array,
    minus: Numbers | None = None,
    curve: AnyCurrentVoltage | None = None,
) -> IrDrop:
    """Solve one array for one input vector.

    Args:
        cells, inputs, minus: as for `Array.circuit`.
        array: a gate-driven or row-driven array with resistive wires.
        curve: current against voltage of the cells; ohmic if not given.

    Raises:
        DesignError: an array without wires to solve.
        DataError: see `Array.circuit`.

    Examples:
        >>> from bitline.arrays import GateDrivenArray, Wire
        >>> array = GateDrivenArray(bit_line=Wire(segment=0.001))
        >>> ir_drop(np.ones((8, 1)), np.ones(8), array).outputs.round(3)
        array([7.802])
    """
    curve = Ohmic() if curve is None else curve
    cells, inputs = checked_cells(cells, inputs)
    circuit = array.circuit(cells, inputs, minus)
    solution = solve(circuit) if curve.is_linear else solve_nonlinear(circuit, curve.current)
    return IrDrop(array, solution, ideal_outputs(cells, inputs, minus, curve))


def ideal_outputs(cells: Numbers, inputs: Numbers, minus: Numbers | None, curve: AnyCurrentVoltage) -> Numbers:
    """Output currents without wires, (columns,), in units of G_max V_read.

    Args:
        cells, inputs, minus, curve: as for `ir_drop`.

    Examples:
        >>> ideal_outputs(np.array([[0.2, 1.0], [0.4, 0.5]]), np.array([1.0, 0.5]), None, Ohmic())
        array([0.4 , 1.25])
    """
    import torch

    if curve.is_linear:
        return np.asarray(inputs @ (cells if minus is None else cells - minus))
    both = [
        curve.current(torch.from_numpy(held), torch.from_numpy(sign * inputs)[:, None]).numpy().sum(0)
        for held, sign in ((cells, 1), (minus, -1))
        if held is not None
    ]
    return np.asarray(sum(both))


def most_rows(
    cells: Numbers,
    inputs: Numbers,
    array: Array,
    error: float,
    minus: Numbers | None = None,
    curve: AnyCurrentVoltage | None = None,
    progress: Callable[[int], object] = lambda rows: None,
) -> int:
    """The tallest array whose worst column is off by no more than `error`, by bisection.

    An array of one row more is off by more. Taller ones may not be, where few rows are on, or their cells differ much.
    Rows at the far end of the bit lines are taken away: the first ones, or the last ones of a ground at the top alone.

    Args:
        cells, inputs, array, minus, curve: as for `ir_drop`.
        error: as a fraction of the largest ideal output of the array that is left.
        progress: called with each number of rows that is tried.

    Returns:
        Rows, 0 if even one is too many.

    Examples:
        Of 256 cells at G_max, the lowest ones that lose at most a hundredth of their current:

        >>> from bitline.arrays import GateDrivenArray
        >>> most_rows(np.ones((256, 1)), np.ones(256), GateDrivenArray(), error=0.01)
        54
    """

    def is_good(rows: int) -> bool:
        progress(rows)
        left = slice(0, rows) if array.is_grounded_at_the_top else slice(len(cells) - rows, None)
        part = ir_drop(cells[left], inputs[left], array, None if minus is None else minus[left], curve)
        return bool(np.any(part.ideal != 0)) is False or part.worst <= error

    good, bad = 0, len(cells) + 1
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if is_good(middle) else (good, middle)
    return good
