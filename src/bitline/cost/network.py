"""Energy, area and latency of a network on a design."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from bitline.cost import area
from bitline.cost._digital_work import DigitalWork
from bitline.cost.library import Library, libraries
from bitline.cost.mapping import ArrayMapping, copies_of
from bitline.cost.statistics import LayerStatistics, Statistics
from bitline.cost.work import ConversionSchedule, RowActivity, Work, converter
from bitline.design import Design
from bitline.errors import DesignError
from bitline.numerics.text import number

if TYPE_CHECKING:
    import pandas as pd

OUTSIDE = "(outside the arrays)"
"""Name of what belongs to no analog layer."""


@dataclass(frozen=True)
class LayerCost:
    """One layer and one image.

    Attributes:
        name: as in the network, or `OUTSIDE`.
        macs: multiplications with addition.
        arrays: of all copies.
        copies: of the matrix.
        cores: of all copies.
        used: share of the cells of its arrays that hold weights.
        conversions: analog-to-digital conversions.
        energies_pJ: energy by component.
        time_ns: time that its arrays work.
    """

    name: str
    macs: float
    arrays: int
    copies: int
    cores: int
    used: float
    conversions: float
    energies_pJ: Mapping[str, float]
    time_ns: float

    @property
    def energy_pJ(self) -> float:
        """Energy of all components."""
        return sum(self.energies_pJ.values())


@dataclass(frozen=True)
class NetworkCost:
    """Cost of a network on a design.

    Attributes:
        design: name of the design.
        library: name of the component library.
        layers: analog layers in the order of the network, then what is outside of them.
        areas_mm2: area of all tiles and chips in use by component.
        tiles: tiles in use.
        chips: chips in use.
        latency_ns: from an image's first product to its last, one layer after the other.
        interval_ns: from one image to the next.
        notes: what rests on estimates and what is not counted.
    """

    design: str
    library: str
    layers: tuple[LayerCost, ...]
    areas_mm2: Mapping[str, float]
    tiles: int
    chips: int
    latency_ns: float
    interval_ns: float
    notes: tuple[str, ...] = ()

    @cached_property
    def energies_pJ(self) -> dict[str, float]:
        """Energy of one image by component, largest first."""
        total: Counter[str] = Counter()
        for layer in self.layers:
            total.update(layer.energies_pJ)
        return {name: value for name, value in total.most_common() if value}

    @property
    def energy_uJ(self) -> float:
        """Energy of one image in microjoules."""
        return 1e-6 * sum(self.energies_pJ.values())

    @property
    def macs(self) -> float:
        """Multiplications with addition of one image."""
        return sum(layer.macs for layer in self.layers)

    @property
    def energy_per_mac_fJ(self) -> float:
        """Femtojoules of each multiplication with addition."""
        return 1e9 * self.energy_uJ / self.macs

    @property
    def TOPS_per_W(self) -> float:
        """Operations per picojoule; a multiplication with addition is two operations."""
        return 2e-6 * self.macs / self.energy_uJ

    @property
    def area_mm2(self) -> float:
        """Area of all tiles and chips in use."""
        return sum(self.areas_mm2.values())

    @property
    def TOPS(self) -> float:
        """Operations of the network per second, in units of 10^12."""
        return 2e-3 * self.macs / self.interval_ns

    @property
    def TOPS_per_mm2(self) -> float:
        """Throughput over area."""
        return self.TOPS / self.area_mm2

    @property
    def latency_us(self) -> float:
        """Time from an image to its result in microseconds."""
        return 1e-3 * self.latency_ns

    @property
    def images_per_s(self) -> float:
        """Throughput."""
        return 1e9 / self.interval_ns

    @property
    def power_W(self) -> float:
        """Power at full throughput."""
        return 1e3 * self.energy_uJ / self.interval_ns

    @property
    def arrays(self) -> int:
        """Arrays of all layers and copies."""
        return sum(layer.arrays for layer in self.layers)

    @property
    def used(self) -> float:
        """Share of the cells of all arrays that hold weights."""
        return sum(layer.used * layer.arrays for layer in self.layers) / max(1, self.arrays)

    def totals(self) -> dict[str, float]:
        """The numbers that designs are compared by, with units in the names."""
        return {
            "energy_uJ": self.energy_uJ,
            "energy_per_mac_fJ": self.energy_per_mac_fJ,
            "TOPS_per_W": self.TOPS_per_W,
            "area_mm2": self.area_mm2,
            "TOPS_per_mm2": self.TOPS_per_mm2,
            "latency_us": self.latency_us,
            "images_per_s": self.images_per_s,
            "power_W": self.power_W,
            "arrays": self.arrays,
            "cells_used": self.used,
            "tiles": self.tiles,
            "chips": self.chips,
            "conversions": sum(layer.conversions for layer in self.layers),
        }

    def to_frame(self) -> pd.DataFrame:
        """One row for each layer and component: energy in pJ and uJ of one image."""
        import pandas as pd  # here, for the start-up of what does not need it

        return pd.DataFrame(
            [
                {"design": self.design, "layer": layer.name, "component": name, "energy_pJ": value}
                for layer in self.layers
                for name, value in layer.energies_pJ.items()
                if value
            ]
        )

    def _repr_html_(self) -> str:
        import pandas as pd  # here, for the start-up of what does not need it

        totals = pd.DataFrame({"of one image": self.totals()}).T
        parts = pd.DataFrame({"energy (uJ)": self.energies_pJ, "area (mm2)": dict(self.areas_mm2)})
        parts["energy (uJ)"] *= 1e-6
        tables = totals.to_html(float_format=number) + parts.to_html(float_format=number, na_rep="")
        return f"<b>{html.escape(self.design)}</b>, library {html.escape(self.library)}{tables}"

    def layers_frame(self) -> pd.DataFrame:
        """One row for each layer."""
        import pandas as pd  # here, for the start-up of what does not need it

        return pd.DataFrame(
            [
                {
                    "layer": one.name,
                    "macs": one.macs,
                    "arrays": one.arrays,
                    "copies": one.copies,
                    "cores": one.cores,
                    "cells_used": one.used,
                    "conversions": one.conversions,
                    "energy_uJ": 1e-6 * one.energy_pJ,
                    "time_us": 1e-3 * one.time_ns,
                }
                for one in self.layers
            ]
        )

    def to_dict(self) -> dict[str, object]:
        """Everything as plain values, for JSON."""
        layers = [
            {**{key: value for key, value in vars(one).items() if key != "energies_pJ"}, "energies_pJ": _nonzero(one)}
            for one in self.layers
        ]
        return {
            "library": self.library,
            **self.totals(),
            "energies_pJ": self.energies_pJ,
            "areas_mm2": dict(self.areas_mm2),
            "layers": layers,
            "notes": list(self.notes),
        }


def network_cost(
    statistics: Statistics,
    design: Design | str,
    library: Library | None = None,
    skipped: Mapping[str, float] | None = None,
) -> NetworkCost:
    """Energy, area and latency of a network on a design.

    Layers work one after the other on an image; moving data and digital layers are taken to be hidden behind the arrays
    and cost energy and area only.

    Args:
        statistics: of the network, from `gather_statistics`.
        design: the accelerator.
        library: circuits; those that the design names if not given.
        skipped: share of the conversions of each layer that are left out because all inputs of an array are 0, by name.

    Raises:
        DesignError: the design has no converter, or there is no such library.
    """
    design = Design.of(design)
    library = library_of(design) if library is None else library
    skipped = skipped or {}
    matrices = []
    macs = statistics.digital.macs
    for layer in statistics.layers:
        own = design.for_layer(layer.name)
        if own is None:
            macs += layer.macs
        else:
            matrices.append(_matrix(statistics, layer, own, library, skipped.get(layer.name, 0.0)))
    if not matrices:
        raise DesignError(f"design {design.name!r} keeps every layer digital: there is no array to cost")
    return _together(matrices, replace(statistics.digital, macs=macs), design, library, bool(skipped))


@dataclass(frozen=True)
class _Matrix:
    layer: LayerStatistics
    design: Design
    work: Work
    product_ns: float


def _matrix(
    statistics: Statistics, layer: LayerStatistics, design: Design, library: Library, skipped: float
) -> _Matrix:
    readout = ConversionSchedule.of(design, library, layer.magnitude_bits(design))
    at = ArrayMapping.of(layer.product, layer.outputs, design)
    work = Work(at, RowActivity.of(statistics, layer, design), readout, layer.products, skipped)
    return _Matrix(layer, design, work, work.product_ns(design, library))


def _together(
    matrices: list[_Matrix], digital: DigitalWork, design: Design, library: Library, skips_known: bool
) -> NetworkCost:
    copies = copies_of(
        design.hardware.duplication,
        {one.layer.name: one.work.mapping.arrays for one in matrices},
        {one.layer.name: one.layer.products for one in matrices},
        {one.layer.name: one.layer.products * one.product_ns for one in matrices},
    )
    layers = [_layer(one, copies[one.layer.name], library) for one in matrices]
    latency = sum(layer.time_ns for layer in layers)
    interval = max(layer.time_ns for layer in layers) if design.hardware.pipelined else latency
    cores = sum(layer.cores for layer in layers)
    tiles = -(-cores // library.organisation.cores_per_tile)
    chips = -(-tiles // (library.organisation.tiles_per_chip or tiles))
    layers.append(_outside(digital, design, library, interval, tiles, chips))
    return NetworkCost(
        design=design.name,
        library=library.name,
        layers=tuple(layers),
        areas_mm2=_areas(matrices, copies, library, tiles, chips),
        tiles=tiles,
        chips=chips,
        latency_ns=latency,
        interval_ns=interval,
        notes=_notes(matrices, digital, design, library, skips_known),
    )


def _layer(one: _Matrix, copies: int, library: Library) -> LayerCost:
    layer, work = one.layer, one.work
    time = -(-layer.products // copies) * one.product_ns
    cores = work.mapping.cores(copies, library)
    energies = work.energies(one.design, library) | _system_energies(layer, one.design, library)
    for name, part in library.parts.items():
        if part.unit == "core":
            energies[name] = part.count * part.power_mW.value * time * cores
    return LayerCost(
        name=layer.name,
        macs=layer.macs,
        arrays=work.mapping.arrays * copies,
        copies=copies,
        cores=cores,
        used=work.mapping.used,
        conversions=work.conversions(one.design),
        energies_pJ=energies,
        time_ns=time,
    )


def _system_energies(layer: LayerStatistics, design: Design, library: Library) -> dict[str, float]:
    """Energy in pJ of what a layer needs outside its cores: inputs from the buffer, outputs scaled and sent on.

    A window that slides by a step reads the inputs that are new to it; outputs go over the network once and are written
    to the buffer of the next layer.
    """
    bits, product = design.inputs.bits, layer.product
    stride = getattr(product, "stride", ())
    new = min(stride[-1], product.kernel[-1]) / product.kernel[-1] if product.kernel and stride else 1.0
    fetched = layer.products * product.groups * product.rows * new
    outputs = layer.products * layer.outputs
    return {
        "buffers": library.buffer_bit.energy_pJ.value * bits * (fetched + outputs),
        "network": library.network_bit.energy_pJ.value * bits * outputs,
        "scaling": library.multiplier.energy_pJ.value * outputs,
    }


def _outside(work: DigitalWork, design: Design, library: Library, interval: float, tiles: int, chips: int) -> LayerCost:
    bits = design.inputs.bits
    fetched = 2 * work.additions + work.poolings
    energies = {
        "activations": library.activation.energy_pJ.value * work.activations,
        "adders": library.adder.energy_pJ.value * work.additions,
        "scaling": library.multiplier.energy_pJ.value * work.scalings,
        "pooling": library.pooling.energy_pJ.value * work.poolings,
        "digital layers": library.digital_mac.energy_pJ.value * work.macs,
        "buffers": library.buffer_bit.energy_pJ.value * bits * fetched,
    }
    for name, part in library.parts.items():
        if part.unit != "core":
            count = part.count * (tiles if part.unit == "tile" else chips)
            energies[name] = count * part.power_mW.value * interval
    return LayerCost(OUTSIDE, work.macs, 0, 0, 0, 0.0, 0.0, energies, 0.0)


def _areas(
    matrices: list[_Matrix], copies: Mapping[str, int], library: Library, tiles: int, chips: int
) -> dict[str, float]:
    total: Counter[str] = Counter()
    per_core = library.organisation.arrays_per_core
    for one in matrices:
        count, at = copies[one.layer.name], one.work.mapping
        cores = at.cores(count, library)
        arrays = cores * per_core if per_core else at.arrays * count
        total.update(area.times(area.array_area(one.design, library, one.work.readout), arrays))
        total.update(area.times(area.matrix_area(one.design, library, at), count))
        total.update(area.times(area.core_area(library), cores))
    total.update(area.times(area.tile_area(library), tiles))
    total.update(area.times(area.chip_area(library), chips))
    return {name: value for name, value in total.most_common() if value}


def _notes(
    matrices: list[_Matrix], digital: DigitalWork, design: Design, library: Library, skips_known: bool
) -> tuple[str, ...]:
    notes = []
    numbers = library.quantities().values()
    guesses = sum(quantity.is_estimate for quantity in numbers)
    if guesses:
        notes.append(
            f"{guesses} of {len(numbers)} numbers of {library.name} are estimates: 'bitline cost --estimates' shows "
            "them"
        )
    foreign = {
        one.design.adc.kind
        for one in matrices
        if one.design.adc.converts and converter(one.design.adc, library) not in list(library.converters.values())
    }
    if foreign:
        notes.append(
            f"library {library.name!r} has no {' or '.join(sorted(foreign))} converter: energy and area are an "
            "estimate from a regression over published ones (Andrulis et al., arXiv 2404.06553)"
        )
    free = {
        "activations": (digital.activations, library.activation),
        "additions of feature maps": (digital.additions, library.adder),
        "pooling": (digital.poolings, library.pooling),
        "digital layers": (digital.macs, library.digital_mac),
        "normalisation that is not folded": (digital.scalings, library.multiplier),
    }
    left_out = [name for name, (count, circuit) in free.items() if count and not circuit.energy_pJ.value]
    if left_out:
        notes.append(
            f"library {library.name!r} has no energy for each of: {', '.join(left_out)}"
            + ("; parts known by their power are counted while they are on" if library.parts else "")
        )
    if digital.unknown:
        notes.append(f"operations outside the arrays that are not counted: {', '.join(digital.unknown)}")
    if not skips_known and any(one.design.adc.skip_zero_inputs for one in matrices):
        notes.append("how many conversions are left out is known after an evaluation only; here none are")
    return tuple(notes)


def library_of(design: Design) -> Library:
    """The component library that a design names."""
    return _named(design.hardware.library) if design.hardware.library in libraries() else _file(design)


def _file(design: Design) -> Library:
    return Library.load(Path(design.hardware.library))


@lru_cache(maxsize=16)
def _named(name: str) -> Library:
    return Library.load(name)


def _nonzero(layer: LayerCost) -> dict[str, float]:
    return {name: value for name, value in layer.energies_pJ.items() if value}
