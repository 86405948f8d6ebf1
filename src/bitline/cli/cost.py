"""`bitline cost`: energy, area and latency of designs, without running their analog arrays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bitline.cli import options
from bitline.cli.commands import Commands, refuse_idle
from bitline.cli.consent import allowed_design
from bitline.cli.cost_tables import (
    Batch,
    check_explained,
    estimates_table,
    explained_table,
    uncertainty_tables,
    units_table,
    whole_table,
)
from bitline.cli.inputs import Source, check_text
from bitline.cli.output import Output
from bitline.cli.table import Cell, Column, Table, name
from bitline.config.files import write_values
from bitline.numerics.labels import label_of_cost
from bitline.numerics.text import fixed, number, percent

if TYPE_CHECKING:
    from torch import nn

    from bitline.cost import Library, NetworkCost, Statistics
    from bitline.design import Design

SHOWN = 12
"""Numbers in the sensitivity table."""

app = Commands()


@app.command()
def cost(
    context: typer.Context,
    design: options.DesignNames = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Change a setting of the design, adc.bits=6, or of its component library, "
            "library.integrator.energy_pJ=0.5; repeatable.",
            autocompletion=options.completion.settings,
        ),
    ] = None,
    allow_code: options.AllowCode = False,
    model: options.Model = "fashion-resnet",
    weights: options.Weights = None,
    data: options.Data = None,
    length: options.Length = None,
    images: Annotated[
        int,
        typer.Option(
            min=1, max=options.MOST, metavar="N", help="Images that the activity of the inputs is measured on."
        ),
    ] = 32,
    sensitivity: Annotated[
        bool, typer.Option("--sensitivity", help="Show what doubling each number of the library changes.")
    ] = False,
    units: Annotated[
        bool, typer.Option("--units", help="Show core, tile and chip with all arrays full and at work.")
    ] = False,
    estimates: Annotated[
        bool, typer.Option("--estimates", help="Show the numbers of the library that nobody published.")
    ] = False,
    batch: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=options.MOST,
            metavar="N",
            help="Show what so many images cost with writing, leakage, main memory and distance between tiles.",
        ),
    ] = None,
    tiles: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=options.MOST,
            metavar="N",
            help="With --batch: tiles of the chip; as many as needed if not given.",
        ),
    ] = None,
    explain: Annotated[
        str | None,
        typer.Option(
            "--explain",
            metavar="NAME",
            help="Show the parts of energy, area or latency with the numbers behind each and their sources.",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="File to write everything to, .json.")] = None,
    threads: options.Threads = None,
) -> None:
    """Show energy, area and latency of a network on a design, by component and layer.

    Weights and a few images decide how active rows and cells are; arrays are not simulated.

    Examples:

      bitline cost --design sonos-a --design sonos-e
      bitline cost --design isaac --set hardware.duplication=balanced --sensitivity
      bitline cost --set library.converters.ramp.clock_GHz=2 --set adc.bits=7
      bitline cost --design sonos-a --explain energy
      bitline cost --design isaac --batch 64 --tiles 168
    """
    from bitline import cost as costs
    from bitline.cost.comparability import one_sided_parts

    output = Output.of(context)
    if batch is None:
        refuse_idle(context, "without --batch", "tiles")
    check_text("--out", out, ".json")
    check_explained(explain)
    chosen, libraries = _designs(design or ["differential"], set_ or [], allow_code)
    with output.progress() as tell:
        tell("measuring the activity of the inputs", 0, None)
        sample = Source(model, weights, data, length).shown(images, 1)
        seen = _statistics(sample.network, chosen, sample.inputs)
    priced = list(zip(seen, chosen, libraries, strict=True))
    results = [costs.network_cost(*each) for each in priced]
    if out is not None:
        _write(out, chosen, results, {"model": model, "images": images})
    parts = [_totals(results, model), *uncertainty_tables(priced, results), *_components(results)]
    if len(results) == 1:
        parts.append(_layers(results[0]))
    if sensitivity:
        parts += [_sensitivity(*each) for each in priced]
    if units:
        parts += [units_table(*each) for each in priced]
    if batch is not None:
        parts.append(whole_table(priced, results, Batch(batch, tiles)))
    if explain is not None:
        parts += [explained_table(explain, *each) for each in priced]
    if estimates:
        parts += [estimates_table(library) for at, library in enumerate(libraries) if library not in libraries[:at]]
    output.results(*parts)
    one_sided = one_sided_parts(list(zip(results, libraries, strict=True)))
    output.notes((*sample.notes, *one_sided, *(note for result in results for note in result.notes)))
    if out is not None:
        output.wrote(out)


def _statistics(network: nn.Module, designs: list[Design], inputs: Any) -> list[Statistics]:
    """Statistics for each design; those that see inputs alike share them."""
    from bitline.cost import gather_statistics
    from bitline.design import views

    keys = [views.key(views.record(views.reference(design))) for design in designs]
    known = {key: gather_statistics(network, designs[keys.index(key)], inputs) for key in dict.fromkeys(keys)}
    return [known[key] for key in keys]


def _designs(names: list[str], settings: list[str], allow_code: bool) -> tuple[list[Design], list[Library]]:
    """The designs and their libraries."""
    from bitline import cost as costs
    from bitline.design.settings import parse_settings

    given = parse_settings(settings)
    designs = [allowed_design(design, given, allow_code) for design in names]
    return designs, [costs.library_of(design) for design in designs]


def _write(path: Path, designs: list[Design], results: list[NetworkCost], facts: dict[str, object]) -> None:
    content = [
        {"design": design.model_dump(mode="json"), **result.to_dict()}
        for design, result in zip(designs, results, strict=True)
    ]
    write_values(path, {**facts, "costs": content}, indent=2)


def _totals(results: list[NetworkCost], model: str) -> Table:
    """Quantities below each other and designs side by side; for programs, a record for each design."""
    totals = [result.totals() for result in results]
    rows: list[tuple[Any, ...]] = []
    for key in totals[0]:
        label = label_of_cost(key).brief
        show, unit = (percent, "%") if label.unit == "fraction" else (_number, label.unit)
        rows.append((label.name, unit, *(Cell(total[key], show(total[key])) for total in totals)))
    rows.append(("library", "", *(Cell(result.library, result.library) for result in results)))
    records = [
        {"design": result.design, "library": result.library, **total}
        for result, total in zip(results, totals, strict=True)
    ]
    columns = (name("of one inference"), name("unit", ""), *_by_design(results))
    return Table("totals", columns, rows, model, records=records)


def _by_design(results: list[NetworkCost]) -> list[Column]:
    return [Column(f"{result.design} {index}", result.design, show=_number) for index, result in enumerate(results)]


def _components(results: list[NetworkCost]) -> list[Table]:
    energies = [{part: 1e-6 * value for part, value in result.energies_pJ.items()} for result in results]
    areas = [dict(result.areas_mm2) for result in results]
    tables = (
        _component("energies", "energy", ("energy_uJ", "µJ"), results, energies),
        _component("areas", "area", ("area_mm2", "mm²"), results, areas),
    )
    return [table for table in tables if table.rows]  # libraries may know energies only, or areas only


def _component(
    table: str, what: str, key_and_unit: tuple[str, str], results: list[NetworkCost], parts: list[dict[str, float]]
) -> Table:
    key, unit = key_and_unit
    totals = [sum(part.values()) for part in parts]
    is_alone = len(results) == 1
    rows = []
    for component in dict.fromkeys(component for part in parts for component in part):
        share = [parts[0][component] / totals[0]] if is_alone else []
        rows.append([component, *(part.get(component, 0.0) for part in parts), *share])
    records = [
        {"design": result.design, "component": component, key: value}
        for result, part in zip(results, parts, strict=True)
        for component, value in part.items()
    ]
    shares = [Column("share", "share", "%", lambda share: percent(share, 1))] if is_alone else []
    columns = [name("component", what), *_by_design(results), *shares]
    columns = [
        Column(column.key, column.head, unit, column.show) if column.show is _number else column for column in columns
    ]
    footer = ["together", *totals, *([None] if is_alone else [])]
    return Table(table, tuple(columns), rows, footer=footer, records=records)


def _layers(result: NetworkCost) -> Table:
    from bitline import cost as costs

    columns = (
        name("layer"),
        Column("macs", "MACs", "10⁶", lambda value: _number(1e-6 * value)),
        Column("arrays", "arrays"),
        Column("copies", "copies"),
        Column("cells_used", "used", "%", lambda share: percent(share, 1)),
        Column("conversions", "conv.", "10³", lambda value: _number(1e-3 * value)),
        Column("energy_uJ", "energy", "µJ", _number),
        Column("energy_per_mac_fJ", "energy", "fJ/MAC", lambda value: number(value, 3)),
        Column("time_us", "time", "µs", _number),
    )
    rows = []
    for layer in result.layers:
        is_analog = layer.arrays > 0
        each = 1e3 * layer.energy_pJ / layer.macs if layer.macs and is_analog else None
        analog = (layer.arrays, layer.copies, layer.used) if is_analog else (None, None, None)
        shown = Cell(layer.name, "(outside)") if layer.name == costs.OUTSIDE else layer.name
        rows.append((shown, layer.macs, *analog, layer.conversions, 1e-6 * layer.energy_pJ, each, 1e-3 * layer.time_ns))
    return Table("layers", columns, rows)


def _sensitivity(statistics: Statistics, design: Design, library: Library) -> Table:
    from bitline.cost import sensitivity

    def ratio(key: str, head: str) -> Column:
        return Column(key, head, show=lambda value: fixed(value, 3))

    columns = (
        name("quantity", "number"),
        Column("value", "value"),
        ratio("energy", "energy"),
        ratio("area", "area"),
        ratio("latency", "latency"),
        ratio("interval", "time/inference"),
    )
    rows = []
    for row in sensitivity(statistics, design, library).head(SHOWN).to_dict("records"):
        mark = " ~" if row["is_estimate"] else "  "
        rows.append(
            [
                row["quantity"],
                Cell(row["value"], number(row["value"]) + mark),
                *(row[column.key] for column in columns[2:]),
            ]
        )
    title = f"{design.name}: cost with one number of {library.name} doubled, as a multiple; ~ is an estimate"
    return Table(f"sensitivity of {design.name}", columns, rows, title)


def _number(value: float) -> str:
    return "" if value == 0 else number(value, 3)
