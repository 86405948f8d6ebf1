"""The command line."""

from __future__ import annotations

import logging
import math
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Column, Table
from rich.text import Text

from bitline import __version__
from bitline.cli.adc import adc
from bitline.cli.array import array
from bitline.cli.bench import bench
from bitline.cli.cost import cost
from bitline.cli.devices import devices_app
from bitline.cli.paper import paper_app
from bitline.cli.parameters import Commands, console, refuse_idle, words
from bitline.cli.ranges import ranges
from bitline.cli.study import explore, report, results, sweep
from bitline.config.files import check_writable
from bitline.design import Design, presets
from bitline.design.approximations import approximations
from bitline.design.settings import flat, parse_settings
from bitline.devices import format_duration
from bitline.errors import BitlineError, DeviceError
from bitline.numerics.text import fixed, number, percent
from bitline.readout import Adc

if TYPE_CHECKING:
    from bitline.cost import NetworkCost
    from bitline.evaluation.evaluate import Evaluation

INTERRUPTED = 130
"""Exit status after Ctrl-C, by convention."""

app = Commands(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="How accurate is a neural network on analog in-memory hardware?\n\n"
    "Start with [bold]bitline run[/bold]: the embedded network and images on the default design. Then change the "
    "design ([bold]--set adc.bits=6[/bold]), choose another ([bold]bitline designs[/bold]), or bring your own network "
    "([bold]--model mypackage.mymodule:build --data images.npz[/bold]).",
)
designs_app = Commands(help="The designs that come with bitline.", invoke_without_command=True)
app.add_typer(designs_app, name="designs")
app.add_typer(devices_app, name="devices")
app.add_typer(paper_app, name="paper")
app.command("array")(array)
app.command("adc")(adc)
app.command("ranges")(ranges)
app.command("cost")(cost)
app.command("sweep")(sweep)
app.command("explore")(explore)
app.command("results")(results)
app.command("report")(report)
app.command("bench")(bench)


def _version(wanted: bool) -> None:
    if wanted:
        console.print(f"bitline {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None: ...


@app.command()
def run(
    context: typer.Context,
    model: Annotated[
        str,
        typer.Option(
            help="Network: a name (fashion-resnet, cifar-resnet20, resnet50, ...) or package.module:function."
        ),
    ] = "fashion-resnet",
    weights: Annotated[Path | None, typer.Option(help="Weights: .safetensors, .pt, .pth or .npz.")] = None,
    data: Annotated[
        str | None,
        typer.Option(help="Images: 'fashion-mnist', an .npz, a .png sheet of tiles, or a folder or .zip of pictures."),
    ] = None,
    design: Annotated[str, typer.Option(help="A preset (see 'bitline designs') or a .toml file.")] = "differential",
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a setting: adc.bits=6, cell.device.alpha=0.05, ...; repeatable."),
    ] = None,
    chips: Annotated[int, typer.Option(min=1, help="Independently programmed chips.")] = 5,
    images: Annotated[int | None, typer.Option(min=1, help="Images to classify; all if not given.")] = None,
    calibration_images: Annotated[int, typer.Option(min=0, help="Images that set quantisation and ADC ranges.")] = 200,
    batch: Annotated[int, typer.Option(min=1, help="Images at once; does not change results.")] = 64,
    seed: Annotated[int, typer.Option(help="Seed of the chips.")] = 0,
    time: Annotated[
        list[str] | None,
        typer.Option(help="Time since programming: '1 day'; repeatable, for the same chips at several times."),
    ] = None,
    calibration: Annotated[
        Path | None, typer.Option(help="Calibration file: used if it is there and fits, written if it is not there.")
    ] = None,
    recalibrate: Annotated[
        int, typer.Option(min=0, help="Calibration images to correct every chip's channels with; 0 for none.")
    ] = 0,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    out: Annotated[Path, typer.Option(help="Folder for results.json and report.html.")] = Path("results"),
) -> None:
    """Classify images with a network on an analog design.

    Prints accuracies (floating point, quantised reference, analog over chips), the error of every layer, and energy,
    area and latency; writes results.json and report.html.

    Examples:

      bitline run

      bitline run --design offset --set adc.bits=10 --chips 3

      bitline run --model cifar-resnet20 --weights resnet20.safetensors --data test_10000.png --images 500
    """
    from bitline.data import load_dataset
    from bitline.data.labels import labels_for
    from bitline.evaluation.evaluate import classes_of, evaluate_times
    from bitline.evaluation.remedies import Recalibrate
    from bitline.networks import find_network, load_network
    from bitline.report import write_html, write_json

    settings = parse_settings(set_ or [])
    if "cell.time" in flat(settings):
        refuse_idle(context, "where --set cell.time says the time", "time")
    chosen = Design.load(design).with_settings(settings)
    check_writable("--out", out / "results.json", out / "report.html")
    if calibration is not None and not os.path.exists(calibration):
        check_writable("--calibration", calibration)
    place = _compute_device(device)
    network = find_network(model)
    loaded = load_network(network, weights)
    source = network.images(data)
    dataset = load_dataset(source, network.preprocess).split(images, calibration_images)
    for note in (*approximations(chosen), *dataset.notes):
        console.print(f"note: {note}")
    if dataset.calibration is None or len(dataset.calibration) == 0:
        raise BitlineError(
            "there are no calibration images: use --calibration-images 1 or more, and data with enough images"
        )
    labels = labels_for(dataset, classes_of(loaded, chosen, dataset.images)).to(place)
    loaded = loaded.to(place)
    with _progress() as progress:
        shown = dataset.calibration.to(place)
        known = _calibration(calibration, loaded, chosen, shown)
        results = evaluate_times(
            loaded,
            chosen,
            dataset.images.to(place),
            labels,
            known,
            times=time or [chosen.cell.time],
            chips=chips,
            seed=seed,
            batch=batch,
            progress=progress,
            **({"after_programming": Recalibrate(shown[:recalibrate])} if recalibrate else {}),
        )
    facts: dict[str, object] = {
        "model": model,
        "weights": str(weights or network.weights or ""),
        "data": source,
        "calibration_images": len(dataset.calibration),
        "recalibration_images": recalibrate,
        "device": device,
    }
    write_json(out / "results.json", results, facts)
    write_html(out / "report.html", results, facts)
    _print(results, model)
    console.print(f"wrote {out / 'results.json'} and {out / 'report.html'}")


@designs_app.callback()
def designs(context: typer.Context) -> None:
    """List the designs that come with bitline, or show one as TOML ('bitline designs show NAME')."""
    if context.invoked_subcommand is not None:
        return
    table = Table(Column("design", no_wrap=True), "weights", "rows", "inputs", "ADC", "description")
    for name in presets():
        one = Design.load(name)
        cell = one.weights.bits_per_cell
        bits = "unsliced" if cell == "unsliced" else f"{cell} b/cell"
        adc = f"{one.adc.bits} b {one.adc.range.kind}" if isinstance(one.adc, Adc) else "none"
        inputs = f"{one.inputs.bits} b by {one.inputs.slice_bits}, {one.inputs.accumulation}"
        table.add_row(name, f"{one.weights.kind}, {bits}", str(one.array.rows), inputs, adc, one.description)
    console.print(table)


@designs_app.command("show")
def show(name: Annotated[str, typer.Argument(help="A preset or a .toml file.")]) -> None:
    """Show a design as TOML with the meaning of every setting; save it, change it, use it with --design FILE."""
    sys.stdout.write(Design.load(name).to_toml())


def _calibration(path: Path | None, model: Any, design: Design, images: Any) -> Any:
    """The calibration of a file, made and written first if there is none; the images where no file is wanted."""
    from bitline.nn import conversion_of, convert
    from bitline.nn.calibration_file import load_calibration, save_calibration

    if path is None:
        return images
    if path.exists():
        return load_calibration(path, model, design, images)
    made = conversion_of(convert(model, design, images)).calibration
    save_calibration(path, made, model, design, images)
    return made


def _compute_device(name: str) -> str:
    import torch

    try:
        kind = torch.device(name).type
    except RuntimeError:
        raise DeviceError(f"there is no device {name!r}: use cpu or cuda") from None
    if kind == "cuda" and not torch.cuda.is_available():
        raise DeviceError(
            "--device cuda needs a CUDA GPU and a PyTorch built for it, and there is none here: use --device cpu"
        )
    return name


@contextmanager
def _progress() -> Iterator[Any]:
    """A progress bar as a function of what is done, images done and images in all."""
    columns = (words("{task.description:<16}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=not console.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done)

        yield report


def _print(results: Sequence[Evaluation], model: str) -> None:
    result = results[-1]
    console.print(Text.assemble((model, "bold"), " on ", (result.design.name, "bold"), f", {result.images:,} images"))
    table = Table("network", "accuracy, %")
    table.add_row("floating point", percent(result.float_accuracy))
    table.add_row("quantised reference", percent(result.reference_accuracy))
    at = ""
    for one in results:
        chips = len(one.chip_accuracies)
        spread = "" if math.isnan(one.std) else f" +- {percent(one.std)}"
        at = f" after {format_duration(one.design.cell.time)}" if len(results) > 1 else ""
        table.add_row(f"analog, {chips} chip{'s' * (chips > 1)}{at}", f"{percent(one.mean)}{spread}")
    console.print(table)
    console.print(f"signal-to-error ratio of every layer{at}, dB")
    layers = Table(Column("layer", no_wrap=True), "rows", "outputs", "partitions", "own", "accumulated")
    for layer in result.layers:
        numbers = (layer.rows, layer.outputs, layer.partitions)
        ratios = (
            fixed(one, 1) if math.isfinite(one) else "exact" if one > 0 else "-"
            for one in (layer.own_db, layer.accumulated_db)
        )
        layers.add_row(layer.name, *map(str, numbers), *ratios)
    console.print(layers)
    total = sum(layer.conversions for layer in result.layers)
    if total:
        counted = [layer for layer in result.layers if layer.skipped < 1]
        skipped = sum(layer.conversions / (1 - layer.skipped) * layer.skipped for layer in counted)
        left_out = f", {percent(skipped / (total + skipped), 1)} % left out" if skipped else ""
        console.print(f"analog-to-digital conversions of one image: {total:,.0f}{left_out}")
    if any(layer.pulses > 1 for layer in result.layers):
        table = Table(Column("layer", no_wrap=True), "pulses per cell", "cells outside the tolerance, %")
        for layer in result.layers:
            table.add_row(layer.name, fixed(layer.pulses, 2), percent(layer.outside, 1))
        console.print(table)
    if result.cost is not None:
        _print_cost(result.cost)
    said_first = approximations(result.design)
    for note in (*result.notes, *(result.cost.notes if result.cost else ())):
        if note not in said_first:
            console.print(f"note: {note}")


def _print_cost(cost: NetworkCost) -> None:
    largest = ", ".join(
        f"{name} {percent(1e-6 * energy / cost.energy_uJ, 0)} %" for name, energy in list(cost.energies_pJ.items())[:3]
    )
    console.print(
        f"cost with library {cost.library}: {number(cost.energy_uJ)} uJ per image ({number(cost.energy_per_mac_fJ)} fJ "
        f"per multiplication; {largest}), {number(cost.TOPS_per_W)} TOPS/W, {number(cost.area_mm2)} mm2, latency "
        f"{number(cost.latency_us)} us, {number(cost.images_per_s)} images per s"
    )


def main() -> None:
    """Run the command line; errors that a user can mend are one line and exit status 2."""
    logging.captureWarnings(True)
    try:
        app()
    except BitlineError as error:
        _end(str(error))
    except OSError as error:
        _end(f"cannot use {error.filename}: {error.strerror}" if error.filename else str(error))
    except SystemExit as end:
        if end.code == INTERRUPTED:
            Console(stderr=True).print("bitline: interrupted", style="red")
        raise


def _end(message: str) -> NoReturn:
    line = " ".join(message.split("\n"))
    Console(stderr=True, soft_wrap=True).print(f"bitline: {line}", style="red", markup=False, highlight=False)
    sys.exit(2)
