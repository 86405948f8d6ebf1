"""Model and chip side by side: what was published of chips, what the model says, and how far it may lie off."""

from __future__ import annotations

import csv
import math
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib import resources
from typing import Any

from bitline.cost.chips.macro import Macro
from bitline.cost.chips.neurram import neurram_cost
from bitline.cost.interval import Interval, intervals
from bitline.cost.library import Library
from bitline.cost.units import UnitCost

CORES = 48
"""Of NeuRRAM; its TOPS are for all of them."""
SRAM, RERAM = "sram-28nm", "reram-130nm"
ALSO_CHIPS = ("Jia JSSC 2020", "Dong ISSCC 2020", "Papistas CICC 2021", "Su ISSCC 2021", "Wang VLSI 2022")
"""Macros of the table that are chips of their own here."""


@dataclass(frozen=True)
class Comparison:
    """One number of one chip.

    Attributes:
        group: 'NeuRRAM', whose library has two scales fitted to it; 'blind' chips; 'table' of many macros.
        chip: its name.
        point: precision or supply.
        quantity: what is compared, with its unit.
        chip_value: what was published.
        model_value: what the model says.
        interval: what the model's number may well be, or None if it was not asked for.
        source: where the chip's value is from.

    Examples:
        >>> Comparison("blind", "mine", "0.8 V", "TOPS/W", 20.0, 30.0, None, "measured").ratio
        1.5
    """

    group: str
    chip: str
    point: str
    quantity: str
    chip_value: float
    model_value: float
    interval: Interval | None
    source: str

    @property
    def ratio(self) -> float:
        """Model over chip."""
        return self.model_value / self.chip_value

    @property
    def factor(self) -> float:
        """Model over chip or chip over model, whichever is larger."""
        return max(self.ratio, 1 / self.ratio)


@dataclass(frozen=True)
class Agreement:
    """How well the model agrees with a group of numbers.

    Attributes:
        name: of the group, and what is compared.
        count: numbers.
        mean_ratio: geometric mean of model over chip.
        mean_factor: geometric mean of the factors by which they differ.
        worst_factor: largest of them.
        worst: chip and point of it.
        within_two: share within a factor of 2.
        inside: share of the chips' values inside the model's interval; NaN if intervals are not known.
    """

    name: str
    count: int
    mean_ratio: float
    mean_factor: float
    worst_factor: float
    worst: str
    within_two: float
    inside: float

    @classmethod
    def of(cls, name: str, rows: Sequence[Comparison]) -> Agreement:
        """The agreement of some comparisons.

        Examples:
            >>> rows = [Comparison("", "mine", "", "TOPS/W", 1.0, value, None, "") for value in (0.5, 1.0, 4.0)]
            >>> agreement = Agreement.of("all", rows)
            >>> round(agreement.mean_ratio, 2), agreement.mean_factor, agreement.worst_factor
            (1.26, 2.0, 4.0)
        """
        logs = [math.log(row.ratio) for row in rows]
        worst = max(rows, key=lambda row: row.factor)
        known = [row.chip_value in row.interval for row in rows if row.interval is not None]
        return cls(
            name=name,
            count=len(rows),
            mean_ratio=math.exp(sum(logs) / len(logs)),
            mean_factor=math.exp(sum(map(abs, logs)) / len(logs)),
            worst_factor=worst.factor,
            worst=f"{worst.chip} {worst.point}".strip(),
            within_two=sum(row.factor <= 2 for row in rows) / len(rows),
            inside=sum(known) / len(known) if known else math.nan,
        )


def compare_chips() -> tuple[Comparison, ...]:
    """All published numbers beside those of the model, without intervals.

    Examples:
        >>> rows = compare_chips()
        >>> neurram = [row for row in rows if row.group == "NeuRRAM" and row.quantity == "TOPS/W"]
        >>> len(neurram), round(sum(abs(row.ratio - 1) for row in neurram) / len(neurram), 3)
        (10, 0.079)
    """
    return tuple(number.compared() for number in _published())


def compare_with_intervals() -> Iterator[Comparison]:
    """The same with the uncertainty of the libraries carried to every number, which takes some 0.1 s each.

    Yields:
        Comparisons in the order of `compare_chips`.

    Examples:
        >>> first = next(compare_with_intervals())
        >>> print(first.chip, first.point, first.quantity, first.interval, first.chip_value in first.interval)
        NeuRRAM 3/1 bits, 1 phase TOPS/W 42 to 57.7 True
    """
    return (number.with_interval() for number in _published())


def _published() -> tuple[_Published, ...]:
    known = tomllib.loads(_text("published.toml"))
    return (*_neurram(known["neurram"]), *_blind(known["chips"]), *_table())


def agreements(rows: Sequence[Comparison]) -> tuple[Agreement, ...]:
    """The agreement of every group and quantity, in the order of their first rows.

    Args:
        rows: what `compare_chips` returned.

    Examples:
        >>> for agreement in agreements(compare_chips())[:2]:
        ...     print(agreement.name, agreement.count, round(agreement.mean_ratio, 2))
        NeuRRAM TOPS/W 10 1.03
        NeuRRAM TOPS 10 1.0
    """
    names = dict.fromkeys((row.group, row.quantity) for row in rows)
    return tuple(
        Agreement.of(" ".join(name), [row for row in rows if (row.group, row.quantity) == name]) for name in names
    )


@dataclass(frozen=True)
class _Published:
    """A number of a chip, and the model of it as a function of a library."""

    empty: Comparison
    library: str
    model: Callable[[Library], float]

    def compared(self) -> Comparison:
        """With the model's value."""
        return replace(self.empty, model_value=self.model(_library(self.library)))

    def with_interval(self) -> Comparison:
        """With the model's value and what it may well be."""
        interval = intervals(lambda other: {"value": self.model(other)}, _library(self.library))["value"]
        return replace(self.compared(), interval=interval)


@cache
def _library(name: str) -> Library:
    return Library.load(name)


def _text(name: str) -> str:
    return (resources.files("bitline.cost") / "chips" / name).read_text(encoding="utf-8")


def _neurram(known: dict[str, Any]) -> Iterator[_Published]:
    """Speed, efficiency, and parts of the energy."""
    source = known["source"]

    def row(point: str, quantity: str, value: float, model: Callable[[Library], float]) -> _Published:
        return _Published(Comparison("NeuRRAM", "NeuRRAM", point, quantity, value, 0.0, None, source), RERAM, model)

    for outputs, inputs, phases, TOPS, TOPS_per_W in known["points"]:
        point = f"{outputs}/{inputs} bits, {phases} phase{'s' if phases > 1 else ''}"
        chip = _Neurram(outputs, inputs, phases)
        yield row(point, "TOPS/W", TOPS_per_W, chip.TOPS_per_W)
        yield row(point, "TOPS", TOPS, chip.TOPS)
    for outputs, inputs, *values in known["energies"]:
        for part, value in zip(PARTS, values, strict=True):
            model = partial(_Neurram(outputs, inputs, 2).part_fJ, PARTS[part])
            yield row(f"{outputs}/{inputs} bits", f"fJ/op of {part}", value, model)


PARTS = {
    "word lines": ("row drivers",),
    "neurons and control": ("ADCs", "integrators"),
    "input pulses": ("cells",),
}
"""Parts of NeuRRAM's energy by the components here that belong to them."""


@dataclass(frozen=True)
class _Neurram:
    """NeuRRAM at one precision, as functions of a library."""

    output_bits: int
    input_bits: int
    phases: int

    def cost(self, library: Library) -> UnitCost:
        return neurram_cost(self.output_bits, self.input_bits, self.phases, library)

    def TOPS_per_W(self, library: Library) -> float:
        return self.cost(library).TOPS_per_W

    def TOPS(self, library: Library) -> float:
        """Of all cores together."""
        return CORES * self.cost(library).TOPS

    def part_fJ(self, components: tuple[str, ...], library: Library) -> float:
        """Energy of some components for each operation."""
        cost = self.cost(library)
        return 1e3 * sum(cost.energies_pJ[component] for component in components) / cost.operations


def _blind(chips: list[dict[str, Any]]) -> Iterator[_Published]:
    for chip in chips:
        for supply_V, value in chip["points"]:
            macro = Macro(**chip["macro"], supply_V=supply_V)
            empty = Comparison("blind", chip["name"], f"{supply_V:g} V", "TOPS/W", value, 0.0, None, chip["source"])
            yield _Published(empty, SRAM, macro.TOPS_per_W)


def _table() -> Iterator[_Published]:
    lines = [line for line in _text("table.csv").splitlines() if not line.startswith("#")]
    source = "Shanbhag and Roy, IEEE Open Journal of the Solid-State Circuits Society 2, 2022, and their table"
    for entry in csv.DictReader(lines):
        if entry["chip"] in ALSO_CHIPS:
            continue
        macro, bits = macro_of(entry)
        point = f"{entry['supply_V']} V, {entry['node_nm']} nm, {entry['rows']} rows"
        value = float(entry["TOPS_per_W_1b"])
        empty = Comparison("table", entry["chip"], point, "TOPS/W of 1 bit", value, 0.0, None, source)
        yield _Published(empty, SRAM, partial(_of_one_bit, macro, bits))


def _of_one_bit(macro: Macro, bits: float, library: Library) -> float:
    return bits * macro.TOPS_per_W(library)


def macro_of(entry: dict[str, str]) -> tuple[Macro, float]:
    """A macro from a row of the table, and how many operations of one bit the table makes of one of its own.

    A weight of 1.5 bits is -1, 0, or 1 and has two cells.
    """
    names = ("node_nm", "supply_V", "rows", "input_bits", "adc_bits", "outputs")
    values: dict[str, Any] = {name: float(entry[name]) for name in names}
    input_bits, weight_bits = float(entry["input_bits"]), float(entry["weight_bits"])
    values["sums"] = entry["sums"]
    values["product"] = "xnor" if input_bits == weight_bits == 1 else "and"
    return Macro(**values, cells=math.ceil(weight_bits)), input_bits * weight_bits
