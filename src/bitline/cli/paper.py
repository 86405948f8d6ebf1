"""`bitline paper`: the figures and claims of Xiao et al. 2022, measured."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bitline.cli import completion, options
from bitline.cli.commands import Commands
from bitline.cli.launch import Crew, tasks
from bitline.cli.output import Output
from bitline.cli.table import Cell, Table, name, prose
from bitline.config.files import check_writable

if TYPE_CHECKING:
    from bitline.paper import Experiment, Findings, PaperStudy

app = Commands("Measure the figures and claims of the paper that bitline implements, with verdicts.")


@app.command("list")
def list_(context: typer.Context) -> None:
    """List the studies."""
    from bitline.paper import catalogue

    rows = [(study.name, study.shows, study.title) for study in catalogue().values()]
    Output.of(context).results(Table("studies", (name("study"), name("shows"), prose("title", "what")), rows))


@app.command("run")
def run(
    context: typer.Context,
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="STUDY...",
            help="Studies, or 'all'; 'bitline paper list' names them.",
            autocompletion=completion.paper_studies,
        ),
    ],
    model: options.Model = "fashion-resnet",
    weights: options.Weights = None,
    data: options.Data = None,
    networks: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="TOML file of further networks, for studies that compare several."),
    ] = None,
    images: options.SomeImages = 200,
    calibration_images: options.CalibrationImages = 100,
    chips: options.Chips = 5,
    rounds: Annotated[
        int,
        typer.Option(
            min=1,
            max=10,
            metavar="N",
            help="Measure everything with fewer images and chips first, halved so many times.",
        ),
    ] = 1,
    minutes: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=10_000_000,
            metavar="M",
            help="Measure for so long at most, then draw and judge what there is; 0 measures nothing.",
        ),
    ] = None,
    seed: options.Seed = 0,
    workers: options.Workers = None,
    executor: options.Executor = "local",
    address: options.Address = None,
    compute: options.Compute = "cpu",
    threads: options.Threads = None,
    gpus: options.Gpus = 0.0,
    out: Annotated[Path, options.out_folder("figures, data and verdicts")] = Path("paper"),
) -> None:
    """Run studies: each writes its figure in the paper's layout, its data, and a verdict on each claim.

    Interrupt it at any time; what is measured is kept in OUT/measurements-NETWORK.sqlite and not measured again.

    Examples:

      bitline paper run energy conductances
      bitline paper run all --model resnet50 --weights resnet50.pth --data val.zip

      bitline paper run all --images 1000 --chips 10 --rounds 3 --minutes 60
    """
    from bitline.paper import Experiment, catalogue, files_of, find, read_subjects

    output = Output.of(context)
    crew = Crew(workers, executor, address, compute, gpus)
    crew.check(context)
    chosen = list(catalogue().values()) if "all" in names else [find(study) for study in names]
    check_writable("--out", *(file for study in chosen for file in files_of(study, out).values()))
    whole = Experiment(
        out=out,
        model=model,
        weights=weights,
        data=data,
        images=images,
        calibration_images=calibration_images,
        chips=chips,
        seed=seed,
        workers=crew.count,
        threads=threads,
        others=read_subjects(networks) if networks else (),
        until=math.inf if minutes is None else time.monotonic() + 60 * minutes,
    )
    with crew.standing(output.note) as launch:
        found = _run_all(chosen, replace(whole, launch=launch).rounds(rounds), output)
    output.data(_table(found, ""))
    output.note(f"figures, data and verdicts are in {out}")


def _run_all(chosen: Sequence[PaperStudy], rounds: tuple[Experiment, ...], output: Output) -> list[tuple[Any, ...]]:
    """Run studies in every round; returns the claims of the last one."""
    *earlier, last = rounds
    for experiment in earlier:
        for study in chosen:
            _run(study, experiment, output)
        output.note(f"{last.out} has a first answer of {experiment.images} images and {experiment.chips} chips")
    found: list[tuple[Any, ...]] = []
    for study in chosen:
        findings = _run(study, last, output)
        own = _rows(study, findings)
        output.text(_table(own, f"{study.name} ({study.shows})"))
        for remark in findings.remarks:
            output.note(f"note: {remark}")
        found += own
    return found


def _run(study: PaperStudy, experiment: Experiment, output: Output) -> Findings:
    """Run one study, showing how far it is."""
    from bitline.paper import run_study

    with tasks(output, study.name) as progress:
        return run_study(study, replace(experiment, progress=progress))


def _rows(study: PaperStudy, findings: Findings) -> list[tuple[Any, ...]]:
    """Each claim with its verdict and the quantity that decided."""
    rows = []
    for verdict in findings.verdicts:
        words = f"{verdict.claim} {verdict.quantity}: {verdict.found}, claimed {verdict.claimed}"
        words += f"; {verdict.needed}" if verdict.needed else ""
        rows.append((verdict.words, Cell({"study": study.name, **verdict.to_dict()}, words)))
    return rows


def _table(rows: list[tuple[Any, ...]], title: str) -> Table:
    records = [cell.value for _, cell in rows]
    return Table("verdicts", (name("verdict"), prose("claim", "claim and quantity")), rows, title, records=records)
