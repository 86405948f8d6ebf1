"""IR drop of one array: what its wires do to voltages, currents and power.

For circuit designers: every node of the array is solved exactly (`arrays.circuit`), which shows where current is lost.
Whole networks use the faster solvers of `arrays._ladder` and `arrays._mesh`, which give the same outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bitline.arrays import Array, GateDrivenArray, RowDrivenArray
from bitline.arrays.circuit import Circuit, Solution, gate_driven_circuit, row_driven_circuit, solve, solve_nonlinear
from bitline.devices.current_voltage import Ohmic
from bitline.devices.registry import AnyCurrentVoltage
from bitline.errors import DataError, DesignError

if TYPE_CHECKING:
    import pandas as pd

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class IrDrop:
    """One array for one input vector, with and without wires.

    Attributes:
        array: the circuit's description.
        solution: every voltage and current, with wires.
        ideal: (columns,) output currents without wires, in units of G_max V_read.
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


def circuit_of(cells: Numbers, inputs: Numbers, array: Array, minus: Numbers | None = None) -> Circuit:
    """The circuit of one array.

    Args:
        cells: G/G_max, (rows, columns), row 0 at the top.
        inputs: (rows,) 1, 0 or -1 for gate-driven cells, V/V_read for row-driven ones.
        array: a gate-driven or row-driven array with resistive wires.
        minus: cells of the opposite supply where lines are interleaved.

    Raises:
        DesignError: an array without wires to solve.
        DataError: cells or inputs that are not finite, negative cells, or shapes that do not fit.
    """
    cells, inputs = _checked(cells, inputs)
    if isinstance(array, GateDrivenArray):
        if not np.isin(inputs, (-1, 0, 1)).all():
            raise DataError("gate-driven cells are on or off: inputs must be 1, 0 or -1")
        return gate_driven_circuit(cells, inputs, array, minus)
    if isinstance(array, RowDrivenArray):
        return row_driven_circuit(cells, inputs, array)
    raise DesignError(
        "array.kind is 'ideal', which has no wires to solve: use for example --set array.kind=gate-driven "
        "--set array.bit_line.segment=1e-5, or array.kind=row-driven"
    )


def ir_drop(
    cells: Numbers,
    inputs: Numbers,
    array: Array,
    minus: Numbers | None = None,
    curve: AnyCurrentVoltage | None = None,
) -> IrDrop:
    """Solve one array for one input vector; arguments and errors as for `circuit_of`.

    Args:
        curve: current against voltage of row-driven cells; ohmic if not given.
    """
    import torch

    curve = Ohmic() if curve is None else curve
    circuit = circuit_of(cells, inputs, array, minus)
    cells, inputs = _checked(cells, inputs)
    if curve.is_linear:
        return IrDrop(array, solve(circuit), inputs @ (cells if minus is None else cells - minus))
    currents = curve.current(torch.from_numpy(cells), torch.from_numpy(inputs)[:, None]).numpy()
    return IrDrop(array, solve_nonlinear(circuit, curve.current), currents.sum(0))


def most_rows(
    cells: Numbers,
    inputs: Numbers,
    array: Array,
    error: float,
    minus: Numbers | None = None,
    progress: Callable[[int], object] = lambda rows: None,
) -> int:
    """The tallest array whose worst column is off by no more than `error`, by bisection over its last rows.

    Args:
        cells, inputs, array, minus: as for `circuit_of`; the last rows are next to a virtual ground at the bottom.
        error: as a fraction of the largest ideal output of the array that is left.
        progress: called with each number of rows that is tried.

    Returns:
        Rows, 0 if even one is too many.
    """

    def is_good(rows: int) -> bool:
        progress(rows)
        part = ir_drop(cells[-rows:], inputs[-rows:], array, None if minus is None else minus[-rows:])
        return bool(np.any(part.ideal != 0)) is False or part.worst <= error

    good, bad = 0, len(cells) + 1
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if is_good(middle) else (good, middle)
    return good


def _checked(cells: Numbers, inputs: Numbers) -> tuple[Numbers, Numbers]:
    cells, inputs = np.asarray(cells, dtype=np.float64), np.asarray(inputs, dtype=np.float64)
    if cells.ndim != 2 or cells.size == 0:
        raise DataError(f"cells are {cells.shape}: give a matrix of G/G_max, (rows, columns)")
    if inputs.shape != cells.shape[:1]:
        raise DataError(f"inputs are {inputs.shape} for an array of {cells.shape[0]} rows: give one for each row")
    if not (np.isfinite(cells).all() and np.isfinite(inputs).all()):
        raise DataError("cells or inputs hold NaN or infinite values")
    if (cells < 0).any():
        raise DataError(f"cells hold {cells.min():g}: conductances are 0 or more, in units of G_max")
    return cells, inputs
