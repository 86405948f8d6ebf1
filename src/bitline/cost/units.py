"""Units of an accelerator at work on full arrays: cores, tiles and chips, as data sheets and papers report them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from bitline.arrays.product import MatrixProduct
from bitline.config.arguments import checked
from bitline.cost import area, shown
from bitline.cost.components import largest_first
from bitline.cost.designs import design_and_library
from bitline.cost.efficiency import Efficiency
from bitline.cost.library import Library
from bitline.cost.mapping import ArrayMapping
from bitline.cost.schedule import ConversionSchedule
from bitline.cost.work import FULL, RowActivity, Work
from bitline.design import Design
from bitline.errors import DesignError
from bitline.layer.cells import placement_of
from bitline.quantize import magnitude_bits_of


@dataclass(frozen=True, repr=False)
class UnitCost(Efficiency):
    """A unit that multiplies without a pause.

    Attributes:
        unit: 'core', 'tile' or 'chip'.
        operations: operations of one product of all its matrices; a multiplication with addition is two.
        energies_pJ: energy of this product by component.
        time_ns: time of this product.
        areas_mm2: area by component.

    Examples:
        >>> cost = UnitCost("core", 1000, {"ADCs": 40.0, "cells": 10.0}, time_ns=100, areas_mm2={"ADCs": 0.1})
        >>> print(cost)
        core at work
          0.01 TOPS, 20 TOPS/W, 0.1 TOPS/mm², 0.5 mW, 0.1 mm²
          most energy  ADCs 80 %, cells 20 %
          most area    ADCs 100 %
    """

    unit: str
    operations: float
    energies_pJ: Mapping[str, float]
    time_ns: float
    areas_mm2: Mapping[str, float]

    @property
    def period_ns(self) -> float:
        """Time of one product, which the next one follows at once."""
        return self.time_ns

    @property
    def energy_per_operation_fJ(self) -> float:
        """Femtojoules of an operation."""
        return 1e3 * self.energy_pJ / self.operations

    @property
    def power_mW(self) -> float:
        """Power in milliwatts."""
        return self.energy_pJ / self.time_ns

    def __repr__(self) -> str:
        return shown.name_of_unit(self)

    def __str__(self) -> str:
        return shown.text_of_unit(self)


@checked(DesignError)
def core_cost(
    design: Design | str,
    library: Library | None = None,
    *,
    rows: int = 1152,
    columns: int = 256,
    activity: RowActivity = FULL,
) -> UnitCost:
    """A core for one matrix of this size: all slices, partitions and input bits (Xiao et al. 2022, section 9.2).

    Args:
        design: the accelerator.
        library: circuits; those that the design names if not given.
        rows: inputs of the matrix.
        columns: outputs of the matrix.
        activity: of its inputs and cells, from `RowActivity.average` of a network.

    Raises:
        DesignError: the design has no converter, there is no such library, or the matrix has no whole size.

    Examples:
        >>> core_cost("sonos-a")
        <UnitCost of a core: 1.76 TOPS, 49.2 mW, 0.24 mm²>
        >>> core_cost("sonos-a", activity=RowActivity(driven=0.17, squared=0.17, conductance=0.0043))
        <UnitCost of a core: 1.76 TOPS, 14.8 mW, 0.24 mm²>
    """
    design, library = design_and_library(design, library)
    for name, size in (("rows", rows), ("columns", columns)):
        if size < 1 or not float(size).is_integer():
            raise DesignError(f"{name} of a core is {size}: use a whole number from 1, the size of a matrix")
    at, work = _work(design, library, rows, columns, activity)
    time = work.product_ns(design, library)
    cores = at.cores(1, library)
    energies = Counter(work.energies(design, library)) + Counter(library.standing_pJ("core", time * cores))
    areas = area.times(area.array_area(design, library, work.readout, at), at.arrays)
    areas.update(area.matrix_area(design, library, at))
    areas.update(area.times(area.core_area(library), cores))
    return UnitCost("core", 2.0 * rows * columns, largest_first(energies), time, largest_first(areas))


@checked(DesignError)
def unit_costs(
    design: Design | str, library: Library | None = None, activity: RowActivity = FULL
) -> tuple[UnitCost, ...]:
    """A core full of matrices of one array's size, a tile, and a chip where the library says how large it is.

    Args:
        design: the accelerator.
        library: circuits; those that the design names if not given.
        activity: of inputs and cells, from `RowActivity.average` of a network.

    Raises:
        DesignError: the design has no converter, or there is no such library.

    Examples:
        >>> for unit in unit_costs("isaac"):
        ...     unit
        <UnitCost of a core: 0.0203 TOPS, 24 mW, 0.0131 mm²>
        <UnitCost of a tile: 0.244 TOPS, 329 mW, 0.372 mm²>
        <UnitCost of a chip: 41 TOPS, 65,708 mW, 85.4 mm²>
    """
    design, library = design_and_library(design, library)
    columns = placement_of(design, MatrixProduct(1), 1).width
    at, work = _work(design, library, design.array.word_lines, columns, activity)
    arrays = library.organisation.arrays_per_core or at.arrays
    matrices = arrays / at.arrays
    time = work.product_ns(design, library)
    counted = area.times(Counter(work.energies(design, library)), matrices)
    energies = counted + Counter(library.standing_pJ("core", time))
    areas = area.times(area.array_area(design, library, work.readout, at), arrays)
    areas.update(area.times(area.matrix_area(design, library, at), matrices))
    areas.update(area.core_area(library))
    operations = 2.0 * at.rows * columns * matrices
    core = UnitCost("core", operations, largest_first(energies), time, largest_first(areas))
    tile = _of(core, "tile", library.organisation.cores_per_tile, library, area.tile_area(library))
    if library.organisation.tiles_per_chip is None:
        return core, tile
    return core, tile, _of(tile, "chip", library.organisation.tiles_per_chip, library, area.chip_area(library))


def _work(
    design: Design, library: Library, rows: int, columns: int, activity: RowActivity
) -> tuple[ArrayMapping, Work]:
    at = ArrayMapping.of(MatrixProduct(rows), columns, design)
    signed = design.inputs.signed is True
    bits = magnitude_bits_of(design.inputs.code_bits, signed, f"design {design.name!r}")
    readout = ConversionSchedule.of(design, library, bits, signed)
    return at, Work(at, activity, readout, 1.0)


def _of(part: UnitCost, unit: str, count: int, library: Library, areas: Counter[str]) -> UnitCost:
    energies = area.times(Counter(part.energies_pJ), count) + Counter(library.standing_pJ(unit, part.time_ns))
    together = area.times(Counter(part.areas_mm2), count) + areas
    return UnitCost(unit, part.operations * count, largest_first(energies), part.time_ns, largest_first(together))
