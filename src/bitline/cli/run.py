"""`bitline run`: accuracy of a network on a design."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bitline.cli import options
from bitline.cli.commands import Commands, refuse_idle, refuse_more
from bitline.cli.inputs import Sample, Source, check_compute, check_time, chosen_design
from bitline.cli.output import Output
from bitline.cli.own_samples import OwnSample
from bitline.cli.run_tables import run_tables
from bitline.cli.table import Table
from bitline.cli.why import is_large, why_parts, why_tables
from bitline.config.files import check_writable

if TYPE_CHECKING:
    from torch import Tensor, nn

    from bitline.data.samples import Samples
    from bitline.design import Design
    from bitline.evaluation.diagnosed import Diagnosis
    from bitline.evaluation.result import Evaluation
    from bitline.measures import Measure

app = Commands()


@app.command()
def run(
    context: typer.Context,
    model: options.Model = "fashion-resnet",
    weights: options.Weights = None,
    data: options.Data = None,
    length: options.Length = None,
    metric: options.Metric = None,
    design: options.DesignName = "differential",
    set_: options.Settings = None,
    allow_code: options.AllowCode = False,
    chips: options.Chips = 5,
    images: options.Images = None,
    calibration_images: options.CalibrationImages = 200,
    batch: options.Batch = 64,
    seed: options.Seed = 0,
    time: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TIME", help="Time since programming: '1 day'; repeatable, for the same chips at several times."
        ),
    ] = None,
    calibration: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Calibration file: used if it is there and fits, written if it is not there."
        ),
    ] = None,
    recalibrate: Annotated[
        int,
        typer.Option(
            min=0, max=options.MOST, metavar="N", help="Calibration images to correct every chip's channels with."
        ),
    ] = 0,
    compared_images: Annotated[
        int,
        typer.Option(
            min=0,
            max=options.MOST,
            metavar="N",
            help="Images whose layer outputs are compared with the reference's, for the error of every layer; 0 leaves "
            "it out, and saves the time of about 3 N images a chip.",
        ),
    ] = 64,
    compared_chips: Annotated[
        int,
        typer.Option(
            min=1,
            max=options.MOST,
            metavar="N",
            help="Chips on which they are compared; how far these differ is the ± beside the errors.",
        ),
    ] = 3,
    why: Annotated[
        bool,
        typer.Option(
            "--why",
            help="Find what costs accuracy, or harms another measure, by undoing one cause after the other on few "
            "images, and what helps; done "
            "unasked where more than 10 points are lost.",
        ),
    ] = False,
    compute: options.Compute = "cpu",
    threads: options.Threads = None,
    out: Annotated[Path, options.out_folder("results.json and report.html")] = Path("results"),
) -> None:
    """Measure a network on an analog design: its accuracy, or any measure of any data.

    Prints the measure (floating point, quantised reference, analog over chips), the error of every layer, and energy,
    area and latency; writes results.json and report.html.

    Examples:

      bitline run
      bitline run --design offset --set adc.bits=10 --chips 3
      bitline run --model cifar-resnet20 --weights w.safetensors --data test.zip
      bitline run --model ./SmolLM2 --data wiki.txt --images 8
      bitline run --model mynet:build --data loader.py:make --metric mae
    """
    from bitline.measures import measure_of

    output = Output.of(context)
    _check_idle(context)
    chosen = chosen_design(design, set_, allow_code)
    for moment in time or ():
        chosen.with_settings({"cell.time": moment})  # refused before the work
    check_writable("--out", out / "results.json", out / "report.html")
    if calibration is not None and not os.path.exists(calibration):  # unlike Path.exists, for any name
        check_writable("--calibration", calibration)
    check_compute(compute)
    source = Source(model, weights, data, length)
    named = source.metric(metric)
    measure = measure_of(named)
    sample = _with_enough(context, source.shown(images, calibration_images), measure)
    _warn(output, chosen, sample)
    compared = compared_images, compared_chips
    how = _Procedure(
        chosen, measure, chips, seed, batch, tuple(time or ()), calibration, recalibrate, *compared, compute
    )
    results = how.evaluate(sample, output)
    facts: dict[str, object] = {
        "model": model,
        "weights": sample.weights,
        "data": sample.data,
        "calibration_images": len(sample.calibration),
        "recalibration_images": recalibrate,
        "compared_images": min(compared_images, len(sample)),
        "compared_chips": min(compared_chips, chips),
        "compute": compute,
    } | ({"metric": metric or named} if named != "accuracy" else {})
    _write_or_show(out, results, facts, output)
    found = how.why(sample, results[-1], why, output)
    if found is not None:
        _write(out, results, facts, found)
    _show(output, run_tables(results, model), found)
    if why and recalibrate:
        output.text("why: looked for in chips as they are programmed, without --recalibrate")
    output.notes(_late_notes(results[-1]))
    output.wrote(out / "results.json", out / "report.html")


def _check_idle(context: typer.Context) -> None:
    """Refuse options that do nothing beside others.

    Raises:
        BitlineError: one of them was given.
    """
    check_time(context, context.params["set_"])
    if not context.params["compared_images"]:
        refuse_idle(context, "with --compared-images 0", "compared_chips")
    refuse_more(context, context.params["chips"], "chips", "compared_chips")


def _with_enough(context: typer.Context, sample: Sample | OwnSample, measure: Measure) -> Sample | OwnSample:
    """The samples, if there are as many as the options ask for.

    Raises:
        BitlineError: there are fewer.
    """
    refuse_more(context, len(sample), f"{measure.sample}s to measure on", "compared_images")
    refuse_more(context, len(sample.calibration), f"calibration {measure.sample}s", "recalibrate")
    return sample


def _write_or_show(out: Path, results: Sequence[Evaluation], facts: dict[str, object], output: Output) -> None:
    """Write results; show them where that fails, such as on a full disk: they may have taken hours."""
    try:
        _write(out, results, facts)
    except OSError:
        _show(output, run_tables(results, str(facts["model"])), None)
        raise


@dataclass(frozen=True)
class _Procedure:
    """How accuracy is measured, as the options of the same names say."""

    design: Design
    measure: Measure
    chips: int
    seed: int
    batch: int
    times: tuple[str, ...]
    calibration: Path | None
    recalibrate: int
    compared_images: int
    compared_chips: int
    compute: str

    def evaluate(self, sample: Sample | OwnSample, output: Output) -> Sequence[Evaluation]:
        """The network on the design, at every time."""
        from bitline.evaluation.evaluate import evaluate_times
        from bitline.evaluation.remedies import Recalibrate

        images, labels, calibration = sample.given(self.measure, self.design, self.compute)
        network, remedy = sample.network.to(self.compute), dict[str, Any]()
        if self.recalibrate:
            remedy["after_programming"] = Recalibrate(sample.for_recalibration(self.recalibrate, self.compute))
        with output.progress() as tell:
            return evaluate_times(
                network,
                self.design,
                images,
                labels,
                self._known(network, calibration),
                metric=self.measure,
                times=self.times or (self.design.cell.time,),
                chips=self.chips,
                seed=self.seed,
                batch=self.batch,
                progress=tell,
                compared_images=self.compared_images,
                compared_chips=self.compared_chips,
                **remedy,
            )

    def why(self, sample: Sample | OwnSample, result: Evaluation, asked: bool, output: Output) -> Diagnosis | None:
        """What makes the design worse than the float network, where somebody asks or much is lost."""
        from bitline.evaluation.diagnosis import IMAGES, Patient, diagnose
        from bitline.evaluation.subject import Given, Subject

        if self.recalibrate or not (asked or is_large(result)):
            return None
        images, labels, calibration = sample.given(self.measure, self.design, self.compute)
        network = sample.network.to(self.compute)
        subject = Subject.of(network, self.design, Given(images, labels, calibration, self.measure, self.batch))
        data = subject.data.part(0, min(IMAGES, len(subject.data)))
        with output.progress() as tell:
            return diagnose(Patient(network, result.design, data, calibration, self.seed), tell)

    def _known(self, network: nn.Module, images: Tensor | Samples) -> Any:
        """The calibration of the file, made and written first if there is none; the images where no file is wanted."""
        from bitline.nn import conversion_of, convert
        from bitline.nn.calibration_file import load_calibration, save_calibration

        if self.calibration is None:
            return images
        if self.calibration.exists():
            return load_calibration(self.calibration, network, self.design, images)
        made = conversion_of(convert(network, self.design, images)).calibration
        save_calibration(self.calibration, made, network, self.design, images)
        return made


def _write(out: Path, results: Sequence[Evaluation], facts: dict[str, object], why: Diagnosis | None = None) -> None:
    """Write both files; again once it is known why accuracy is lost."""
    from bitline.report import write_html, write_json

    write_json(out / "results.json", results, facts, why)
    write_html(out / "report.html", results, facts, why)


def _show(output: Output, parts: Sequence[Table | str], found: Diagnosis | None) -> None:
    """Print the results, and below them what was found to make them worse than those of the float network."""
    why = why_parts(found) if found else []
    output.text(*parts, *why)
    tables = [part for part in (*parts, *why) if isinstance(part, Table)]
    output.data(*tables, *(why_tables(found) if found else []))


def _warn(output: Output, design: Design, sample: Sample | OwnSample) -> None:
    """Say before the work what is approximate, and how the images were read."""
    from bitline.design.approximations import approximations

    output.notes((*approximations(design), *sample.notes))


def _late_notes(result: Evaluation) -> list[str]:
    """What is to be said after the work, and was not said before."""
    from bitline.design.approximations import approximations

    said = approximations(result.design)
    return [note for note in (*result.notes, *(result.cost.notes if result.cost else ())) if note not in said]
