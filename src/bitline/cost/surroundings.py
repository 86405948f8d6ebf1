"""What a network costs beyond arrays at work: writing, leakage, main memory, distance between tiles, and batches."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from pydantic import ValidationError

from bitline.config.arguments import checked
from bitline.config.messages import explain
from bitline.config.part import Part
from bitline.cost.analog import analog_layers
from bitline.cost.charge_sharing import STAND_IN, stands_in
from bitline.cost.circuits import CapacitiveCells
from bitline.cost.designs import design_and_library
from bitline.cost.library import Library
from bitline.cost.mapping import UnitsInUse
from bitline.cost.paths import branched_ns, mean_hops, parts_in_turn
from bitline.cost.quantity import AnyQuantity, AnyRate
from bitline.cost.result import NetworkCost
from bitline.cost.statistics import Statistics
from bitline.cost.writing import Writing
from bitline.design import Design
from bitline.errors import DesignError


class MainMemory(Part):
    """DRAM beside the chip."""

    bit_pJ: AnyQuantity
    """Energy of a bit read or written, with its way to the chip."""
    GB_per_s: AnyRate
    """Rate of reading and writing."""


class Surroundings(Part):
    """What the circuits of a library need beside the arrays at work.

    Raises:
        DesignError: a number is missing, or is none.

    Examples:
        >>> Surroundings.of("sonos-40nm").pulse_ns.value
        1000000.0
    """

    memory: MainMemory
    """Main memory."""
    leakage_mW_per_mm2: AnyQuantity
    """Power of circuits that are on and idle; cells count where they are SRAM."""
    pulse_pJ: AnyQuantity
    """Energy of a write pulse of a cell."""
    pulse_ns: AnyQuantity
    """Time of a write pulse."""
    verify_pJ: AnyQuantity
    """Energy of the read after a pulse, without that of its conversion, which is the converter's."""
    verify_ns: AnyQuantity
    """Time of the read after a pulse, its conversion included."""
    written_at_once: AnyRate
    """Cells of a row of an array that are written at the same time; rows are written one after the other, and arrays at
    the same time."""

    def __init__(self, **settings: Any) -> None:
        try:
            super().__init__(**settings)
        except ValidationError as error:
            raise DesignError(f"surroundings: {explain(error, type(self), settings)}") from None

    @classmethod
    @checked(DesignError)
    def of(cls, library: str) -> Surroundings:
        """Those of a component library that comes with bitline.

        Raises:
            DesignError: nothing is known of it.
        """
        known = _known()
        if library not in known["libraries"]:
            raise DesignError(
                f"nothing is known of writing and leakage of the library {library!r}: pass its `surroundings` to "
                f"`bitline.cost.whole_cost` in Python, or use one of {', '.join(known['libraries'])} without "
                "hardware.node_nm"
            )
        return cls(memory=known["memory"], **known["libraries"][library])


@lru_cache(maxsize=1)
def _known() -> dict[str, Any]:
    text = (resources.files("bitline.cost") / "surroundings.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@dataclass(frozen=True)
class WholeCost:
    """Cost of a batch of images with everything around the arrays.

    Attributes:
        images: of the batch.
        arrays_uJ: energy of the arrays and of the digital units that work, as in `NetworkCost`; of parts of tiles and
            chips with a known power for the whole time of the batch, without idle ones.
        idle_uJ: energy of parts that are on but hold nothing of the network, leakage included.
        leakage_uJ: leakage of the tiles in use.
        distance_uJ: energy of sending outputs farther than to the next tile.
        memory_uJ: energy of weights and activations that go to main memory and back.
        writing_uJ: energy of writing all copies of the weights, once if they fit on the chips, else in every batch.
        writing_ms: time of it: all arrays at the same time, each part of a network that does not fit after the other.
        pulses: write pulses of a cell, on average.
        fits: share of the weights that fits on the chips.
        batch_us: time from the first image of the batch to the last result, layers of parallel branches at the same
            time.

    Examples:
        >>> cost = WholeCost(10, 20.0, 1.0, 0.5, 0.0, 8.0, 5.0, 2.0, 1.0, 0.5, 100.0)
        >>> cost.energy_per_image_uJ, cost.images_per_s
        (3.45, 100000.0)
    """

    images: int
    arrays_uJ: float
    idle_uJ: float
    leakage_uJ: float
    distance_uJ: float
    memory_uJ: float
    writing_uJ: float
    writing_ms: float
    pulses: float
    fits: float
    batch_us: float

    @property
    def energy_per_image_uJ(self) -> float:
        """Energy of an image; writing counts if it is repeated for every batch."""
        repeated = self.writing_uJ if self.fits < 1 else 0.0
        parts = (self.arrays_uJ, self.idle_uJ, self.leakage_uJ, self.distance_uJ, self.memory_uJ, repeated)
        return sum(parts) / self.images

    @property
    def images_per_s(self) -> float:
        """Throughput of batch after batch."""
        return 1e6 * self.images / self.batch_us


@checked(DesignError)
def whole_cost(
    cost: NetworkCost,
    statistics: Statistics,
    design: Design | str,
    library: Library | None = None,
    *,
    images: int = 1,
    tiles: int | None = None,
    surroundings: Surroundings | None = None,
) -> WholeCost:
    """What a batch of images costs with writing, leakage, main memory, and distance.

    If the weights do not fit on the tiles, all of them are read from main memory and written in every batch, a part of
    the network after the other, and all images of the batch pass through one part before the next is written.
    A layer may keep its inputs in the buffers of all tiles in use, and those that these cannot hold go to main memory
    and back. What pipelined layers keep at the same time, the lines that their windows lie on, is taken to be less than
    the largest inputs of one of them, and what waits for an addition is not counted.
    Outputs travel over a square mesh of tiles, filled row by row in the order of the layers.

    Args:
        cost: of an image, from `network_cost` of the same network, design and library.
        statistics: of the network.
        design: the accelerator.
        library: circuits; those that the design names if not given.
        images: in a batch.
        tiles: of the chips; as many as the network takes, or as the library's chips have, if not given.
        surroundings: of the circuits; those known of the library if not given.

    Raises:
        DesignError: a count is below 1, or nothing is known of the library's surroundings.

    Examples:
        >>> from bitline.cost import gather_statistics, network_cost
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Linear(64, 10))
        >>> _ = torch.nn.init.eye_(network[0].weight)
        >>> statistics = gather_statistics(network, "sonos-a", torch.linspace(0, 1, 640).reshape(10, 64))
        >>> cost = network_cost(statistics, "sonos-a")
        >>> whole = whole_cost(cost, statistics, "sonos-a", images=100, tiles=10)
        >>> whole.pulses, whole.fits, round(whole.idle_uJ / whole.leakage_uJ, 6)
        (1.0, 1.0, 9.0)
    """
    design, library = design_and_library(design, library)
    around = _known_around(library) if surroundings is None else surroundings
    for name, count in (("images", images), ("tiles", tiles)):
        if count is not None and count < 1:
            raise DesignError(f"{name} is {count}: use 1 or more")
    there = tiles or (cost.chips * (library.organisation.tiles_per_chip or 0)) or cost.tiles
    cores = there * library.organisation.cores_per_tile
    fits = min(1.0, cores / sum(layer.cores for layer in cost.layers))
    parts = parts_in_turn(cost, cores)
    writings = _writings(cost, statistics, design, library)
    cells = sum(writing.cells for writing in writings.values())
    used = min(cost.tiles, there)
    batch_us = 1e-3 * _batch_ns(cost, statistics, design, parts, images)
    moved_bits = _spilled_bits(statistics, design, library.buffer_KB.value * used, parts, images)
    if fits < 1:
        moved_bits += _weight_bits(statistics, design)
    memory_us = 1e-3 * moved_bits / 8 / around.memory.GB_per_s.value
    writing_ms = 1e-6 * sum(max(writings[name].time_ns(around) for name in part) for part in parts)
    batch_us = max(batch_us, memory_us) if fits == 1 else batch_us + memory_us + 1e3 * writing_ms
    cells_mm2 = 0.0 if isinstance(library.cells, CapacitiveCells) else cost.areas_mm2.get("cells", 0.0)
    leaking_mm2 = cost.area_mm2 - cells_mm2
    leakage_uJ = 1e-3 * around.leakage_mW_per_mm2.value * leaking_mm2 * fits * batch_us
    idle_share = (there - used) / there
    of_tiles_uJ, of_chips_uJ = (
        1e-6 * sum(library.standing_pJ(unit, 1e3 * batch_us, count).values())
        for unit, count in (("tile", used), ("chip", UnitsInUse.of_tiles(there, library).chips))
    )
    return WholeCost(
        images=images,
        arrays_uJ=images * _working_uJ(cost, library) + of_tiles_uJ + (1 - idle_share) * of_chips_uJ,
        idle_uJ=idle_share * of_chips_uJ + leakage_uJ * (there - used) / used,
        leakage_uJ=leakage_uJ,
        distance_uJ=images * 1e-6 * cost.energies_pJ.get("network", 0.0) * (mean_hops(used) - 1),
        memory_uJ=1e-6 * around.memory.bit_pJ.value * moved_bits,
        writing_uJ=1e-6 * sum(writing.energy_pJ(around) for writing in writings.values()),
        writing_ms=writing_ms,
        pulses=sum(writing.cells * writing.pulses for writing in writings.values()) / max(1.0, cells),
        fits=fits,
        batch_us=batch_us,
    )


def _known_around(library: Library) -> Surroundings:
    """What is known of a library, with the writing of the cells that stand in for its own."""
    own = Surroundings.of(library.name)
    writing = ("pulse_pJ", "pulse_ns", "verify_pJ", "verify_ns", "written_at_once")
    cells = Surroundings.of(STAND_IN) if stands_in(library) else own
    return own.model_copy(update={name: getattr(cells, name) for name in writing})


def _working_uJ(cost: NetworkCost, library: Library) -> float:
    """Energy of an image without the parts of tiles and chips that are on for the whole batch."""
    standing = (*library.parts_of("tile"), *library.parts_of("chip"))
    return cost.energy_uJ - 1e-6 * sum(cost.energies_pJ.get(name, 0.0) for name in standing)


def _writings(cost: NetworkCost, statistics: Statistics, design: Design, library: Library) -> dict[str, Writing]:
    """Writing of all copies of each layer."""
    copies = {layer.name: layer.copies for layer in cost.layers}
    return {
        layer.name: Writing.of(layer, own, library, copies[layer.name])
        for layer, own in analog_layers(statistics, design)
    }


def _batch_ns(
    cost: NetworkCost, statistics: Statistics, design: Design, parts: Sequence[Sequence[str]], images: int
) -> float:
    """Time of a batch, which passes through one part of the network after the other."""
    intervals = {layer.name: layer.interval_ns for layer in cost.layers}
    total = 0.0
    for part in parts:
        first = branched_ns(cost, statistics, part)
        interval = max(intervals[name] for name in part) if design.hardware.pipelined else first
        total += first + (images - 1) * interval
    return total


def _weight_bits(statistics: Statistics, design: Design) -> float:
    return float(sum(layer.weight.numel() * own.weights.code_bits for layer, own in analog_layers(statistics, design)))


def _spilled_bits(
    statistics: Statistics, design: Design, buffer_KB: float, parts: Sequence[Sequence[str]], images: int
) -> float:
    """Bits that layers write to main memory and read again, in a batch, because the buffers of the tiles are full.

    A layer waits with its inputs of all images where they come from an earlier part of the network.
    """
    held = buffer_KB * 8 * 1024
    if not held:
        return 0.0
    total, place = 0.0, {name: index for index, part in enumerate(parts) for name in part}
    for layer, own in analog_layers(statistics, design):
        bits = layer.inputs * own.inputs.code_bits
        waits = any(place.get(earlier, 0) < place[layer.name] for earlier in layer.after)
        together, times = (images, 1) if waits else (1, images)
        total += 2 * times * max(0.0, together * bits - held)
    return total
