"""A circuit that is factored once and then solved for many inputs and for currents beside its cells."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import splu

from bitline.arrays.circuit.elements import Circuit, Numbers, merged_nodes
from bitline.arrays.circuit.nodal_analysis import refuse_islands, refuse_size


class DrivenCircuit:
    """Kirchhoff's laws of one array, factored.

    Args:
        circuit: built for inputs that are all 1.
        cells: conductances to solve with instead of those of the circuit's cells, in the circuit's order, (cells,).

    Raises:
        DesignError: as for `solve`.

    Examples:
        >>> from bitline.arrays import RowDrivenArray, Wire
        >>> from bitline.arrays.circuit import row_driven_circuit
        >>> array = RowDrivenArray(word_line=Wire(segment=0.1), bit_line=Wire(segment=0.1))
        >>> driven = DrivenCircuit(row_driven_circuit(np.ones((2, 1)), np.ones(2), array))
        >>> across, outputs = driven.solve(np.array([1.0, 0.5]), np.zeros(2))
        >>> across.round(3), outputs.round(3)
        (array([0.742, 0.355]), array([1.097]))
        >>> driven.weights().round(3)  # what a current beside each cell adds to the output
        array([[0.71 , 0.774]])
    """

    def __init__(self, circuit: Circuit, cells: Numbers | None = None) -> None:
        refuse_size(circuit)
        count, member = merged_nodes(circuit)
        kept = ~np.isinf(circuit.conductance)
        ends = member[circuit.ends[kept]]
        self._conductance = circuit.conductance[kept].copy()
        self._cells = np.flatnonzero(circuit.cell[kept] >= 0)
        if cells is not None:
            self._conductance[self._cells] = cells
        number = np.arange(len(ends))
        values = np.concatenate([np.ones(len(ends)), -np.ones(len(ends))])
        shape = (len(ends), count)
        self._across = coo_matrix((values, (np.tile(number, 2), ends.T.ravel())), shape=shape).tocsr()
        self._held = np.zeros(count, dtype=bool)
        self._held[member[circuit.fixed]] = True
        drivers = circuit.driver >= 0
        self._driven, self._row = member[circuit.fixed[drivers]], circuit.driver[drivers]
        self._sign = circuit.voltage[drivers]
        self._grounds = [sorted({int(member[node]) for node in nodes}) for nodes in circuit.outputs]
        laplacian = (self._across.T @ self._across.multiply(self._conductance[:, None])).tocsr()
        refuse_islands(laplacian, self._held, circuit)
        self._known = laplacian[~self._held][:, self._held]
        self._factors = splu(laplacian[~self._held][:, ~self._held].tocsc()) if (~self._held).any() else None

    def solve(self, inputs: Numbers, surplus: Numbers) -> tuple[Numbers, Numbers]:
        """Voltages across the cells, (cells,), and output currents, (columns,).

        Args:
            inputs: V/V_read of the rows, (rows,).
            surplus: current source beside each cell, from its row to its column, (cells,).
        """
        potential = np.zeros(len(self._held))
        potential[self._driven] = self._sign * inputs[self._row]
        sources = np.zeros(len(self._conductance))
        sources[self._cells] = surplus
        across = self._across @ self._filled(potential, sources)
        flows = self._conductance * across + sources
        into = -(self._across.T @ flows)
        return across[self._cells], np.array([into[nodes].sum() for nodes in self._grounds])

    def weights(self) -> Numbers:
        """What a current beside each cell adds to each output, (columns, cells)."""
        found = []
        for nodes in self._grounds:
            potential = np.zeros(len(self._held))
            potential[nodes] = 1
            across = self._across @ self._filled(potential, np.zeros(len(self._conductance)))
            found.append(-across[self._cells])
        return np.stack(found)

    def _filled(self, potential: Numbers, sources: Numbers) -> Numbers:
        """Potentials of all nodes from those of the held ones, in place."""
        if self._factors is not None:
            injected = -(self._across.T @ sources)[~self._held]
            potential[~self._held] = self._factors.solve(injected - self._known @ potential[self._held])
        return potential
