"""`bitline array`: IR drop of one array."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.table import Table

from bitline.arrays import Array, GateDrivenArray
from bitline.cli.parameters import console, refuse_idle
from bitline.config.files import check_writable, replacing, write_text
from bitline.design import Design
from bitline.design.settings import parse_settings
from bitline.errors import DataError, DesignError
from bitline.numerics.text import exact, number, percent

if TYPE_CHECKING:
    from bitline.evaluation.ir_drop import IrDrop

DEFAULT_LAYER = "stage3.conv2"


def array(
    context: typer.Context,
    cells: Annotated[Path | None, typer.Option(help="Conductances G/G_max as a .npy matrix (rows, columns).")] = None,
    model: Annotated[str, typer.Option(help="Network whose layer lies on the array.")] = "fashion-resnet",
    weights: Annotated[Path | None, typer.Option(help="Weights of the network.")] = None,
    layer: Annotated[str, typer.Option(help="Layer of the network.")] = DEFAULT_LAYER,
    slice_: Annotated[int, typer.Option("--slice", min=0, help="Weight slice of the layer, lowest bits first.")] = 0,
    partition: Annotated[int, typer.Option(min=0, help="Row partition of the layer.")] = 0,
    inputs: Annotated[Path | None, typer.Option(help="Row inputs as a .npy vector; random ones if not given.")] = None,
    active: Annotated[float, typer.Option(min=0, max=1, help="Share of the rows that are on, at random.")] = 0.5,
    seed: Annotated[int, typer.Option(help="Seed of the cells' errors and of the rows that are on.")] = 0,
    design: Annotated[str, typer.Option(help="A preset or a .toml file.")] = "differential",
    set_: Annotated[list[str] | None, typer.Option("--set", help="Change a setting; repeatable.")] = None,
    error: Annotated[
        float | None, typer.Option(min=0, help="Find the tallest array whose worst column is off by no more.")
    ] = None,
    spice: Annotated[Path | None, typer.Option(help="Also write a netlist for ngspice.")] = None,
    G_max_uS: Annotated[float, typer.Option("--G-max-uS", help="G_max in the netlist and for power.")] = 10.0,
    V_read: Annotated[float, typer.Option("--V-read", help="Read voltage in the netlist and for power.")] = 0.1,
    out: Annotated[Path, typer.Option(help="Folder for columns.csv and array.png.")] = Path("array"),
) -> None:
    """Solve every voltage and current of one array with resistive wires.

    Prints the error of the outputs and the power in cells and wires, and writes columns.csv and heat maps. Without
    --cells, the array holds one line of a layer of a network, programmed as the design says.

    Examples:

      bitline array --set array.kind=gate-driven --set array.bit_line.segment=1e-4

      bitline array --set array.kind=row-driven --cells G.npy --error 0.01 --spice array.cir
    """
    from bitline.arrays.circuit import to_spice
    from bitline.evaluation.ir_drop import circuit_of, ir_drop, most_rows
    from bitline.report.figures.array import array_figure
    from bitline.report.style import save

    if cells is not None:
        refuse_idle(context, "with --cells", "model", "weights", "layer", "slice_", "partition")
    if inputs is not None:
        refuse_idle(context, "with --inputs", "active")
    settings = parse_settings(set_ or [])
    chosen = Design.load(design).with_settings(settings)
    if spice is not None and not chosen.cell.current_voltage.is_linear:
        raise DesignError("--spice writes resistors: use cell.current_voltage = 'ohmic'")
    check_writable("--out", out / "columns.csv", out / "array.png")
    check_writable("--spice", *([spice] if spice else []))
    held, minus = _cells_of_file(cells), None
    if held is None:
        held, minus = _cells_of_layer(model, weights, layer, slice_, partition, seed, chosen)
    rows_on = _inputs(inputs, len(held), active, seed)
    drop = ir_drop(held, rows_on, chosen.array, minus, chosen.cell.current_voltage)
    name = f"{held.shape[0]} x {held.shape[1]} cells" + (f" of {layer}" if cells is None else f" of {cells}")
    on = percent(float(np.mean(rows_on != 0)), 0)
    caption = f"{name}, {chosen.array.kind} array of design {chosen.name}, {on} % of rows on"
    in_cells, in_wires = (one * G_max_uS * 1e-6 * V_read**2 for one in drop.solution.power())
    table = Table("quantity", "value", title=caption)
    table.add_row("largest output without wires, G_max V_read", number(float(np.abs(drop.ideal).max())))
    table.add_row("worst column, % of it", number(100 * drop.worst))
    table.add_row("mean over columns, % of it", number(100 * float(np.abs(drop.error).mean())))
    table.add_row("lowest voltage across a driven cell, % of V_read", percent(_lowest(drop, rows_on)))
    table.add_row(f"power in cells at {exact(G_max_uS)} uS and {exact(V_read)} V, uW", number(1e6 * in_cells))
    table.add_row("power in wires, uW", number(1e6 * in_wires))
    if error is not None:
        with console.status("bisecting rows"):
            rows = most_rows(held, rows_on, chosen.array, error, minus)
        table.add_row(f"most rows for {exact(100 * error)} %", f"{rows:,} of {len(held):,}")
    with replacing(out / "columns.csv") as file:
        drop.to_frame().to_csv(file)
    save(array_figure(drop, caption), out / "array.png")
    written = [out / "columns.csv", out / "array.png"]
    if spice is not None:
        circuit = circuit_of(held, rows_on, chosen.array, minus)
        write_text(spice, to_spice(circuit, G_max_uS * 1e-6, V_read, caption))
        written.append(spice)
    console.print(table)
    console.print("wrote " + ", ".join(str(one) for one in written))


def _lowest(drop: IrDrop, inputs: np.ndarray) -> float:
    """Voltage of the cell that gets least of its row's, as a fraction of it."""
    driven = np.flatnonzero(inputs)
    live = drop.solution.cell_currents()[driven] != 0
    shares = (drop.solution.cell_voltages()[driven] / inputs[driven, None])[live]
    return float(np.abs(shares).min()) if shares.size else 1.0


def _cells_of_file(file: Path | None) -> np.ndarray | None:
    if file is None:
        return None
    return _load(file)


def _load(file: Path) -> np.ndarray:
    try:
        values: np.ndarray = np.load(file, allow_pickle=False)
        return values.astype(np.float64)
    except (OSError, ValueError, TypeError) as problem:
        raise DataError(f"cannot read numbers from {file}: {problem}; write them with numpy.save") from None


def _inputs(file: Path | None, rows: int, active: float, seed: int) -> np.ndarray:
    if file is not None:
        return _load(file)
    return (np.random.default_rng(seed).random(rows) < active).astype(np.float64)


def _cells_of_layer(
    model: str, weights: Path | None, layer: str, slice_: int, partition: int, seed: int, design: Design
) -> tuple[np.ndarray, np.ndarray | None]:
    """Cells of a layer's first line, in the array's order of rows, and of its second where lines are interleaved."""
    import torch

    from bitline.config.messages import nearest
    from bitline.layer.chip import Chip
    from bitline.networks import find_network, load_network
    from bitline.nn import ANALOG_LAYERS, fold_batch_norm

    network = load_network(find_network(model), weights)
    fold_batch_norm(network)
    found = {name: one for name, one in network.named_modules() if type(one) in ANALOG_LAYERS}
    if layer not in found:
        raise DataError(f"network {model!r} has no matrix layer {layer!r}{nearest(layer, found)}")
    ideal: Array = design.array
    encoded = ANALOG_LAYERS[type(found[layer])].of(found[layer], _without_wires(design), layer).encoded()
    conductance = encoded.program(Chip(seed)).conductance
    if slice_ >= conductance.shape[1] or partition >= len(encoded.row_slices):
        raise DataError(
            f"layer {layer!r} has {conductance.shape[1]} weight slices and {len(encoded.row_slices)} row partitions on "
            f"this design: --slice {slice_} --partition {partition} is not one of them"
        )
    rows = encoded.row_slices[partition]
    order = torch.arange(rows.stop - rows.start)
    if isinstance(ideal, GateDrivenArray):
        order = ideal.order(encoded.exact().conductance[:, :, 0, rows], encoded.product.positions)
    lines = [one[slice_, 0, rows][order].double().numpy() for one in conductance]
    interleaved = isinstance(ideal, GateDrivenArray) and ideal.lines == "interleaved"
    return lines[0], lines[1] if interleaved else None


def _without_wires(design: Design) -> Design:
    return design.with_settings(
        {"array": {"kind": "ideal", "rows": design.array.rows, "columns": design.array.columns}}
    )
