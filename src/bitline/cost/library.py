"""Component libraries: energies, areas and times of circuits, with units in the names and a source for each number."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import tomlkit
from pydantic import BaseModel, Field, ValidationError

from bitline.config import toml
from bitline.config.arguments import checked
from bitline.config.meanings import meaning
from bitline.config.messages import explain, nearest
from bitline.config.part import Part
from bitline.cost.architectures import AnyConverter
from bitline.cost.circuits import AnyCells, AnyDrivers, AnyIntegration, SingleIntegration
from bitline.cost.components import COMPONENTS
from bitline.cost.quantity import NOTHING, AnyQuantity, AnyRate, Quantity
from bitline.design.settings import merge, nested
from bitline.errors import DesignError


class UnitCircuit(Part):
    """A circuit that does one thing again and again."""

    energy_pJ: AnyQuantity = NOTHING
    """Energy each time."""
    area_um2: AnyQuantity = NOTHING
    """Area of one circuit."""


class FixedPart(Part):
    """A part whose power is known rather than its energy for each action; it draws it while its unit is at work."""

    unit: Literal["core", "tile", "chip"]
    """What it is part of."""
    count: Annotated[float, Field(gt=0)] = 1.0
    """How many a unit has; below 1 where units share it."""
    power_mW: AnyQuantity
    """Power of one."""
    area_mm2: AnyQuantity
    """Area of one."""


class Organisation(Part):
    """How arrays are grouped."""

    arrays_per_core: Annotated[int, Field(ge=1)] | None = None
    """Arrays of a core; as many as one matrix takes (slices and partitions of a tile of columns) if not given."""
    cores_per_tile: Annotated[int, Field(ge=1)] = 8
    """Cores that share a buffer and a router."""
    tiles_per_chip: Annotated[int, Field(ge=1)] | None = None
    """Tiles of a chip; one chip as large as needed if not given."""


class Library(Part):
    """The circuits of a technology, each number with its unit in the name and its source. Load one with `Library.load`.

    Examples:
        >>> library = Library.load("isaac-32nm")
        >>> print(library.converters["sar"].conversion_pJ.value, library.converters["sar"].conversion_pJ.source)
        1.5625 Shafiee et al., ISCA 2016, Table I: 2 mW at 1.28 GS/s
        >>> changed = library.with_settings({"converters.sar.conversion_pJ": 3})
        >>> changed.quantities()["converters.sar.conversion_pJ"].is_estimate
        True
    """

    name: str
    """Name in tables."""
    description: str = ""
    """What it describes and where it comes from."""
    node_nm: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    """Technology node."""
    supply_V: AnyRate | None = None
    """Supply of its logic; what is usual at the node if not given."""
    slice_ns: AnyRate
    """Time that a slice of the inputs is applied and integrated."""
    overlapped: bool = False
    """Whether the next slice is applied while the last one is converted."""
    integration: AnyIntegration = SingleIntegration()
    """How slices of the inputs get their weight where they are added in analog."""
    organisation: Organisation = Organisation()
    """How arrays are grouped."""
    cells: AnyCells
    """Cells: energy of reading, area."""
    drivers: AnyDrivers
    """Row drivers."""
    integrator: UnitCircuit = UnitCircuit()
    """At every column of an array, once for each slice of the inputs: current conveyor, integrator, sample and hold."""
    accumulator: UnitCircuit = UnitCircuit()
    """At every column where slices of the inputs are added in analog, once for each of them."""
    subtractor: UnitCircuit = UnitCircuit()
    """At every column whose bit lines are subtracted in analog, once for each conversion: subtraction, gain stage."""
    converter: str
    """Which of `converters` is meant by an ADC of kind 'uniform'."""
    converters: dict[str, AnyConverter]
    """Analog-to-digital converters by architecture."""
    shift_add: UnitCircuit = UnitCircuit()
    """Behind every converter where conversions of slices of the inputs are added digitally, once for each."""
    adder: UnitCircuit = UnitCircuit()
    """Additions over weight slices, partitions and readings, of inputs for the digital removal of an offset."""
    multiplier: UnitCircuit = UnitCircuit()
    """Scaling of every output to codes of the next layer."""
    row_dac_bit: UnitCircuit = UnitCircuit()
    """A bit of the converter of a row, where slices of the inputs have several bits: energy each time that a slice is
    applied, area of every row."""
    input_bit: UnitCircuit = UnitCircuit()
    """A bit of an input brought to the arrays of a core, its register; the area is that of a bit of register."""
    output_bit: UnitCircuit = UnitCircuit()
    """A bit of an output kept in the core."""
    buffer_bit: UnitCircuit = UnitCircuit()
    """A bit read from or written to a tile's buffer; the area is that of a bit of it."""
    buffer_KB: AnyQuantity = NOTHING
    """Buffer of a tile."""
    network_bit: UnitCircuit = UnitCircuit()
    """A bit sent from tile to tile; the area is that of a tile's router."""
    activation: UnitCircuit = UnitCircuit()
    """An activation function of one value; the area is that of one unit of a tile."""
    pooling: UnitCircuit = UnitCircuit()
    """One value that goes into pooling; the area is that of one unit of a tile."""
    digital_mac: UnitCircuit = UnitCircuit()
    """A multiplication with addition in a layer that stays digital; the area is that of one unit of a tile."""
    parts: dict[str, FixedPart] = Field(default_factory=dict)
    """Parts that are known by their power, by name."""

    def __init__(self, **sections: Any) -> None:
        try:
            super().__init__(**sections)
        except ValidationError as error:
            named = {**sections, "name": ""}
            raise DesignError(
                f"component library {sections.get('name', '')!r}: {explain(error, type(self), named)}"
            ) from None
        if self.converter not in self.converters:
            known = nearest(self.converter, self.converters)
            raise DesignError(f"component library {self.name!r}: converter is {self.converter!r}{known}")
        if taken := COMPONENTS.intersection(self.parts):
            part = min(taken)
            raise DesignError(
                f"component library {self.name!r}: parts has {part!r}, the name of a component that is counted for "
                f"itself: give the part another name, such as 'fixed {part}'"
            )

    @classmethod
    @checked(DesignError)
    def load(cls, source: str | Path) -> Library:
        """Read a library from a TOML file, or one that comes with bitline by its name.

        Raises:
            DesignError: no such library or file, or its content is not valid.
        """
        path = Path(source)
        if path.suffix == ".toml" or path.is_file():
            return cls(**toml.parse(toml.read(path), str(path)))._told_apart(path.stem)
        if str(source) not in libraries():
            known = nearest(str(source), libraries())
            raise DesignError(f"there is no component library {str(source)!r}{known}, or give a .toml file")
        text = (resources.files("bitline.cost") / "libraries" / f"{source}.toml").read_text(encoding="utf-8")
        return cls(**toml.parse(text, f"library {source}"))

    def _told_apart(self, stem: str) -> Library:
        """The same, called as its file if it has other numbers than the library of its name that comes with bitline."""
        if self.name not in libraries() or self == Library.load(self.name):
            return self
        return self.model_copy(update={"name": stem if stem not in libraries() else f"{stem}, changed"})

    @checked(DesignError)
    def with_settings(self, settings: dict[str, Any]) -> Library:
        """A copy with other numbers.

        Args:
            settings: values by dotted name: `{"integrator.energy_pJ": 0.5}`.

        Raises:
            DesignError: an unknown name or impossible value.
        """
        return Library(**merge(self.model_dump(), nested(settings)))

    def to_toml(self) -> str:
        """The library as TOML, every setting with its meaning."""
        document = tomlkit.document()
        _fill(document, self)
        return tomlkit.dumps(document)

    @checked(DesignError)
    def parts_of(self, unit: str) -> dict[str, FixedPart]:
        """Parts that are known by their power of a 'core', 'tile' or 'chip', by name."""
        return {name: part for name, part in self.parts.items() if part.unit == unit}

    @checked(DesignError)
    def standing_pJ(self, unit: str, time_ns: float, units: float = 1) -> dict[str, float]:
        """Energy of these parts while so many units are on, by name.

        Examples:
            >>> Library.load("isaac-32nm").standing_pJ("chip", time_ns=100, units=2)
            {'HyperTransport': 2080000.0}
        """
        parts = self.parts_of(unit).items()
        return {name: part.count * part.power_mW.value * time_ns * units for name, part in parts}

    def quantities(self) -> dict[str, Quantity]:
        """Every number in use by its dotted name."""
        return {name: quantity for name, quantity in _quantities(self, "") if quantity != NOTHING}


@cache
def libraries() -> tuple[str, ...]:
    """Names of the component libraries that come with bitline.

    Examples:
        >>> libraries()
        ('isaac-32nm', 'reram-130nm', 'sonos-40nm', 'sram-28nm')
    """
    files = (resources.files("bitline.cost") / "libraries").iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


def _fill(table: Any, part: BaseModel) -> None:
    """Add a part to a TOML table: numbers with their sources as inline tables, then the tables."""
    sections = {name: value for name, value in part if _is_section(value)}
    for name, value in part:
        if name not in sections and value is not None:
            _comment(table, part, name)
            table.add(name, _inline(value))
    for name, value in sections.items():
        section = tomlkit.table()
        _comment(section, part, name)
        if isinstance(value, dict):
            for key, circuit in value.items():
                entry = tomlkit.table()
                _fill(entry, circuit)
                section.add(key, entry)
        else:
            _fill(section, value)
        table.add(name, section)


def _comment(table: Any, part: BaseModel, name: str) -> None:
    for line in meaning(type(part), name).splitlines():
        table.add(tomlkit.comment(line.strip()))


def _is_section(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, BaseModel) and not isinstance(value, Quantity))


def _inline(value: Any) -> Any:
    if not isinstance(value, Quantity):
        return value
    inline = tomlkit.inline_table()
    inline.update(value.model_dump(exclude_defaults=True, mode="json"))
    return inline


def _quantities(part: BaseModel, prefix: str) -> Iterator[tuple[str, Quantity]]:
    for name, value in part:
        path = f"{prefix}{name}"
        if isinstance(value, Quantity):
            yield path, value
        elif isinstance(value, BaseModel):
            yield from _quantities(value, f"{path}.")
        elif isinstance(value, dict):
            for key, circuit in value.items():
                step = f'"{key}"' if "." in key else key  # as TOML has it
                yield from _quantities(circuit, f"{path}.{step}.")
