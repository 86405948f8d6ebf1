"""Stages 2 and 3 for one layer: weight codes to the programmed cells of its arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from bitline.arrays import Product
from bitline.design import Cell, Design
from bitline.devices.programming import mean_pulses
from bitline.encode.line_signs import LineSigns, by_row
from bitline.layer.drift_gain import Readings, drift_gain
from bitline.numerics.draws import Draws
from bitline.numerics.quotient import quotient
from bitline.numerics.whole_steps import whole_steps
from bitline.placement import Placement, packed_groups
from bitline.shapes import ArrayColumns, CellTensor, Float, Int, StoredCodes

TABLE_BITS = 16
"""Bits of weight codes up to which all of their conductances are worked out once."""
MOST_STEPS = 1 << 29
"""Steps of the grid below which all readings are whole numbers of 32 bits."""


def placement_of(design: Design, product: Product, outputs: int) -> Placement:
    """Where a layer lies on the arrays of a design.

    Args:
        design: of this layer.
        product: shape of the layer.
        outputs: output channels of all groups.

    Examples:
        >>> from bitline.arrays import MatrixProduct
        >>> placement = placement_of(Design(), MatrixProduct(2500), 600)
        >>> len(placement.row_slices), placement.tiles
        (3, 3)
    """
    array, has_units, columns = design.array, design.weights.has_unit_column, outputs // product.groups
    row_slices = array.partition(product).row_slices(product.rows, product.positions)
    alone = Placement(row_slices, columns, array.columns - has_units, has_units, product.groups)
    if len(row_slices) > 1 or alone.tiles > 1:
        return alone
    together = packed_groups(product.groups, product.rows, alone.array_columns, (array.rows, array.columns))
    return replace(alone, packed=together)


@dataclass(frozen=True)
class Cells:
    """The cells of one layer on one chip, at the time of inference.

    Attributes:
        conductance: mean G/G_max of reads, (lines, slices, groups, rows, columns + unit columns).
        targets: G/G_max that the codes ask for on lines without resistance, same shape.
        noise: standard deviation of G/G_max of every read, same shape; None where reads are exact.
        drift_gain: digital scale of every column that makes up for drift, (groups, columns + unit columns), or None.
        outside: fraction of the cells that were given up on outside the tolerance of programming.
        steps: conductance in steps of a grid, int32, same shape; None where it is on none.
        held: mean G/G_max of reads of the cells, where `conductance` is what wires make of it, same shape.
        line_signs: how each line counts in the digital sum; None where all of a reading and slice count the same.
        writes: write pulses of every cell, same shape; None where each got one.
    """

    conductance: CellTensor
    targets: CellTensor
    noise: CellTensor | None = None
    drift_gain: ArrayColumns | None = None
    outside: float = 0.0
    steps: Int[Tensor, "lines slices groups rows array_columns"] | None = None
    held: CellTensor | None = None
    line_signs: LineSigns | None = None
    writes: Int[Tensor, "lines slices groups rows array_columns"] | None = None

    @property
    def pulses(self) -> float:
        """Write pulses per cell, on average."""
        return mean_pulses(self.writes)

    @property
    def on_the_array(self) -> CellTensor:
        """G/G_max that the cells themselves hold."""
        return self.conductance if self.held is None else self.held

    @property
    def are_exact(self) -> bool:
        """Whether all cells are at their targets."""
        return self.steps is None and torch.equal(self.conductance, self.targets)

    def counting(self, shares: CellTensor | None) -> Cells:
        """The same cells where each counts a share on its line; they are 1 where none are given."""
        if shares is None:
            return self
        shares = shares.to(self.conductance)
        noise = None if self.noise is None else self.noise * shares
        return replace(self, conductance=self.conductance * shares, noise=noise, held=self.conductance)

    def resolved(self, step: float) -> Cells:
        """The nearest points of a grid with this step, halves to even."""
        low, high = map(float, torch.aminmax(self.conductance))
        if max(-low, high) < MOST_STEPS * step:
            steps, conductance = whole_steps(self.conductance, step)
            return replace(self, steps=steps, conductance=conductance)
        points = quotient(self.conductance.double(), step).round_().mul_(step)
        return replace(self, conductance=points.to(self.conductance.dtype))

    def to(self, like: Tensor) -> Cells:
        """The same cells with the dtype and on the device of `like`."""
        noise = None if self.noise is None else self.noise.to(like)
        gain = None if self.drift_gain is None else self.drift_gain.to(like)
        targets, conductance = self.targets.to(like), self.conductance.to(like)
        held = None if self.held is None else self.held.to(like)
        signs = None if self.line_signs is None else self.line_signs.to(like.device)
        moved = replace(self, conductance=conductance, targets=targets, noise=noise, drift_gain=gain, held=held)
        return replace(moved, line_signs=signs)


def target_conductances(codes: Float[Tensor, "*any"], design: Design) -> Float[Tensor, "lines slices *any"]:
    """Target G/G_max of every cell, (lines, slices, *codes.shape).

    G = G_min + (G_max - G_min) d / (2^b - 1) (Xiao et al. 2022, section 4.1), then the nearest level that the write
    circuit can aim at.

    Args:
        codes: integer weight codes, any shape, unit columns included.
    """
    return _targets(codes, design, design.weights.digits)


def line_targets(
    codes: StoredCodes, design: Design, signs: LineSigns | None, row_slices: Sequence[slice]
) -> CellTensor:
    """`target_conductances` of a layer, some of whose lines may hold mirrored digits.

    Args:
        codes: integer weight codes, (groups, rows, columns + unit columns).
        signs: of the lines.
        row_slices: rows of each row partition.
    """
    targets = target_conductances(codes, design)
    if signs is None:
        return targets
    mirrored = by_row(signs.mirrored.to(codes.device), row_slices)
    return torch.where(mirrored, _targets(codes, design, design.weights.mirrored_digits), targets)


def conductances_of(digits: Float[Tensor, "*any"], design: Design) -> Float[Tensor, "*any"]:
    """Target G/G_max of digits, the nearest levels that the write circuit can aim at.

    Args:
        digits: fractions of the conductance window, any shape.
        design: its cells.
    """
    low = design.cell.window_low
    return design.cell.levels.nearest(digits.mul(1 - low).add_(low), low)


def target_table(
    design: Design, like: Tensor, digits: Callable[[Tensor], Tensor]
) -> Float[Tensor, "lines slices codes"]:
    """Target G/G_max of every code.

    Args:
        design: with codes of at most `TABLE_BITS` bits.
        like: a tensor of the precision and device.
        digits: of codes.
    """
    top = design.weights.top_code
    return conductances_of(digits(torch.arange(-top, top + 1, dtype=like.dtype, device=like.device)), design)


def _targets(
    codes: Float[Tensor, "*any"], design: Design, digits: Callable[[Tensor], Tensor]
) -> Float[Tensor, "lines slices *any"]:
    if design.weights.code_bits > TABLE_BITS:
        return conductances_of(digits(codes), design)
    table, top = target_table(design, codes, digits), design.weights.top_code
    places = (codes + top).flatten().int()
    found = table.new_empty(*table.shape[:2], len(places))
    for line, slices in enumerate(table):
        for index, targets in enumerate(slices):
            torch.index_select(targets, 0, places, out=found[line, index])
    return found.reshape(*table.shape[:2], *codes.shape)


def written_targets(wanted: CellTensor, design: Design, placement: Placement, positions: int) -> CellTensor:
    """Target G/G_max that the write circuit aims at: those wanted, unless the array predistorts them.

    Predistorted ones end at G_min, too, and take the nearest level, as all that is aimed at.

    Args:
        wanted: target G/G_max on lines without resistance, (lines, slices, groups, rows, columns + unit columns).
        placement: of the layer on its arrays.
        positions: kernel positions of an input channel.
    """
    cell = design.cell
    aimed = design.array.predistorted(wanted, placement.row_slices, positions, cell.current_voltage.current)
    if aimed is wanted:
        return wanted
    low = cell.window_low
    return cell.levels.nearest(torch.maximum(aimed, wanted.clamp(max=low)), low)


def program_cells(
    codes: StoredCodes, design: Design, placement: Placement, chip: Draws, name: str, positions: int = 1
) -> Cells:
    """Program the cells of a layer and let them age until `cell.time`, on the CPU.

    The same draws give the same cells whatever is computed with them later, and at every time. Devices with errors
    program in float32; an exact one in the precision of the codes.

    Args:
        codes: integer weight codes, (groups, rows, columns + unit columns).
        placement: of the layer on its arrays.
        chip: random numbers of the chip.
        name: the layer's branch of them.
        positions: kernel positions of an input channel.
    """
    exact = design.cell.device.is_exact
    codes = codes.cpu() if exact else codes.float().cpu()
    signs = design.weights.line_signs(codes, placement.row_slices, design.cell.window_low)
    wanted = line_targets(codes, design, signs, placement.row_slices)
    return replace(program_targets(wanted, design, placement, chip, name, positions), line_signs=signs)


def program_targets(
    wanted: CellTensor, design: Design, placement: Placement, chip: Draws, name: str, positions: int = 1
) -> Cells:
    """`program_cells` of cells whose targets are known.

    Args:
        wanted: target G/G_max, (lines, slices, groups, rows, columns + unit columns).
        placement: of the layer on its arrays.
        chip: random numbers of the chip.
        name: the layer's branch of them.
        positions: kernel positions of an input channel.
    """
    cell = design.cell
    draws = chip.of(name)
    target = written_targets(wanted, design, placement, positions)

    def pulse(numbers: Draws) -> Tensor:
        varied = cell.variation.apply(cell.device.program(target, numbers), placement, draws, chip)
        return varied.clamp(*cell.clip_limits)

    written = cell.programming.write(pulse, target, lambda g: cell.read_noise.sigma(g, g, cell.device, 0.0), draws)
    aged = cell.device.aged(written.conductance, target, cell.time, draws)
    if cell.time > 0 and cell.clip != "none":
        aged = aged.clamp(min=0)
    states = cell.faults.states(target, cell.window_low, placement, draws)
    fresh = cell.faults.apply(states, written.conductance, cell.window_low, draws, 0.0)
    now = cell.faults.apply(states, aged, cell.window_low, draws, cell.time)
    noise = cell.read_noise.sigma(now, fresh, cell.device, cell.time)
    if noise is not None and cell.read_noise.lasts(cell.device):
        if cell.drift_compensation != "none":
            first = cell.read_noise.sigma(fresh, fresh, cell.device, 0.0)
            fresh = fresh if first is None else _with_lasting_noise(fresh, first, cell, draws, 0.0)
        now, noise = _with_lasting_noise(now, noise, cell, draws, cell.time), None
    gain = drift_gain(fresh, now, wanted, Readings(design, placement, positions))
    now, noise = cell.read_noise.shown(now, noise)
    return Cells(now, wanted, noise, gain, written.outside, writes=written.writes)


def _with_lasting_noise(
    conductance: CellTensor, sigma: CellTensor, cell: Cell, draws: Draws, seconds: float
) -> CellTensor:
    """Conductances that all reads at this time see."""
    noisy = draws.normal(conductance.shape, f"noise at {seconds!r} s").mul_(sigma).add_(conductance)
    ends_at_zero = cell.clip != "none" or getattr(cell.read_noise, "clip", "none") == "zero"
    return noisy.clamp_(min=0) if ends_at_zero else noisy
