"""Converters that no library describes: a law for each architecture, at any node and supply.

A converter is counted from its parts. A step (a decision of a comparator, and the logic behind it) takes 100 fF V^2 at
28 nm and shrinks with the node (B. Murmann, "Mixed-signal computing for deep neural network inference", IEEE TVLSI
29(1), 2021: E = (100 fF bits + 1 aF 4^bits) V^2 of good converters); a comparator alone is taken as half of it.
Capacitors are as large as the most demanding of three rules asks:

- the smallest that are drawn, 1.2 fF each (Valavi et al., IEEE JSSC 54(6), 2019), 2^bits of them;
- matching: 1 aF 4^bits in all (Murmann 2021);
- noise: 12 kT 4^bits / V^2, so that kT/C stays below that of the quantisation.

Against 190 converters of Murmann's ADC survey, as listed by Andrulis et al. (arXiv 2404.06553) and sorted by the
resolution and rate at which an architecture is usual (the list does not name it), the laws lie at the first quartile of
the published energies, those of good converters; for pipelines, the amplifier is fitted so. The medians lie 3.0 times
(SAR), 2.8 times (flash) and 2.0 times (pipeline) above, and are the upper ends of the intervals; the standard deviation
of the logarithm is a factor of 5.6, 3.6 and 3.9. Published areas lie 4 times (SAR, flash) and 2 times (pipeline) above
the laws at the first quartile, since they include what a column of an array shares: references, clocks, decoupling.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from bitline.cost.converters import (
    Converter,
    CyclicConverter,
    FlashConverter,
    PipelineConverter,
    RampConverter,
    SarConverter,
)
from bitline.cost.quantity import AnyQuantity, AnyRate, Quantity
from bitline.numerics.constants import BOLTZMANN_J_PER_K

REFERENCE_NM = 28.0
"""Node of the numbers below."""
STEP_fF = 100.0
COMPARATOR_fF = 50.0
UNIT_fF = 1.2
MATCHING_fF = 1e-3
NOISE_fF_V2 = 12 * BOLTZMANN_J_PER_K * 300.0 * 1e15
"""12 kT at 300 K in fF V^2, per 4^bits."""
SWITCHED = 0.66
"""Share of its capacitors' C V^2 that a search takes: 0.66 for the usual order of switching (Liu et al., JSSC 45(4),
2010)."""
AMPLIFIER = 50.0
"""Energy of a residue amplifier over the 12 kT 4^bits of the noise that it may add; fitted, see above."""
STEP_NS = 0.64
"""Time of a step at 28 nm (Sun et al., "Analog or digital in-memory computing?", ICCAD 2023)."""
STEP_um2 = 60.0
"""Area of a step's comparator, latches and logic at 28 nm; an estimate."""
DENSITY_fF_per_um2 = 1.5
"""Metal capacitors; they shrink little with the node. An estimate."""


@dataclass(frozen=True)
class Process:
    """A converter's technology.

    Attributes:
        node_nm: technology node.
        supply_V: supply and full scale.
    """

    node_nm: float
    supply_V: float

    @property
    def shrunk(self) -> float:
        """Capacitance of a gate over that at 28 nm."""
        return self.node_nm / REFERENCE_NM

    def capacitors_fF(self, bits: float) -> float:
        """All capacitors of a binary-weighted array."""
        demanded = max(MATCHING_fF, NOISE_fF_V2 / self.supply_V**2)
        return float(max(UNIT_fF * 2.0**bits, demanded * 4.0**bits))

    def amplifier_fF(self, bits: float) -> float:
        """What the residue amplifier of a stage takes if so many bits are still to be decided, over V^2."""
        return float(AMPLIFIER * 4.0**bits * NOISE_fF_V2 / self.supply_V**2)


@dataclass(frozen=True)
class Law:
    """How a converter of one architecture grows with its resolution; energies are over V^2, in fF.

    Attributes:
        energy_fF: of a conversion, from the circuit and the bits.
        area_um2: of a converter, from the circuit and the bits.
        steps: decisions one after the other before the next conversion can start.
        median: median of the surveyed energies over this law.
    """

    energy_fF: Callable[[Process, int], float]
    area_um2: Callable[[Process, int], float]
    steps: Callable[[int], float]
    median: float


def _search_fF(process: Process, bits: int) -> float:
    return STEP_fF * process.shrunk * bits + SWITCHED * process.capacitors_fF(bits)


def _search_um2(process: Process, bits: int) -> float:
    return STEP_um2 * process.shrunk**2 * bits + process.capacitors_fF(bits) / DENSITY_fF_per_um2


def _split_capacitors_fF(process: Process, bits: int) -> float:
    """Of two arrays of half the bits, whose units are larger: the whole matches like one array, and is as quiet."""
    noise = NOISE_fF_V2 / process.supply_V**2
    return float(max(2 * UNIT_fF * 2.0 ** (bits / 2), MATCHING_fF * 4.0**bits, noise * 4.0**bits))


def _split_fF(process: Process, bits: int) -> float:
    return float(STEP_fF * process.shrunk * bits + SWITCHED * _split_capacitors_fF(process, bits))


def _split_um2(process: Process, bits: int) -> float:
    return float(STEP_um2 * process.shrunk**2 * bits + _split_capacitors_fF(process, bits) / DENSITY_fF_per_um2)


def _flash_fF(process: Process, bits: int) -> float:
    return COMPARATOR_fF * process.shrunk * (2.0**bits - 1)


def _flash_um2(process: Process, bits: int) -> float:
    return STEP_um2 * process.shrunk**2 * (2.0**bits - 1)


def _stages(bits: float) -> int:
    """Decisions of 1.5 bits for so many bits, one at least."""
    return max(1, round(bits) - 1)


def _pipeline_fF(process: Process, bits: int) -> float:
    """Stages of 1.5 bits: two comparators each, and amplifiers that shrink from stage to stage."""
    stages = _stages(bits)
    return sum(2 * COMPARATOR_fF * process.shrunk + process.amplifier_fF(bits - stage) for stage in range(stages))


def _pipeline_um2(process: Process, bits: int) -> float:
    capacitors = sum(process.capacitors_fF(bits - stage) for stage in range(_stages(bits)))
    return 2 * STEP_um2 * process.shrunk**2 * _stages(bits) + capacitors / DENSITY_fF_per_um2


def _cyclic_fF(process: Process, bits: int) -> float:
    """One stage as good as the first of a pipeline, again and again."""
    return _stages(bits) * (2 * COMPARATOR_fF * process.shrunk + process.amplifier_fF(bits))


def _cyclic_um2(process: Process, bits: int) -> float:
    return 2 * STEP_um2 * process.shrunk**2 + process.capacitors_fF(bits) / DENSITY_fF_per_um2


LAWS = {
    "sar": Law(_search_fF, _search_um2, lambda bits: bits, 3.0),
    "split-sar": Law(_split_fF, _split_um2, lambda bits: bits, 3.0),
    "flash": Law(_flash_fF, _flash_um2, lambda bits: 1, 2.8),
    "pipeline": Law(_pipeline_fF, _pipeline_um2, lambda bits: 1, 2.0),
    "cyclic": Law(_cyclic_fF, _cyclic_um2, _stages, 2.0),
}
"""Laws by the kind of the readout's converter. A ramp is that of a library: its counter and its driver are shared."""


def least_pJ(bits: float) -> float:
    """Least energy of a conversion with so many effective bits: that of a capacitor whose kT/C noise is below theirs.

    Charging C to V takes C V^2, and kT/C = V^2 / (12 4^bits) is the noise of the quantisation, so 12 kT 4^bits.

    Examples:
        >>> round(least_pJ(8), 5), round(least_pJ(14), 1)
        (0.00326, 13.3)
    """
    return float(1e-3 * NOISE_fF_V2 * 4.0**bits)


def bounded_pJ(converter: Converter, bits: int) -> float:
    """Energy of a conversion, never below the bound that noise sets to its resolution; 0 where it is not known.

    Args:
        converter: its process.
        bits: resolution.
    """
    energy = converter.energy_pJ(bits)
    return max(energy, least_pJ(bits)) if energy else 0.0


class PublishedConverter(Converter):
    """A converter of a known architecture as good published ones are; see the laws of this module.

    Examples:
        >>> flash, sar = (PublishedConverter.of(kind, node_nm=28, supply_V=0.9) for kind in ("flash", "sar"))
        >>> [round(flash.energy_pJ(bits) / sar.energy_pJ(bits), 2) for bits in (4, 6, 8)]
        [1.82, 4.84, 12.72]
        >>> flash.time_ns(8), sar.time_ns(8)
        (0.64, 5.12)
    """

    kind: Literal["published"] = "published"
    architecture: Literal["sar", "split-sar", "flash", "pipeline", "cyclic"]
    """Which law."""
    node_nm: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    """Technology node."""
    supply_V: AnyRate
    """Supply and full scale."""
    scale: AnyQuantity
    """Energy over that of the law, from the first quartile of published converters to their median."""

    @classmethod
    def of(cls, architecture: str, node_nm: float, supply_V: float) -> PublishedConverter:
        """The converter of an architecture at a node, with the spread of the survey."""
        return cls(
            architecture=architecture,  # type: ignore[arg-type]
            node_nm=node_nm,
            supply_V=Quantity(value=supply_V, basis="usual at this node"),
            scale=Quantity(
                value=1.0,
                range=(0.5, LAWS[architecture].median),
                source="Murmann, ADC Performance Survey, as listed by Andrulis et al., arXiv 2404.06553",
            ),
        )

    @property
    def _law(self) -> Law:
        return LAWS[self.architecture]

    @property
    def _process(self) -> Process:
        return Process(self.node_nm, self.supply_V.value)

    def energy_pJ(self, bits: int) -> float:
        law_pJ = 1e-3 * self._law.energy_fF(self._process, bits) * self.supply_V.value**2
        return self.scale.value * law_pJ

    def time_ns(self, bits: int) -> float:
        return STEP_NS * self._process.shrunk * max(1.0, self._law.steps(bits))

    def area_um2(self, bits: int) -> float:
        return self._law.area_um2(self._process, bits)


AnyConverter = Annotated[
    RampConverter | SarConverter | FlashConverter | PipelineConverter | CyclicConverter | PublishedConverter,
    Field(discriminator="kind"),
]
