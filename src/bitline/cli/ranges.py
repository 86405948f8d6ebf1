"""`bitline ranges`: where the signals of every layer lie in the range of its ADCs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bitline.cli import options
from bitline.cli.commands import Commands, refuse_idle
from bitline.cli.inputs import Sample, Source, chosen_design
from bitline.cli.output import Output
from bitline.cli.own_samples import OwnSample
from bitline.cli.table import Column, Table, name
from bitline.config.files import check_writable, write_text
from bitline.config.spreadsheets import write_csv
from bitline.errors import BitlineError
from bitline.numerics.decibels import decibel_text
from bitline.numerics.summary import counted
from bitline.numerics.text import exact, fixed, number
from bitline.numerics.text import percent as in_percent

if TYPE_CHECKING:
    from torch import nn

    from bitline.design import Design
    from bitline.evaluation.adc_ranges import SliceRange
    from bitline.evaluation.recommended_adc import Recommendation
    from bitline.measures import Measure

app = Commands()

FILES = ("ranges.csv", "limits.csv", "signals.csv", "given.toml", "signals.png", "useful.png")
"""What is always written; given.toml only where one range for each layer and slice says it all."""


@app.command()
def ranges(
    context: typer.Context,
    model: options.Model = "fashion-resnet",
    weights: options.Weights = None,
    data: options.Data = None,
    length: options.Length = None,
    metric: options.Metric = None,
    design: options.DesignName = "differential",
    set_: options.Settings = None,
    allow_code: options.AllowCode = False,
    calibration_images: options.CalibrationImages = 200,
    percent: Annotated[
        float, typer.Option(min=50, max=100, metavar="P", help="Inner percentage of the signals.")
    ] = 99.98,
    layer: Annotated[
        str | None, typer.Option(metavar="NAME", help="Layer to draw (Fig. 14); all, or the 12 tallest, if not given.")
    ] = None,
    loss: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=100,
            metavar="P",
            help="Also recommend bits and P for this loss of accuracy, in per cent; of a measure that is no share, in "
            "its unit.",
        ),
    ] = None,
    images: options.SomeImages = 300,
    out: Annotated[Path, options.out_folder(f"{', '.join(FILES)} and, with --loss, tried.png")] = Path("ranges"),
    threads: options.Threads = None,
) -> None:
    """Show where the signals of every layer lie in the range of its ADCs.

    Prints for each layer and slice the useful range, the chosen limits, how much is clipped, and bits.

    Examples:

      bitline ranges --set weights.bits=9 --set weights.bits_per_cell=2
      bitline ranges --design offset --loss 1
      bitline ranges --model net:build --data loader.py:make --metric mae --loss 0.1
    """
    from bitline.evaluation.adc_ranges import study_ranges

    output = Output.of(context)
    if loss is None:
        refuse_idle(context, "without --loss", "images", "metric")
    files = [out / file for file in (*FILES, *(["tried.png"] if loss is not None else []))]
    check_writable("--out", *files)
    chosen = chosen_design(design, set_, allow_code)
    source = Source(model, weights, data, length)
    sample = source.shown(images, calibration_images)
    _check_layer(sample.network, chosen, layer)
    output.notes(sample.notes)
    shown = sample.calibration
    tested = None if loss is None else _Tested.of(sample, chosen, source.metric(metric))
    with output.progress() as tell:
        tell("observing signals", 0, None)
        found = study_ranges(sample.network, chosen, shown)
    caption = f"{model} on design {chosen.name}, {counted(len(shown), 'calibration image')}"
    _write_figures(out, found, _drawn(found, layer), caption, percent)
    _write_tables(out, found, percent)
    if not _write_given(out / "given.toml", chosen, found):
        files.remove(out / "given.toml")
    parts: list[Table | str] = [
        _slices(found, percent, f"{model} on {chosen.name}, {counted(len(shown), 'image')}"),
        f"useful: inner {exact(percent)} % of the signals, in % of what the array can produce; chosen: limits of the "
        "ADC; needed: by an ADC over the full range with the same step; FPG: by the full precision guarantee; low, "
        "high: limits of the ADC, in currents of a cell at G_max with the largest input, as adc.range = 'given' takes "
        "them",
    ]
    if loss is not None and tested is not None:
        parts += tested.parts(loss, files[-1], f"{model} on {chosen.name}", output)
    output.results(*parts)
    output.wrote(*files)


@dataclass(frozen=True)
class _Tested:
    """What bits are recommended for: a network on a design, with the samples that decide, as `recommend` takes them."""

    network: nn.Module
    design: Design
    measure: Measure
    samples: Any
    labels: Any
    calibration: Any

    @classmethod
    def of(cls, sample: Sample | OwnSample, design: Design, metric: str) -> _Tested:
        """What a command line says.

        Raises:
            DataError: labels are none of the network's classes.
        """
        from bitline.measures import measure_of

        measure = measure_of(metric)
        return cls(sample.network, design, measure, *sample.given(measure, design, "cpu"))

    def parts(self, loss: float, file: Path, title: str, output: Output) -> list[Table | str]:
        """Bits and P for a loss, in per cent or in the unit of the measure, and what was tried; drawn into a file."""
        from bitline.evaluation.recommended_adc import recommend
        from bitline.report.figures.tried import tried_figure
        from bitline.report.style import save

        accepted, count = loss / self.measure.scale, len(self.samples)
        with output.progress() as tell:
            best = recommend(
                self.network,
                self.design,
                self.samples,
                self.labels,
                self.calibration,
                metric=self.measure,
                loss=accepted,
                progress=lambda what: tell(what, 0, None),
            )
        save(tried_figure(best, accepted, f"{title}, {counted(count, 'image')}"), file)
        return [_tried(best), _looked_at(best), _recommended(best, loss, count)]


def _check_layer(network: nn.Module, design: Design, layer: str | None) -> None:
    """Refuse a layer that has no ADC, before the work.

    Raises:
        BitlineError: there is no such layer, or a rule keeps it digital.
    """
    from bitline.config.messages import nearest

    names = [name for name, _ in network.named_modules() if name]
    if layer is not None and layer not in names:
        raise BitlineError(f"the network has no layer {layer!r}{nearest(layer, names)}")
    if layer is not None and design.for_layer(layer) is None:
        raise BitlineError(
            f"a rule of design {design.name!r} keeps layer {layer!r} digital, without an ADC: give another --layer"
        )


def _drawn(found: Sequence[SliceRange], layer: str | None) -> list[SliceRange]:
    """What is drawn: the layer that is asked for, or all.

    Raises:
        BitlineError: there is no such layer.
    """
    names = {entry.layer for entry in found}
    if layer is not None and layer not in names:
        raise BitlineError(f"there is no analog layer {layer!r}: use one of {', '.join(sorted(names))}")
    return [entry for entry in found if layer in (None, entry.layer)]


def _write_tables(out: Path, found: Sequence[SliceRange], percent: float) -> None:
    from bitline.evaluation.adc_ranges import ranges_frame
    from bitline.evaluation.given_ranges import limits_frame, signals_frame

    write_csv(out / "ranges.csv", ranges_frame(found, percent))
    write_csv(out / "limits.csv", limits_frame(found))
    write_csv(out / "signals.csv", signals_frame(found))


def _write_figures(
    out: Path, found: Sequence[SliceRange], drawn: Sequence[SliceRange], caption: str, percent: float
) -> None:
    from bitline.report.figures.ranges import signals_figure, useful_figure
    from bitline.report.style import save

    save(signals_figure(drawn, caption, percent), out / "signals.png")
    save(useful_figure(found, caption, percent), out / "useful.png")


def _write_given(file: Path, design: Design, found: Sequence[SliceRange]) -> bool:
    """Write the design with the ranges found as settings; whether settings can state them."""
    from bitline.evaluation.given_ranges import with_given_ranges

    if not all(entry.levels.is_shared for entry in found):
        return False
    write_text(file, with_given_ranges(design, found).to_toml())
    return True


def _slices(found: Sequence[SliceRange], percent: float, title: str) -> Table:
    def share(key: str, head: str, unit: str) -> Column:
        return Column(key, head, unit, lambda value: in_percent(value, 1))

    def bits(key: str, head: str) -> Column:
        return Column(key, head, "bits", lambda value: fixed(value, 1))

    def signal(key: str) -> Column:
        return Column(key, key, "cells", lambda value: number(value, 4))

    columns = (
        name("layer"),
        Column("rows", "rows"),
        Column("slice", "slice"),
        share("useful", "useful", "% of full"),
        share("chosen", "chosen", "% of full"),
        share("clipped", "clipped", "%"),
        bits("equivalent_bits", "needed"),
        bits("full_precision_bits", "FPG"),
        signal("low"),
        signal("high"),
    )
    rows = [
        (
            entry.layer,
            entry.rows,
            entry.slice,
            entry.useful(percent),
            entry.chosen,
            entry.clipped,
            entry.equivalent_bits,
            entry.full_precision_bits,
            entry.low,
            entry.high,
        )
        for entry in found
    ]
    return Table("ranges", columns, rows, title)


def _tried(best: Recommendation) -> Table:
    columns = (
        Column("bits", "bits"),
        Column("percentile", "P", "%", exact),
        Column("own_db", "worst layer", "dB", decibel_text),
        Column(best.measure.name, best.measure.name, best.measure.unit, best.measure.text),
    )
    return Table("tried", columns, best.tried, "resolutions and ranges tried")


def _looked_at(best: Recommendation) -> str:
    """What was tried, in words."""
    bits = sorted({entry[0] for entry in best.tried})
    ranges = sorted({entry[1] for entry in best.tried})
    return (
        f"tried: {', '.join(map(str, bits))} bits, each with P = {', '.join(map(exact, ranges))} % on 32 images; "
        f"{best.measure.name} on all of them with the P whose worst layer is best (tried.png)"
    )


def _recommended(best: Recommendation, loss: float, images: int) -> str:
    if best.bits is None:
        reference = best.measure.shown(best.reference)
        return f"no resolution tried stays within {exact(loss)} {best.measure.unit} of {reference} (no ADC)"
    return f"recommended: {best} ({counted(images, 'image')})"
