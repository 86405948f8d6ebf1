"""`bitline tune`: choose how each layer quantises its weights, inputs and ADC readings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bitline.cli import options
from bitline.cli.commands import Commands
from bitline.cli.inputs import Source, check_text, chosen_design
from bitline.cli.output import Output
from bitline.cli.table import Cell, Column, Table, name, prose
from bitline.config.files import write_text
from bitline.numerics.decibels import decibel_text
from bitline.numerics.summary import counted

if TYPE_CHECKING:
    from bitline.evaluation.remedies import Tuning

app = Commands()


@app.command()
def tune(
    context: typer.Context,
    model: options.Model = "fashion-resnet",
    weights: options.Weights = None,
    data: options.Data = None,
    length: options.Length = None,
    design: options.DesignName = "differential",
    set_: options.Settings = None,
    allow_code: options.AllowCode = False,
    calibration_images: options.CalibrationImages = 200,
    seed: options.Seed = 0,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Design to write, a .toml file.")] = Path("tuned.toml"),
    threads: options.Threads = None,
) -> None:
    """Choose weight scales, input ranges and ADC ranges by layer, without training.

    Each layer has what gives the least error of its outputs behind the ADC. No circuit is added: what is chosen are
    numbers in registers and references. Prints what each layer chose, and writes a design with a rule for each choice;
    see what it does with 'bitline run'.

    Examples:

      bitline tune --design sonos-a --out tuned.toml
      bitline run --design tuned.toml
    """
    from bitline.evaluation.remedies import tune as choose

    output = Output.of(context)
    check_text("--out", out, ".toml")
    chosen = chosen_design(design, set_, allow_code)
    sample = Source(model, weights, data, length).shown(1, calibration_images)
    output.notes(sample.notes)
    with output.progress() as tell:
        tuning = choose(sample.network, chosen, sample.calibration, seed=seed, progress=tell)
    output.results(
        _table(tuning, f"{model} on {chosen.name}, {counted(len(sample.calibration), 'image')}"), _gains(tuning)
    )
    write_text(out, tuning.design.to_toml())
    output.wrote(out)


def _table(tuning: Tuning, title: str) -> Table:
    """Each layer with the ratio of its outputs to their errors, before and after, and what it chose."""
    columns = (
        name("layer"),
        Column("before_dB", "before", "dB", decibel_text),
        Column("after_dB", "after", "dB", decibel_text),
        prose("chosen"),
    )
    rows = [
        (layer.name, layer.before_db, layer.after_db, Cell(dict(layer.settings), layer.words))
        for layer in tuning.layers
    ]
    return Table("layers", columns, rows, f"{title}: signal over error of the outputs of each layer")


def _gains(tuning: Tuning) -> str:
    return "\n".join(f"{setting}: {gain:+.1f} dB on average" for setting, gain in tuning.gains.items())
