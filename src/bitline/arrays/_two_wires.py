"""Bit lines whose cells hang on source lines with resistance, solved exactly in one pass.

A column has a bit line (b) and a source line for each sign of the supply: plus (p) and minus (m). Walk all three from
the far end and keep what the part walked so far is to the rest: conductances Y between the three wires and to the
supplies and grounds behind them, and the currents J that it delivers into three short circuits (a Norton equivalent of
three ports). A cell of conductance g between a source line and the bit line adds g to Y between them; a segment of wire
turns Y into (1 + Y R)^-1 Y and J into (1 + Y R)^-1 J, where R has the resistances of the segment on its diagonal. That
is `plain_two_wires`, the readable version.

The kernel keeps Y as the conductances of its branches, which are all positive, and puts one resistor at a time in
series by turning a star into a mesh, so that nothing cancels and nothing grows.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bitline.arrays._ladder import InputWindows, bit_by_bit
from bitline.arrays._line_wires import OPEN, LineWires

POTENTIALS = (0.0, 1.0, -1.0)
"""V/V_read of what feeds the bit line, the plus line and the minus line."""


@dataclass(frozen=True)
class ColumnWires:
    """The wires of a column.

    Attributes:
        bit: the bit line, with a virtual ground at one end or at both; at the foot only if it has no resistance.
        source: each source line, fed at one end or at both through more than no resistance.

    Examples:
        >>> ColumnWires(LineWires(0.1), LineWires(0.2).reversed()).sweeps[0].source
        LineWires(segment=0.2, foot=inf, head=0.0)
    """

    bit: LineWires
    source: LineWires

    @property
    def sweeps(self) -> tuple[ColumnWires, ...]:
        """The walks that give the currents of all grounds: towards the foot, and towards the head if it has one."""
        other = ColumnWires(self.bit.reversed(), self.source.reversed())
        return (self,) if self.bit.head == OPEN else (self, other)


def plain_two_wires(drive: Tensor, plus: Tensor, minus: Tensor, wires: ColumnWires) -> Tensor:
    """Currents of bit lines, for any device and dtype.

    Args:
        drive: 1 or -1 where a row is on, with the sign of its supply, 0 where it is off, (batch, rows); row 0 is
            farthest from the foot.
        plus: G/G_max of cells on the supply of the row's sign, (rows, lines).
        minus: G/G_max of cells on the opposite supply, same shape.
        wires: of every column.

    Returns:
        (batch, lines) in units of G_max V_read; the sum over both ends where both have a virtual ground.

    Examples:
        Two cells with a conductance of 1; fed from the other end, both see the same voltage:

        >>> cells, none, on = torch.ones(2, 1), torch.zeros(2, 1), torch.ones(1, 2)
        >>> wire = LineWires(segment=0.1)
        >>> plain_two_wires(on, cells, none, ColumnWires(wire, wire.reversed()))
        tensor([[1.3333]])
        >>> plain_two_wires(on, cells, none, ColumnWires(wire, wire))
        tensor([[1.3415]])
    """
    result = _current_at_the_foot(drive, plus, minus, wires)
    if len(wires.sweeps) == 1:
        return result
    return result + _current_at_the_foot(drive.flip(1), plus.flip(0), minus.flip(0), wires.sweeps[1])


def _current_at_the_foot(drive: Tensor, plus: Tensor, minus: Tensor, wires: ColumnWires) -> Tensor:
    lines = (wires.bit, wires.source, wires.source)
    potentials = plus.new_tensor(POTENTIALS)
    resistance = plus.new_tensor([line.segment for line in lines])
    entry = plus.new_tensor([line.at_head for line in lines])
    conductance = torch.diag(entry).expand(len(drive), plus.shape[1], 3, 3)
    current = (entry * potentials).expand(len(drive), plus.shape[1], 3)
    for row, (with_sign, against) in enumerate(zip(plus, minus, strict=True)):
        if row > 0:
            step = torch.eye(3, dtype=plus.dtype, device=plus.device) + conductance * resistance
            conductance = torch.linalg.solve(step, conductance)
            current = torch.linalg.solve(step, current[..., None])[..., 0]
        positive, negative = (drive[:, row, None] > 0).to(plus.dtype), (drive[:, row, None] < 0).to(plus.dtype)
        to_plus, to_minus = positive * with_sign + negative * against, positive * against + negative * with_sign
        conductance = conductance + _branch(to_plus, 1) + _branch(to_minus, 2)
    exit_ = plus.new_tensor([0.0] + [line.at_foot for line in lines[1:]])
    conductance, current = conductance + torch.diag(exit_), current + exit_ * potentials
    held = torch.linalg.solve(conductance[..., 1:, 1:], conductance[..., 1:, :1])[..., 0]  # sources follow the bit line
    delivered = current[..., 0] - (held * current[..., 1:]).sum(-1)
    loaded = conductance[..., 0, 0] - (held * conductance[..., 0, 1:]).sum(-1)
    result: Tensor = delivered / (1 + (wires.bit.segment + wires.bit.foot) * loaded)
    return result


def _branch(conductance: Tensor, line: int) -> Tensor:
    """What a conductance between the bit line and another line adds to Y, (..., 3, 3)."""
    ends = torch.zeros(3, dtype=conductance.dtype, device=conductance.device)
    ends[0], ends[line] = 1, -1
    return conductance[..., None, None] * ends[:, None] * ends


def two_wire_products(
    codes: Tensor, windows: InputWindows, plus: Tensor, minus: Tensor, wires: ColumnWires, bits: int
) -> Tensor:
    """Products of input codes with the cells of an array, one input bit after the other, all wires included.

    Args:
        codes: integers in a float tensor, (samples, elements), |code| < 2^bits.
        windows: which element each row reads at each position.
        plus, minus: as for `plain_two_wires`, (rows, lines).
        wires: of every column.
        bits: number of input bits.

    Returns:
        Sum over bits k of 2^k times the current of bit k, (samples, lines, positions).

    Examples:
        >>> cells, windows = torch.ones(2, 1), InputWindows(offset=torch.tensor([0, 1]), base=torch.tensor([0]))
        >>> wires = ColumnWires(LineWires(segment=0.1), LineWires(segment=0.1).reversed())
        >>> two_wire_products(torch.tensor([[3.0, -1.0]]), windows, cells, torch.zeros(2, 1), wires, bits=2)
        tensor([[[1.5385]]])
    """
    if codes.device.type != "cpu":
        return plain_two_wire_products(codes, windows, plus, minus, wires, bits)
    from bitline.arrays._two_wires_numba import products_at_the_foot

    total = products_at_the_foot(codes, windows, plus, minus, wires, bits)
    if len(wires.sweeps) == 1:
        return total
    flipped = InputWindows(windows.offset.flip(0), windows.base)
    return total + products_at_the_foot(codes, flipped, plus.flip(0), minus.flip(0), wires.sweeps[1], bits)


def plain_two_wire_products(
    codes: Tensor, windows: InputWindows, plus: Tensor, minus: Tensor, wires: ColumnWires, bits: int
) -> Tensor:
    """`two_wire_products` in plain PyTorch, for any device and dtype."""
    return bit_by_bit(lambda drive: plain_two_wires(drive, plus, minus, wires), codes, windows, bits)
