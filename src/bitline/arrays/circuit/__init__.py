"""Arrays as circuits of resistors, solved by nodal analysis: every voltage and current of one array.

For array-level studies and as an independent check of the fast solvers. Resistances and conductances are relative to
G_max, voltages to V_read.
"""

from bitline.arrays.circuit.elements import Circuit
from bitline.arrays.circuit.gate_driven import gate_driven_circuit
from bitline.arrays.circuit.netlist import to_spice
from bitline.arrays.circuit.nodal_analysis import Solution, solve, solve_nonlinear
from bitline.arrays.circuit.row_driven import row_driven_circuit

__all__ = [
    "Circuit",
    "Solution",
    "gate_driven_circuit",
    "row_driven_circuit",
    "solve",
    "solve_nonlinear",
    "to_spice",
]
