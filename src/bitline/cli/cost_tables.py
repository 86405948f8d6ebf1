"""Tables of `bitline cost` on how far its numbers may lie off, and on where they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from bitline.cli.table import Cell, Column, Table, name, prose
from bitline.errors import DesignError
from bitline.numerics.labels import label_of_cost
from bitline.numerics.text import exact, fixed, number, percent

if TYPE_CHECKING:
    from bitline.cost import Interval, Library, NetworkCost, Statistics
    from bitline.design import Design

Priced: TypeAlias = "tuple[Statistics, Design, Library]"
"""What a cost follows from."""


def check_explained(what: str | None) -> None:
    """Refuse a cost that cannot be explained.

    Raises:
        DesignError: there is no such cost.
    """
    known = ("energy", "area", "latency")
    if what is not None and what not in known:
        from bitline.config.messages import nearest

        raise DesignError(f"--explain is {what!r}{nearest(what, known)}")


def uncertainty_tables(priced: Sequence[Priced], results: Sequence[NetworkCost]) -> list[Table]:
    """What the totals of designs may well be, and which order of designs follows from that."""
    from bitline.cost.explained import WITH_INTERVALS, cost_intervals

    found = [cost_intervals(*each) for each in priced]
    columns = [name("of one inference")]
    columns += [Column(f"{result.design} {index}", result.design, show=str) for index, result in enumerate(results)]
    rows: list[list[Any]] = []
    records = []
    for key in WITH_INTERVALS:
        known = [interval.get(key) for interval in found]  # libraries may know energies only, or areas only
        if any(known):
            ends = (_ends(total.low, total.high) if total else None for total in known)
            rows.append([label_of_cost(key).brief.head, *ends])
    for result, interval in zip(results, found, strict=True):
        for key, total in interval.items():
            records.append({"design": result.design, "total": key, "low": total.low, "high": total.high})
    tables = [Table("intervals", tuple(columns), rows, "what the numbers of the library leave open", records=records)]
    return tables + ([_ranks(results, found)] if len(results) > 1 else [])


def _ranks(results: Sequence[NetworkCost], found: Sequence[dict[str, Interval]]) -> Table:
    """The order of designs by each total, those that the intervals do not tell apart together."""
    from bitline.cost.explained import WITH_INTERVALS, ranking

    labels = [f"{result.design} ({index + 1})" for index, result in enumerate(results)]
    if len({result.design for result in results}) == len(results):
        labels = [result.design for result in results]
    rows = []
    for key in WITH_INTERVALS:
        values = {label: result.totals()[key] for label, result in zip(labels, results, strict=True)}
        ends = {label: interval[key] for label, interval in zip(labels, found, strict=True) if key in interval}
        if len(ends) == len(values):
            order = " < ".join(map(_group, ranking(ends, values)))
            rows.append([label_of_cost(key).brief.head, order])
    title = "order of the designs; where intervals overlap, designs are not ranked"
    return Table("order", (name("of one inference"), prose("order", "from the lowest")), rows, title)


def _group(names: Sequence[str]) -> str:
    return ", ".join(names) + (" (not ranked)" if len(names) > 1 else "")


def _ends(low: float, high: float) -> str:
    return f"{number(low, 3)} to {number(high, 3)}"


@dataclass(frozen=True)
class Batch:
    """Images that are processed together, and the tiles that are there for them.

    Attributes:
        images: how many.
        tiles: of the chip, or None for as many as the network takes.
    """

    images: int
    tiles: int | None


WHOLE = {
    "arrays_uJ": "arrays and digital units at work (µJ)",
    "idle_uJ": "idle parts of the chip (µJ)",
    "leakage_uJ": "leakage of tiles in use (µJ)",
    "distance_uJ": "distance between tiles (µJ)",
    "memory_uJ": "main memory (µJ)",
    "energy_per_image_uJ": "energy of an inference (µJ)",
    "batch_us": "time of the batch (µs)",
    "images_per_s": "inferences/s",
    "fits": "share of the weights that fits (%)",
    "pulses": "write pulses of a cell",
    "writing_uJ": "writing all weights (µJ)",
    "writing_ms": "time of writing all weights (ms)",
}
"""Parts of the cost of a batch in words."""


def whole_table(priced: Sequence[Priced], results: Sequence[NetworkCost], batch: Batch) -> Table:
    """A batch of images with writing, leakage, main memory and distance."""
    from bitline.cost import whole_cost

    found = [
        whole_cost(result, *each, images=batch.images, tiles=batch.tiles)
        for result, each in zip(results, priced, strict=True)
    ]
    heads = [Column(f"{result.design} {index}", result.design, show=str) for index, result in enumerate(results)]
    rows = []
    for key, word in WHOLE.items():
        show = percent if key == "fits" else _short
        values = [getattr(cost, key) for cost in found]
        rows.append([word, *(Cell(value, show(value)) for value in values)])
    records = [
        {"design": result.design, **{key: getattr(cost, key) for key in WHOLE}}
        for result, cost in zip(results, found, strict=True)
    ]
    title = f"a batch of {number(batch.images)} with everything around the arrays"
    return Table("batch", (name("of a batch"), *heads), rows, title, records=records)


def _short(value: float) -> str:
    return number(value, 3)


def explained_table(what: str, statistics: Statistics, design: Design, library: Library) -> Table:
    """Parts of a cost, each with the numbers that it follows from."""
    from bitline.cost import explained

    parts = explained(what, statistics, design, library)
    unit = parts[0].unit if parts else ""
    columns = (
        name("component", "part"),
        Column("value", what, unit, lambda value: number(value, 3)),
        Column("share", "share", "%", lambda share: percent(share, 1)),
        name("quantity", "follows from"),
        Column("number", "number", show=lambda value: number(value, 4)),
        Column("exponent", "power", show=lambda power: fixed(power, 2)),
        prose("origin", "source"),
    )
    rows, last = [], None
    for part in parts:
        is_new = part.component != last
        last = part.component
        shown = (part.component, part.value, part.share) if is_new else ("", Cell(part.value, ""), Cell(part.share, ""))
        head = Cell(part.component, shown[0])
        rows.append((head, *shown[1:], part.quantity, part.number.value, part.exponent, part.origin))
    title = f"{design.name}: parts of the {what}, and the numbers of {library.name} that each follows from"
    return Table(f"{what} of {design.name}", columns, rows, title)


def estimates_table(library: Library) -> Table:
    """The numbers of a library that nobody published."""
    columns = (name("number"), Column("value", "value", show=exact), prose("basis", "what it rests on"))
    rows = [
        (quantity, entry.value, entry.basis) for quantity, entry in library.quantities().items() if entry.is_estimate
    ]
    return Table(f"estimates of {library.name}", columns, rows, f"numbers of {library.name} that nobody published")


def units_table(statistics: Statistics, design: Design, library: Library) -> Table:
    """Core, tile and chip with all arrays full."""
    from bitline.cost import RowActivity, unit_costs

    columns = (
        name("unit"),
        Column("power_mW", "power", "mW"),
        Column("area_mm2", "area", "mm²"),
        Column("TOPS", "TOPS"),
        Column("TOPS_per_W", "TOPS/W"),
        Column("TOPS_per_mm2", "TOPS/mm²"),
        Column("energy_per_operation_fJ", "per operation", "fJ"),
    )
    units = unit_costs(design, library, RowActivity.average(statistics, design))
    rows = [[getattr(unit, column.key) for column in columns] for unit in units]
    title = f"{design.name}: units of {library.name} with all arrays full and at work"
    return Table(f"units of {design.name}", columns, rows, title)
