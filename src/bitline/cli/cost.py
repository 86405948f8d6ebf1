"""`bitline cost`: energy, area and latency of designs, without running their analog arrays."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Column, Table

from bitline.cli.parameters import console
from bitline.config.files import check_writable, write_values
from bitline.design import Design
from bitline.design.settings import parse_settings
from bitline.numerics.text import exact, fixed, number, percent

if TYPE_CHECKING:
    from bitline.cost import NetworkCost, Statistics

LIBRARY = "library."
"""Start of names of library settings on the command line."""
SHOWN = 12
"""Numbers in the sensitivity table."""


def cost(
    design: Annotated[
        list[str] | None,
        typer.Option(help="A preset (see 'bitline designs') or a .toml file; repeatable, to compare designs."),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Change a setting of the design, adc.bits=6, or of its component library, "
            "library.integrator.energy_pJ=0.5; repeatable.",
        ),
    ] = None,
    model: Annotated[
        str, typer.Option(help="Network: a name (fashion-resnet, resnet50, ...) or package.module:function.")
    ] = "fashion-resnet",
    weights: Annotated[Path | None, typer.Option(help="Weights: .safetensors, .pt, .pth or .npz.")] = None,
    data: Annotated[str | None, typer.Option(help="Images, as for 'bitline run'.")] = None,
    images: Annotated[int, typer.Option(min=1, help="Images that the activity of the inputs is measured on.")] = 32,
    sensitivity: Annotated[
        bool, typer.Option("--sensitivity", help="Show what doubling each number of the library changes.")
    ] = False,
    units: Annotated[
        bool, typer.Option("--units", help="Show core, tile and chip with all arrays full and at work.")
    ] = False,
    libraries: Annotated[bool, typer.Option("--libraries", help="List the component libraries and stop.")] = False,
    show_library: Annotated[
        str | None, typer.Option(help="Show a component library as TOML with the source of every number and stop.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File to write everything to, .json.")] = None,
) -> None:
    """Energy, area and latency of a network on a design, by component and layer.

    Weights and a few images decide how active rows and cells are; arrays are not simulated.

    Examples:

      bitline cost --design sonos-a --design sonos-e

      bitline cost --design isaac --set hardware.duplication=balanced --sensitivity

      bitline cost --set library.converters.ramp.clock_GHz=2 --set adc.bits=7
    """
    from bitline import cost as costs

    if libraries:
        _list_libraries()
        return
    if show_library is not None:
        sys.stdout.write(costs.Library.load(show_library).to_toml())
        return
    check_writable("--out", *([out] if out else []))
    settings = parse_settings(set_ or [])
    own = {name: value for name, value in settings.items() if not name.startswith(LIBRARY)}
    of_library = {name.removeprefix(LIBRARY): value for name, value in settings.items() if name.startswith(LIBRARY)}
    chosen = [Design.load(one).with_settings(own) for one in design or ["differential"]]
    circuits = [costs.library_of(one).with_settings(of_library) for one in chosen]
    with console.status("measuring the activity of the inputs"):
        statistics = _statistics(model, weights, data, chosen[0], images)
    results = [costs.network_cost(statistics, *one) for one in zip(chosen, circuits, strict=True)]
    if out is not None:
        content = [
            {"design": one.model_dump(mode="json"), **result.to_dict()}
            for one, result in zip(chosen, results, strict=True)
        ]
        write_values(out, {"model": model, "images": images, "costs": content}, indent=2)
    _print_totals(results, model)
    _print_components(results)
    if len(results) == 1:
        _print_layers(results[0])
    for index, result in enumerate(results):
        if sensitivity:
            _print_sensitivity(costs.sensitivity(statistics, chosen[index], circuits[index]), result)
        if units:
            activity = costs.RowActivity.average(statistics, chosen[index])
            _print_units(costs.unit_costs(chosen[index], circuits[index], activity), result)
    for note in dict.fromkeys(note for result in results for note in result.notes):
        console.print(f"note: {note}")
    if out is not None:
        console.print(f"wrote {out}")


def _statistics(model: str, weights: Path | None, data: str | None, design: Design, images: int) -> Statistics:
    from bitline.cost import gather_statistics
    from bitline.data import load_dataset
    from bitline.networks import find_network, load_network

    network = find_network(model)
    loaded = load_network(network, weights)
    shown = load_dataset(network.images(data), network.preprocess).split(images, 0)
    for note in shown.notes:
        console.print(f"note: {note}")
    return gather_statistics(loaded, design, shown.images)


def _list_libraries() -> None:
    from bitline.cost import Library
    from bitline.cost import libraries as known

    table = Table(Column("library", no_wrap=True), "node, nm", "numbers", "of them estimates", "description")
    for name in known():
        library = Library.load(name)
        quantities = library.quantities().values()
        guesses = sum(one.is_estimate for one in quantities)
        table.add_row(name, exact(library.node_nm), str(len(quantities)), str(guesses), library.description)
    console.print(table)


def _print_totals(results: list[NetworkCost], model: str) -> None:
    table = Table(Column("of one image", no_wrap=True), *(_right(one.design) for one in results), title=model)
    rows = [one.totals() for one in results]
    for name in rows[0]:
        table.add_row(name.replace("_", " "), *(_number(row[name]) for row in rows))
    table.add_row("library", *(one.library for one in results))
    console.print(table)


def _print_components(results: list[NetworkCost]) -> None:
    for what, unit, parts in (
        ("energy", "uJ", [{name: 1e-6 * value for name, value in one.energies_pJ.items()} for one in results]),
        ("area", "mm2", [dict(one.areas_mm2) for one in results]),
    ):
        heads = [one.design for one in results] + (["%"] if len(results) == 1 else [])
        table = Table(Column(f"{what}, {unit}", no_wrap=True), *(_right(head) for head in heads))
        totals = [sum(one.values()) for one in parts]
        for name in dict.fromkeys(name for one in parts for name in one):
            share = [percent(parts[0][name] / totals[0], 1)] if len(results) == 1 else []
            table.add_row(name, *(_number(one.get(name, 0.0)) for one in parts), *share)
        table.add_section()
        table.add_row("together", *(_number(total) for total in totals))
        console.print(table)


def _print_layers(result: NetworkCost) -> None:
    heads = ("Mmac", "arrays", "copies", "used, %", "kconv.", "uJ", "fJ/mac", "us")
    table = Table(Column("layer", no_wrap=True), *(_right(head) for head in heads))
    for one in result.layers:
        each = number(1e3 * one.energy_pJ / one.macs, 3) if one.macs and one.arrays else ""
        table.add_row(
            one.name,
            _number(1e-6 * one.macs),
            number(one.arrays or None),
            number(one.copies or None),
            percent(one.used, 1) if one.arrays else "",
            _number(1e-3 * one.conversions),
            _number(1e-6 * one.energy_pJ),
            each,
            _number(1e-3 * one.time_ns),
        )
    console.print(table)


def _print_sensitivity(frame: Any, result: NetworkCost) -> None:
    heads = ("value", "energy", "area", "latency", "time/image")
    title = f"{result.design}: cost with one number of {result.library} doubled, as a multiple; ~ is an estimate"
    table = Table(Column("number", no_wrap=True), *(_right(head) for head in heads), title=title)
    for row in frame.head(SHOWN).itertuples():
        value = number(row.value) + (" ~" if row.is_estimate else "")
        ratios = (row.energy, row.area, row.latency, row.interval)
        table.add_row(row.quantity, value, *(fixed(one, 3) for one in ratios))
    console.print(table)


def _print_units(units: Any, result: NetworkCost) -> None:
    heads = ("mW", "mm2", "TOPS", "TOPS/W", "TOPS/mm2", "fJ/op")
    title = f"{result.design}: units of {result.library} with all arrays full and at work"
    table = Table(Column("unit", no_wrap=True), *(_right(head) for head in heads), title=title)
    for one in units:
        numbers = (
            one.power_mW,
            one.area_mm2,
            one.TOPS,
            one.TOPS_per_W,
            one.TOPS_per_mm2,
            one.energy_per_operation_fJ,
        )
        table.add_row(one.unit, *(number(one) for one in numbers))
    console.print(table)


def _right(head: str) -> Column:
    return Column(head, justify="right")


def _number(value: float) -> str:
    return "" if value == 0 else number(value, 3)
