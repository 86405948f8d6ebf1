"""`bitline array`: IR drop of one array."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bitline.cli import options
from bitline.cli.commands import Commands, refuse_idle
from bitline.cli.inputs import Source, chosen_design
from bitline.cli.output import Output
from bitline.cli.supply import Supply, refuse_impossible_supply
from bitline.cli.table import Cell, Column, Table, name
from bitline.config.files import check_writable, write_text
from bitline.config.spreadsheets import write_csv
from bitline.errors import DataError, DesignError
from bitline.numerics.text import exact, percent

if TYPE_CHECKING:
    import numpy as np

    from bitline.design import Design
    from bitline.evaluation.ir_drop import IrDrop
    from bitline.evaluation.layer_array import LayerArray

DEFAULT_LAYER = "stage3.conv2"

app = Commands()


@app.command()
def array(
    context: typer.Context,
    cells: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Conductances G/G_max as a .npy matrix (rows, columns).")
    ] = None,
    model: options.Model = "fashion-resnet",
    weights: options.Weights = None,
    layer: Annotated[str, typer.Option(metavar="NAME", help="Layer of the network.")] = DEFAULT_LAYER,
    slice_: Annotated[
        int,
        typer.Option(
            "--slice", min=0, max=options.MOST, metavar="N", help="Weight slice of the layer, lowest bits first."
        ),
    ] = 0,
    partition: Annotated[
        int, typer.Option(min=0, max=options.MOST, metavar="N", help="Row partition of the layer.")
    ] = 0,
    tile: Annotated[int, typer.Option(min=0, max=options.MOST, metavar="N", help="Column tile of the layer.")] = 0,
    inputs: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Row inputs, from the top of the array, as a .npy vector; random ones if not given."
        ),
    ] = None,
    rows_on: Annotated[
        float, typer.Option(min=0, max=100, metavar="P", help="Rows that are on, at random, in per cent.")
    ] = 50.0,
    seed: options.Seed = 0,
    design: options.DesignName = "differential",
    set_: options.Settings = None,
    allow_code: options.AllowCode = False,
    worst: Annotated[
        float | None,
        typer.Option(
            min=0, max=100, metavar="P", help="Find the tallest array whose worst column is off by P per cent at most."
        ),
    ] = None,
    spice: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write a netlist for ngspice.")] = None,
    G_max_uS: Annotated[
        float | None,
        typer.Option(
            "--G-max-uS",
            metavar="uS",
            help="G_max in the netlist and for power; that of the design, or 10, if not given.",
        ),
    ] = None,
    V_read: Annotated[
        float | None,
        typer.Option(
            "--V-read", metavar="V", help="Read voltage in the netlist and for power; that of the design, or 0.1."
        ),
    ] = None,
    out: Annotated[Path, options.out_folder("columns.csv and array.png")] = Path("array"),
    threads: options.Threads = None,
) -> None:
    """Solve every voltage and current of one array with resistive wires.

    Prints the error of the outputs and the power in cells and wires, and writes columns.csv and heat maps. Without
    --cells, the array holds one line of a layer of a network, as the design and its rule for the layer say: the same
    cells, in the same order, that the network is simulated with.

    Examples:

      bitline array --set array.kind=gate-driven --set array.bit_line.segment=1e-4
      bitline array --set array.kind=row-driven --cells G.npy --spice array.cir
    """
    from bitline.evaluation.layer_array import ArrayPlace, layer_array

    output = Output.of(context)
    if cells is not None:
        refuse_idle(context, "with --cells", "model", "weights", "layer", "slice_", "partition", "tile")
    if inputs is not None:
        refuse_idle(context, "with --inputs", "rows_on")
    if cells is not None and inputs is not None:
        refuse_idle(context, "with --cells and --inputs", "seed")
    refuse_impossible_supply(G_max_uS, V_read)
    chosen = chosen_design(design, set_, allow_code)
    check_writable("--out", out / "columns.csv", out / "array.png")
    check_writable("--spice", *([spice] if spice else []))
    given = None if inputs is None else _load(inputs, "--inputs", 1, (-1, 1), "V/V_read")
    shown = (
        layer_array(Source(model, weights).network(), chosen, ArrayPlace(layer, slice_, partition, tile), seed)
        if cells is None
        else _of_file(cells, chosen)
    )
    supply = Supply.of(shown.design, G_max_uS, V_read)
    _refuse_impossible(shown, worst, spice)
    on = _random_inputs(len(shown.lines.cells), rows_on / 100, seed) if given is None else given
    with output.progress() as tell:
        tell("solving the array", 0, None)
        drop = shown.ir_drop(on)
    caption = _caption(shown, layer if cells is None else str(cells), on)
    rows = _quantities(drop, on, supply)
    if worst is not None:
        tallest = _tallest(output, shown, on, worst / 100)
        rows.append((f"most rows for {exact(worst)} %", f"of {len(shown.lines.cells):,}", tallest))
    written = _write(out, drop, caption)
    if spice is not None:
        _write_netlist(spice, shown, on, supply, caption)
        written.append(spice)
    output.results(Table("array", (name("quantity"), name("unit", ""), Column("value", "value")), rows, caption))
    output.wrote(*written)


def _of_file(cells: Path, design: Design) -> LayerArray:
    from bitline.evaluation.layer_array import LayerArray, Lines

    lines = Lines(_load(cells, "--cells", 2, (0, 1), "G/G_max"))
    return LayerArray(design, "", lines, lines)


def _refuse_impossible(shown: LayerArray, worst: float | None, spice: Path | None) -> None:
    """Refuse what cannot be done with an array.

    Raises:
        DesignError: which option, and what to do instead.
    """
    if worst is not None and shown.is_predistorted:
        raise DesignError(
            "--worst takes rows away, and array.predistortion has programmed the cells for the wires of all of them: "
            "leave one of them out"
        )
    if spice is not None and not shown.design.cell.current_voltage.is_linear:
        raise DesignError("--spice writes resistors: use cell.current_voltage = 'ohmic'")


def _caption(shown: LayerArray, of: str, inputs: np.ndarray) -> str:
    rows, columns = shown.lines.cells.shape
    rule = f" with the rule {shown.rule}" if shown.rule else ""
    return (
        f"{rows} x {columns} cells of {of}, {shown.design.array.kind} array of design {shown.design.name}{rule}, "
        f"{percent(float((inputs != 0).mean()), 0)} % of rows on"
    )


def _quantities(drop: IrDrop, inputs: np.ndarray, supply: Supply) -> list[tuple[Any, ...]]:
    import numpy as np

    watts = supply.G_max_uS * 1e-6 * supply.V_read**2
    in_cells, in_wires = (power * watts for power in drop.solution.power())
    lowest = _lowest(drop, inputs)
    return [
        ("largest output without wires", "G_max V_read", float(np.abs(drop.ideal).max())),
        ("worst column", "% of it", 100 * drop.worst),
        ("mean over columns", "% of it", 100 * float(np.abs(drop.error).mean())),
        ("lowest voltage across a driven cell", "% of V_read", Cell(100 * lowest, percent(lowest))),
        (f"power in cells at {exact(supply.G_max_uS)} µS and {exact(supply.V_read)} V", "µW", 1e6 * in_cells),
        ("power in wires", "µW", 1e6 * in_wires),
    ]


def _tallest(output: Output, shown: LayerArray, inputs: np.ndarray, error: float) -> int:
    from bitline.evaluation.ir_drop import most_rows

    array, curve = shown.design.array, shown.design.cell.current_voltage
    with output.progress() as tell:

        def tried(rows: int) -> None:
            tell(f"bisecting: {rows:,} rows", 0, None)

        return most_rows(shown.lines.cells, inputs, array, error, shown.lines.minus, curve, tried)


def _write(out: Path, drop: IrDrop, caption: str) -> list[Path]:
    from bitline.report.figures.array import array_figure
    from bitline.report.style import save

    write_csv(out / "columns.csv", drop.to_frame().reset_index())
    save(array_figure(drop, caption), out / "array.png")
    return [out / "columns.csv", out / "array.png"]


def _write_netlist(spice: Path, shown: LayerArray, inputs: np.ndarray, supply: Supply, caption: str) -> None:
    from bitline.arrays.circuit import to_spice

    circuit = shown.design.array.circuit(shown.lines.cells, inputs, shown.lines.minus)
    write_text(spice, to_spice(circuit, supply.G_max_uS * 1e-6, supply.V_read, caption))


def _lowest(drop: IrDrop, inputs: np.ndarray) -> float:
    """Voltage of the cell that gets least of its row's, as a fraction of it."""
    import numpy as np

    driven = np.flatnonzero(inputs)
    live = drop.solution.cell_currents()[driven] != 0
    shares = (drop.solution.cell_voltages()[driven] / inputs[driven, None])[live]
    return float(np.abs(shares).min()) if shares.size else 1.0


def _load(file: Path, option: str, axes: int, limits: tuple[float, float], unit: str) -> np.ndarray:
    """Numbers of an .npy file.

    Raises:
        DataError: it cannot be read, or holds no numbers, or other numbers than an array can have.
    """
    import numpy as np

    from bitline.data.npy import read_numbers

    values = read_numbers(file)
    if values.ndim != axes:
        raise DataError(f"{option} {file} has the shape {values.shape}: give {'a vector' if axes == 1 else 'a matrix'}")
    low, high = limits
    outside = ~((values >= low) & (values <= high))
    if outside.any():
        place = tuple(int(index) for index in np.argwhere(outside)[0])
        raise DataError(
            f"{option} {file}: number {list(place)} is {exact(values[place])}: they are {unit}, from {exact(low)} to "
            f"{exact(high)}"
        )
    return values


def _random_inputs(rows: int, active: float, seed: int) -> np.ndarray:
    import numpy as np

    return (np.random.default_rng(seed).random(rows) < active).astype(np.float64)
