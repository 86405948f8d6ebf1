"""The voltages and currents of a circuit by Kirchhoff's laws."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu
from torch import Tensor

from bitline.arrays.circuit.elements import Circuit, Numbers, Places, merged_nodes
from bitline.errors import DesignError

Curve = Callable[[Tensor, Tensor], Tensor]
"""Currents of cells from their conductances and voltages, differentiable."""

BYTES_PER_NODE = 2000
"""Memory of the sparse factors, measured on square meshes of up to 10^6 nodes."""


@dataclass(frozen=True)
class Solution:
    """A solved circuit; see `solve` for an example.

    Attributes:
        circuit: what was solved.
        voltage: V/V_read of every node, (nodes,).
        current: currents from the first to the second end in units of G_max V_read, NaN for shorts, (resistors,).
        outputs: currents into the virtual grounds of each column, (columns,).
    """

    circuit: Circuit
    voltage: Numbers
    current: Numbers
    outputs: Numbers

    @property
    def across(self) -> Numbers:
        """Voltage across every resistor, (resistors,)."""
        ends = self.circuit.ends
        return self.voltage[ends[:, 0]] - self.voltage[ends[:, 1]]

    def cell_voltages(self) -> Numbers:
        """Voltage across every cell, (rows, columns); zero for cells that are off."""
        return self._on_cells(self.across)

    def cell_currents(self) -> Numbers:
        """Current of every cell, (rows, columns)."""
        return self._on_cells(self.current)

    def line_voltages(self) -> Numbers:
        """Voltage of the bit line at every cell, (rows, columns)."""
        return self.voltage[self.circuit.line]

    def power(self) -> tuple[float, float]:
        """Power in cells and in wires, in units of G_max V_read^2."""
        each = np.nan_to_num(self.across * self.current)
        cells = self.circuit.cell >= 0
        return float(each[cells].sum()), float(each[~cells].sum())

    def _on_cells(self, values: Numbers) -> Numbers:
        result = np.zeros(int(np.prod(self.circuit.shape)))
        cells = self.circuit.cell >= 0
        np.add.at(result, self.circuit.cell[cells], values[cells])
        return result.reshape(self.circuit.shape)


def solve(circuit: Circuit) -> Solution:
    """Solve Kirchhoff's laws by a sparse direct solution, in float64.

    Args:
        circuit: ohmic cells and wires.

    Raises:
        DesignError: a part of the circuit is connected to no driver and no ground, or it does not fit into memory.

    Examples:
        Two cells on one bit line whose wire has a tenth of their resistance:

        >>> from bitline.arrays import GateDrivenArray, Wire
        >>> from bitline.arrays.circuit import gate_driven_circuit
        >>> array = GateDrivenArray(bit_line=Wire(segment=0.1))
        >>> solution = solve(gate_driven_circuit(np.ones((2, 1)), np.ones(2), array))
        >>> solution.outputs.round(3), solution.cell_currents().round(3).tolist()
        (array([1.603]), [[0.763], [0.84]])
        >>> [round(power, 3) for power in solution.power()]  # in cells and in wires
        [1.288, 0.315]
    """
    return _solve(circuit, np.zeros(len(circuit.conductance)))


def solve_nonlinear(circuit: Circuit, curve: Curve, tolerance: float = 1e-10, iterations: int = 50) -> Solution:
    """Solve with cells whose current is not proportional to their voltage, by Newton's method.

    Args:
        circuit: a circuit whose cells have their conductances at small voltages.
        curve: currents of cells from their conductances and voltages, differentiable.
        tolerance: largest change of a voltage in the last step, in units of V_read.
        iterations: largest number of steps.

    Raises:
        DesignError: the iteration does not converge, or as for `solve`.

    Examples:
        >>> from bitline.arrays import RowDrivenArray
        >>> from bitline.arrays.circuit import row_driven_circuit
        >>> circuit = row_driven_circuit(np.ones((2, 1)), np.array([0.5, 1.0]), RowDrivenArray())
        >>> solve_nonlinear(circuit, lambda conductance, voltage: conductance * voltage**3).outputs.round(3)
        array([1.125])
    """
    cells = circuit.cell >= 0
    conductance = torch.from_numpy(circuit.conductance[cells].copy())
    solution = solve(circuit)
    change = np.inf
    for _ in range(iterations):
        across = torch.from_numpy(solution.across[cells].copy()).requires_grad_()
        current = curve(conductance, across)
        (slope,) = torch.autograd.grad(current.sum(), across)
        slopes, surplus = circuit.conductance.copy(), np.zeros(len(cells))
        slopes[cells] = slope.numpy()
        surplus[cells] = (current - slope * across).detach().numpy()
        better = _solve(replace(circuit, conductance=slopes), surplus)
        change = float(np.abs(better.voltage - solution.voltage).max())
        solution = better
        if change < tolerance:
            return replace(solution, circuit=circuit)
    raise DesignError(
        f"the nonlinear array did not converge in {iterations} Newton steps (last change {change:.1e} of V_read): "
        "use a smaller read voltage"
    )


def _solve(circuit: Circuit, surplus: Numbers) -> Solution:
    """Solve with a current source beside each resistor, from its first to its second end."""
    refuse_size(circuit)
    shorts = np.isinf(circuit.conductance)
    count, member = merged_nodes(circuit)
    held = np.zeros(count, dtype=bool)
    held[member[circuit.fixed]] = True
    potential = np.zeros(count)
    potential[member[circuit.fixed]] = circuit.voltage
    live = ~shorts & (circuit.conductance != 0)
    laplacian = _laplacian(member[circuit.ends[live]], circuit.conductance[live], count)
    refuse_islands(laplacian, held, circuit)
    injected = np.zeros(count)
    np.add.at(injected, member[circuit.ends[:, 0]], -surplus)
    np.add.at(injected, member[circuit.ends[:, 1]], surplus)
    free = ~held
    if free.any():
        known = laplacian[free][:, held] @ potential[held]
        factors = splu(laplacian[free][:, free].tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
        potential[free] = factors.solve(injected[free] - known)
    voltage = potential[member]
    across = voltage[circuit.ends[:, 0]] - voltage[circuit.ends[:, 1]]
    current = np.where(shorts, np.nan, np.where(shorts, 0.0, circuit.conductance) * across + surplus)
    return Solution(circuit, voltage, current, _outputs(circuit, current, member))


def _laplacian(ends: Places, conductance: Numbers, nodes: int):  # type: ignore[no-untyped-def]
    a, b = ends.T
    rows = np.concatenate([a, b, a, b])
    columns = np.concatenate([a, b, b, a])
    values = np.concatenate([conductance, conductance, -conductance, -conductance])
    return coo_matrix((values, (rows, columns)), shape=(nodes, nodes)).tocsr()


def refuse_islands(laplacian, held: NDArray[np.bool_], circuit: Circuit) -> None:  # type: ignore[no-untyped-def]
    """Refuse a circuit with a part that nothing holds at a voltage; `held` are its nodes with one."""
    count, part = connected_components(laplacian, directed=False)
    grounded = np.zeros(count, dtype=bool)
    grounded[part[held]] = True
    if not grounded.all():
        lost = int((~grounded[part]).sum())
        raise DesignError(
            f"{lost} nodes of the {circuit.shape[0]} x {circuit.shape[1]} array are connected to no driver and no "
            "ground: give their wires a terminal"
        )


def refuse_size(circuit: Circuit) -> None:
    """Refuse a circuit that does not fit into memory."""
    needed = circuit.nodes * BYTES_PER_NODE
    free = _available_bytes()
    if needed > free:
        raise DesignError(
            f"solving a {circuit.shape[0]} x {circuit.shape[1]} array takes about {needed / 1e9:.1f} GB of memory, and "
            f"{free / 1e9:.1f} GB are free: use fewer rows or columns (array.rows, array.columns)"
        )


def _available_bytes() -> int:
    """Memory that a process can have; on Linux with that of files which are kept in memory as long as there is room."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _outputs(circuit: Circuit, current: Numbers, member: Places) -> Numbers:
    """Current into the ground nodes of each column: what flows into each joined node from resistors."""
    into = np.zeros(member.max() + 1)
    flows = np.nan_to_num(current)
    np.add.at(into, member[circuit.ends[:, 1]], flows)
    np.add.at(into, member[circuit.ends[:, 0]], -flows)
    return np.array([sum(into[place] for place in {int(member[node]) for node in nodes}) for nodes in circuit.outputs])
