"""`bitline ranges`: where the signals of every layer lie in the range of its ADCs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from bitline.cli.parameters import console, refuse_idle
from bitline.config.files import check_writable, write_csv
from bitline.design import Design
from bitline.design.settings import parse_settings
from bitline.errors import BitlineError
from bitline.numerics.text import exact, fixed
from bitline.numerics.text import percent as in_percent


def ranges(
    context: typer.Context,
    model: Annotated[str, typer.Option(help="Network: a name or package.module:function.")] = "fashion-resnet",
    weights: Annotated[Path | None, typer.Option(help="Weights: .safetensors, .pt, .pth or .npz.")] = None,
    data: Annotated[str | None, typer.Option(help="Images, as for 'bitline run'.")] = None,
    design: Annotated[str, typer.Option(help="A preset or a .toml file.")] = "differential",
    set_: Annotated[list[str] | None, typer.Option("--set", help="Change a setting; repeatable.")] = None,
    calibration_images: Annotated[int, typer.Option(min=1, help="Images to observe.")] = 200,
    percent: Annotated[float, typer.Option(min=50, max=100, help="P: inner percentage of the signals.")] = 99.98,
    layer: Annotated[str | None, typer.Option(help="Layer to draw (Fig. 14); the tallest if not given.")] = None,
    loss: Annotated[
        float | None, typer.Option(min=0, help="Also recommend bits and P for this loss of accuracy, in per cent.")
    ] = None,
    images: Annotated[int, typer.Option(min=1, help="Images to count accuracy on for a recommendation.")] = 300,
    out: Annotated[Path, typer.Option(help="Folder for ranges.csv, signals.png and useful.png.")] = Path("ranges"),
) -> None:
    """Show the signals at the ADCs of every layer and slice: useful range, chosen limits, clipping, bits.

    Examples:

      bitline ranges --set weights.bits=9 --set weights.bits_per_cell=2

      bitline ranges --design offset --loss 1
    """
    from bitline.data import load_dataset
    from bitline.data.labels import labels_for
    from bitline.evaluation.adc_ranges import ranges_frame, recommend, study_ranges
    from bitline.evaluation.evaluate import classes_of
    from bitline.networks import find_network, load_network
    from bitline.report.figures.ranges import signals_figure, useful_figure
    from bitline.report.style import save

    if loss is None:
        refuse_idle(context, "without --loss", "images")
    check_writable("--out", *(out / name for name in ("ranges.csv", "signals.png", "useful.png")))
    chosen = Design.load(design).with_settings(parse_settings(set_ or []))
    network = find_network(model)
    loaded = load_network(network, weights)
    dataset = load_dataset(network.images(data), network.preprocess).split(images, calibration_images)
    if dataset.calibration is None or len(dataset.calibration) == 0:
        raise BitlineError("there are no calibration images: use data with more images")
    for note in dataset.notes:
        console.print(f"note: {note}")
    labels = None if loss is None else labels_for(dataset, classes_of(loaded, chosen, dataset.images))
    with console.status("observing"):
        found = study_ranges(loaded, chosen, dataset.calibration)
    names = {one.layer for one in found}
    if layer is not None and layer not in names:
        raise BitlineError(f"there is no analog layer {layer!r}: use one of {', '.join(sorted(names))}")
    drawn = layer or max(found, key=lambda one: one.rows).layer
    table = Table(
        Column("layer", no_wrap=True),
        "rows",
        "slice",
        f"P {exact(percent)} %, % of full",
        "chosen",
        "clipped, %",
        "bits",
        "FPG",
        title=f"{model} on {chosen.name}, {len(dataset.calibration)} images",
    )
    for one in found:
        shares = (one.useful(percent), one.chosen, one.clipped)
        bits = (fixed(one.equivalent_bits, 1), fixed(one.full_precision_bits, 1))
        table.add_row(one.layer, str(one.rows), str(one.slice), *(in_percent(share, 1) for share in shares), *bits)
    caption = f"{model} on design {chosen.name}, {len(dataset.calibration)} calibration images"
    write_csv(out / "ranges.csv", ranges_frame(found, percent))
    save(signals_figure([one for one in found if one.layer == drawn], caption, percent), out / "signals.png")
    save(useful_figure(found, caption, percent), out / "useful.png")
    console.print(table)
    console.print(
        f"useful: inner {exact(percent)} % of the signals, in % of what the array can produce; chosen: limits of the "
        "ADC\n"
        "bits: of an ADC over the full range with the same step; FPG: bits of the full precision guarantee"
    )
    console.print(f"wrote {out / 'ranges.csv'}, {out / 'signals.png'}, {out / 'useful.png'}")
    if loss is None or labels is None:
        return
    with console.status("searching") as status:
        best = recommend(
            loaded, chosen, dataset.images, labels, dataset.calibration, loss=loss / 100, progress=status.update
        )
    if best.bits is None:
        console.print(f"no resolution tried stays within {exact(loss)} % of {in_percent(best.reference)} % (no ADC)")
        return
    console.print(
        f"recommended: adc.bits = {best.bits}, adc.range.percentile = {exact(best.percentile)}: accuracy "
        f"{in_percent(best.accuracy)} %, without ADC {in_percent(best.reference)} % ({len(dataset.images)} images)"
    )
