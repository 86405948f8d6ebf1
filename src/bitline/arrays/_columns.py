"""Gate-driven columns solved at every node: the voltage of every cell, with any curve, and what its noise does.

A column has a bit line, and where source lines have resistance one for each sign of the supply. Walk from the far end
and keep the Norton equivalent (J, Y) of the part walked so far, as `_two_wires` does; then walk back with the voltage
at the foot, which gives those of all nodes. Nonlinear cells are replaced by their tangents, again and again (Newton).

What a small current into a node adds to the output is the voltage phi of that node when the grounds are at 1 V and
all supplies at 0 (reciprocity), so a cell of conductance G between a source node s and a bit node b has

    d output / d G = dI/dG(v_s - v_b) (phi_b - phi_s).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bitline.arrays._line_wires import OPEN, LineWires
from bitline.arrays._two_wires import POTENTIALS, ColumnWires
from bitline.arrays.nodal_lines import ITERATIONS, TOLERANCE, Block, NodalLines, linearised
from bitline.errors import DesignError

AT_ONCE = 1 << 18
"""Cells times vectors that are solved at once."""
GROUNDS = (1.0, 0.0, 0.0)
"""Potentials of ground, plus and minus supply with which outputs weigh currents."""


@dataclass(frozen=True)
class Branches:
    """Something of the cells between a bit line and its two supplies, (rows, vectors, lines) each."""

    plus: Tensor
    minus: Tensor

    @property
    def total(self) -> Tensor:
        """The sum over both supplies."""
        return self.plus + self.minus


@dataclass(frozen=True)
class Nodes:
    """A solved column.

    Attributes:
        across: voltages across cells, from the supply to the bit line.
        output: current into the grounds, (vectors, lines).
    """

    across: Branches
    output: Tensor


class GateDrivenColumns(NodalLines):
    """The columns of one block of gate-driven cells.

    Args:
        wires: of every column; a source line without resistance counts as ideal supplies.
        plus: G/G_max of cells on the supply of the row's sign, (rows, lines), from the far end to the foot.
        minus: G/G_max of cells on the opposite supply, same shape; None if there are none.
        noise: standard deviations of both, where reads have noise.
        order: (rows,) row of the partition at each place.
        block: whose lines they are.
    """

    def __init__(
        self,
        wires: ColumnWires,
        cells: tuple[Tensor, Tensor | None],
        noise: tuple[Tensor, Tensor | None] | None,
        order: Tensor,
        block: Block,
    ) -> None:
        super().__init__(block)
        self._wires, self._order, self._current = wires, order, block.current
        self._cells, self._noise = cells, noise

    def of_voltages(self, drive: Tensor) -> tuple[Tensor, Tensor]:
        rows, lines = self._cells[0].shape
        size = max(1, AT_ONCE // (rows * lines))
        parts = [self._of_some(drive[first : first + size, self._order]) for first in range(0, len(drive), size)]
        currents, variances = (torch.cat(values) for values in zip(*parts, strict=True))
        return currents, variances

    def _of_some(self, drive: Tensor) -> tuple[Tensor, Tensor]:
        sign = drive.T[:, :, None]
        held, present = self._branches(self._cells, sign), self._present(sign)
        nodes = self._newton(held, present)
        if self._noise is None:
            return nodes.output, torch.zeros_like(nodes.output)
        _, slopes, by_conductance = self._tangents(held, nodes.across, present)
        weights = self._solve(slopes, _none_of(slopes), GROUNDS).across
        noise = self._branches(self._noise, sign)
        each = [
            (sigma * by * weight).square().sum(0)
            for sigma, by, weight in (
                (noise.plus, by_conductance.plus, weights.plus),
                (noise.minus, by_conductance.minus, weights.minus),
            )
        ]
        return nodes.output, each[0] + each[1]

    def _newton(self, held: Branches, present: Branches) -> Nodes:
        """The columns, each vector's as soon as it has settled."""
        ideal = POTENTIALS[1:]
        across = Branches(*(torch.full_like(cells, volts) for cells, volts in zip(_both(held), ideal, strict=True)))
        nodes: Nodes | None = None
        settled = torch.zeros(0, dtype=torch.bool)
        for _ in range(ITERATIONS):
            given, slopes, _ = self._tangents(held, across, present)
            triples = zip(_both(given), _both(slopes), _both(across), strict=True)
            surplus = Branches(*(current - slope * volts for current, slope, volts in triples))
            found = self._solve(slopes, surplus, POTENTIALS)
            change = torch.maximum(
                *(
                    ((new - old) * there).abs().amax(0)
                    for new, old, there in zip(_both(found.across), _both(across), _both(present), strict=True)
                )
            )
            nodes = found if nodes is None else _kept(nodes, found, settled)
            settled = change <= TOLERANCE
            across = nodes.across
            if bool(settled.all()):
                return nodes
        raise DesignError(
            f"bit lines of nonlinear cells did not converge in {ITERATIONS} Newton steps (last change "
            f"{float(change.max()):.1e} of V_read): use wires of less resistance or a smaller read voltage"
        )

    def _tangents(self, held: Branches, across: Branches, present: Branches) -> tuple[Branches, ...]:
        """Currents of cells, and their slopes against voltage and conductance, 0 where there are none."""
        pairs = [
            [value * there for value in linearised(self._current, cells, volts)]
            for cells, volts, there in zip(_both(held), _both(across), _both(present), strict=True)
        ]
        return tuple(Branches(*both) for both in zip(*pairs, strict=True))

    def _branches(self, cells: tuple[Tensor, Tensor | None], sign: Tensor) -> Branches:
        """Something of the cells, (rows, lines), that are on, by the supply that they are on."""
        own, opposite = (None if each is None else each.double()[:, None] for each in cells)
        assert own is not None
        positive, negative = sign > 0, sign < 0
        plus, minus = own * positive, own * negative
        if opposite is not None:
            plus, minus = plus + opposite * negative, minus + opposite * positive
        return Branches(plus, minus)

    def _present(self, sign: Tensor) -> Branches:
        """1 where there is a cell that is on, which may have no conductance, else 0."""
        ones = torch.ones_like(self._cells[0])
        return self._branches((ones, None if self._cells[1] is None else ones), sign)

    def _solve(self, slopes: Branches, surplus: Branches, potentials: tuple[float, ...]) -> Nodes:
        """Kirchhoff's laws for cells that draw slope V + surplus."""
        ground, *supplies = potentials
        if self._wires.source.is_ideal:
            injected = surplus.total + sum(
                slope * supply for slope, supply in zip(_both(slopes), supplies, strict=True)
            )
            voltage, output = swept(slopes.total[..., None, None], injected[..., None], (self._wires.bit,), (ground,))
            across = (supply - voltage[..., 0] for supply in supplies)
            return Nodes(Branches(*across), output)
        wires = (self._wires.bit, self._wires.source, self._wires.source)
        load = torch.diag_embed(torch.stack([slopes.total, slopes.plus, slopes.minus], -1))
        for line, slope in ((1, slopes.plus), (2, slopes.minus)):
            load[..., 0, line] = load[..., line, 0] = -slope
        injected = torch.stack([surplus.total, -surplus.plus, -surplus.minus], -1)
        voltage, output = swept(load, injected, wires, potentials)
        return Nodes(Branches(*(voltage[..., line] - voltage[..., 0] for line in (1, 2))), output)


def swept(
    load: Tensor, injected: Tensor, wires: tuple[LineWires, ...], potentials: tuple[float, ...]
) -> tuple[Tensor, Tensor]:
    """Voltages of the nodes of columns, (rows, vectors, lines, wires), and currents into the grounds, (vectors, lines).

    Args:
        load: conductances that cells add at each row, (rows, vectors, lines, wires, wires).
        injected: currents that cells add at each row, (rows, vectors, lines, wires).
        wires: the bit line, and source lines with resistance.
        potentials: of what feeds each wire at its ends.
    """
    potential, segment = load.new_tensor(potentials), load.new_tensor([wire.segment for wire in wires])
    entry = load.new_tensor([wire.at_head for wire in wires])
    conductance, current = torch.diag(entry).expand_as(load[0]), (entry * potential).expand_as(injected[0])
    walked = []
    for row, (cells, given) in enumerate(zip(load, injected, strict=True)):
        if row > 0:
            step = torch.eye(len(wires), dtype=load.dtype) + conductance * segment
            both = _divided(step, torch.cat([conductance, current[..., None]], -1))
            conductance, current = both[..., :-1], both[..., -1]
            walked.append((conductance, current))
        conductance, current = conductance + cells, current + given
    voltage, delivered = _foot(conductance, current, wires, potential)
    nodes = [voltage]
    for conductance, current in reversed(walked):
        through = current - (conductance @ voltage[..., None])[..., 0]
        voltage = voltage + segment * through
        nodes.append(voltage)
    head = wires[0].segment + wires[0].head
    output = delivered if head == OPEN else delivered + (voltage[..., 0] - potential[0]) / head
    return torch.stack(nodes[::-1]), output


def _foot(
    conductance: Tensor, current: Tensor, wires: tuple[LineWires, ...], potential: Tensor
) -> tuple[Tensor, Tensor]:
    """Voltages of the last nodes, and the current into the ground at the foot."""
    foot = wires[0].segment + wires[0].foot
    if len(wires) == 1:
        delivered = (current - conductance[..., 0] * potential)[..., 0] / (1 + foot * conductance[..., 0, 0])
        return (potential + foot * delivered[..., None]), delivered
    fed = potential.new_tensor([0.0] + [wire.at_foot for wire in wires[1:]])
    conductance, current = conductance + torch.diag(fed), current + fed * potential
    sources, between = conductance[..., 1:, 1:], conductance[..., 1:, :1]
    # what the source lines do, as the bit line sees it
    both = torch.linalg.solve(sources, torch.cat([between, current[..., 1:, None]], -1))
    loaded = conductance[..., 0, 0] - (between[..., 0] * both[..., 0]).sum(-1)
    short = current[..., 0] - (between[..., 0] * both[..., 1]).sum(-1)
    delivered = (short - loaded * potential[0]) / (1 + foot * loaded)
    bit = potential[0] + foot * delivered
    return torch.cat([bit[..., None], both[..., 1] - both[..., 0] * bit[..., None]], -1), delivered


def _divided(step: Tensor, values: Tensor) -> Tensor:
    """step^-1 values."""
    if step.shape[-1] == 1:
        return values / step
    solved: Tensor = torch.linalg.solve(step, values)
    return solved


def _both(branches: Branches) -> tuple[Tensor, Tensor]:
    return branches.plus, branches.minus


def _none_of(branches: Branches) -> Branches:
    return Branches(*map(torch.zeros_like, _both(branches)))


def _kept(before: Nodes, now: Nodes, settled: Tensor) -> Nodes:
    """What was found, and before it what had settled: no vector depends on how long others take."""
    pairs = zip(_both(before.across), _both(now.across), strict=True)
    across = Branches(*(torch.where(settled, old, new) for old, new in pairs))
    return Nodes(across, torch.where(settled, before.output, now.output))
