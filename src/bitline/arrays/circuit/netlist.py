"""A circuit as a netlist for other simulators."""

from __future__ import annotations

import numpy as np

from bitline.arrays.circuit.elements import Circuit, merged_nodes


def to_spice(circuit: Circuit, G_max_S: float, V_read_V: float, title: str = "array") -> str:
    """The circuit as a netlist for ngspice that prints the output currents in ampere.

    Args:
        circuit: a circuit with ohmic cells.
        G_max_S: conductance of a cell at G_max, in siemens.
        V_read_V: read voltage, in volt.
        title: what the first line calls the circuit.

    Examples:
        >>> from bitline.arrays import RowDrivenArray, Wire
        >>> from bitline.arrays.circuit import row_driven_circuit
        >>> array = RowDrivenArray(word_line=Wire(), bit_line=Wire(segment=0.1))
        >>> circuit = row_driven_circuit(np.array([[0.5]]), np.array([1.0]), array)
        >>> print("\\n".join(to_spice(circuit, G_max_S=1e-5, V_read_V=0.2).splitlines()[:5]))
        * array: 1 rows, 1 columns
        V_in0_0 n1 0 DC 0.2
        V_out0_0 n2 0 DC 0
        R0 n1 n0 200000
        R2 n0 n2 10000
    """
    _, member = merged_nodes(circuit)
    lines = [f"* {title}: {circuit.shape[0]} rows, {circuit.shape[1]} columns"]
    used: dict[int, str] = {}
    for node, voltage in zip(circuit.fixed, circuit.voltage, strict=True):
        place = int(member[node])
        if place not in used:
            used[place] = circuit.names[int(node)]
            lines.append(f"V_{used[place]} n{place} 0 DC {voltage * V_read_V:.12g}")
    for index, ((first, second), conductance) in enumerate(zip(circuit.ends, circuit.conductance, strict=True)):
        a, b = member[first], member[second]
        if a != b and conductance > 0 and np.isfinite(conductance):
            lines.append(f"R{index} n{a} n{b} {1 / (conductance * G_max_S):.12g}")
    probes = [f"i(v_{used[int(member[node])]})" for nodes in circuit.outputs for node in nodes]
    lines += [".options reltol=1e-12 abstol=1e-30 vntol=1e-15 numdgt=12", ".control", "set numdgt=14", "op"]
    lines += [f"print {probe}" for probe in probes]
    return "\n".join([*lines, ".endc", ".end", ""])
