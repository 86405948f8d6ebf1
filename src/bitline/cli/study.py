"""`bitline sweep`, `bitline explore`, `bitline results` and `bitline report`: studies of many designs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Column, Table

from bitline.cli.parameters import console, refuse_idle, words
from bitline.config.files import check_writable
from bitline.errors import StudyError
from bitline.numerics.text import number, percent

if TYPE_CHECKING:
    from bitline.study import StudyResult, Summary
    from bitline.study.executors import Launch

SHOWN = 40
"""Designs in a printed table."""

StudyFile = Annotated[Path, typer.Argument(help="Study, a .toml file.")]
Out = Annotated[
    Path | None, typer.Option(help="Store of results, .sqlite; beside the study, with its name, if not given.")
]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes; one for each core, at most 8, if not given.")]
Executor = Annotated[str, typer.Option(help="Who does the work: 'local' processes, or a 'ray' cluster.")]
Address = Annotated[str | None, typer.Option(help="Ray cluster: 'auto' or host:port; a new one here if not given.")]
Device = Annotated[str, typer.Option(help="cpu or cuda; workers share the GPUs.")]
Fraction = Annotated[float, typer.Option(min=0, help="GPUs of each worker on a Ray cluster: 0.25 puts four on one.")]


def sweep(
    context: typer.Context,
    study: StudyFile,
    out: Out = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how much is left to do and how long it should take, and stop.")
    ] = False,
    workers: Workers = None,
    executor: Executor = "local",
    address: Address = None,
    device: Device = "cpu",
    gpus: Fraction = 0.0,
    report: Annotated[Path | None, typer.Option(help="HTML report to write at the end.")] = None,
) -> None:
    """Evaluate all designs of a study.

    Every finished piece is kept: interrupt it with Ctrl-C, kill it, extend its axes or chips, run it again, and only
    what is missing is computed.

    Examples:

      bitline sweep study.toml --dry-run

      bitline sweep study.toml --workers 4 --report study.html

      bitline sweep study.toml --executor ray --address auto
    """
    from bitline import study as studies

    check_launch(context, executor)
    chosen = studies.Study.load(study)
    store = out or _beside(study, "sqlite")
    count = workers or studies.default_workers()
    if dry_run:
        with console.status("probing"):
            planned = studies.plan(chosen, store, count)
        console.print(
            f"{len(planned.points)} designs, {planned.finished} finished; {planned.tasks} tasks and {planned.images:,} "
            f"images left: about {_duration(planned.seconds)} with {count} worker{'s' * (count > 1)}"
        )
        return
    check_writable("--out", store)
    check_writable("--report", *([report] if report else []))
    launch = launcher(executor, count, address, device, gpus)
    with bar(chosen.name) as progress:
        summary = studies.sweep(chosen, store, workers=count, launch=launch, progress=progress)
    _finish(summary, studies.read_results(store), store, report)


def explore(
    context: typer.Context,
    study: StudyFile,
    out: Out = None,
    workers: Workers = None,
    executor: Executor = "local",
    address: Address = None,
    device: Device = "cpu",
    gpus: Fraction = 0.0,
    report: Annotated[Path | None, typer.Option(help="HTML report to write at the end.")] = None,
) -> None:
    """Search the axes of a study for the designs that trade accuracy best against cost.

    Every design is screened on few images; the best are measured in full. What to trade off and how many designs to
    look at is in the study's [search] section. It can be interrupted and goes on like 'bitline sweep'.

    Examples:

      bitline explore study.toml --report front.html
    """
    from bitline import study as studies

    check_launch(context, executor)
    chosen = studies.Study.load(study)
    store = out or _beside(study, "sqlite")
    count = workers or studies.default_workers()
    check_writable("--out", store)
    check_writable("--report", *([report] if report else []))
    launch = launcher(executor, count, address, device, gpus)
    with bar(chosen.name) as progress:
        found = studies.explore(chosen, store, workers=count, launch=launch, progress=progress)
    result = studies.read_results(store)
    best = set(found.front)
    _write_report(result, report)
    console.print(
        f"{found.looked_at} designs screened, {len(found.survivors)} measured in full; "
        f"{len(best)} of them are on the front of {', '.join(chosen.search.objectives)}:"
    )
    print_results(dataclasses.replace(result, designs=tuple(one for one in result.designs if one.key in best)))
    console.print(f"{_duration(found.seconds)}; results in {store}")
    _print_end(found.failures, report)


def results(
    context: typer.Context,
    store: Annotated[Path, typer.Argument(help="Store of results, .sqlite.")],
    to: Annotated[str | None, typer.Option(help="Write a file: csv, parquet or json.")] = None,
    out: Annotated[Path | None, typer.Option(help="File to write; beside the store if not given.")] = None,
) -> None:
    """Show the results of a study, or write them as a table.

    Examples:

      bitline results study.sqlite

      bitline results study.sqlite --to csv
    """
    from bitline.study import export, read_results
    from bitline.study.export import check_export

    if to is None:
        refuse_idle(context, "without --to", "out")
        print_results(read_results(store))
        return
    check_export(to)
    path = out or _beside(store, to)
    check_writable("--out", path)
    result = read_results(store)
    export(result, to, path)
    console.print(f"wrote {path}")


def report(
    store: Annotated[Path, typer.Argument(help="Store of results, .sqlite.")],
    out: Annotated[Path | None, typer.Option(help="HTML file; beside the store if not given.")] = None,
    figures: Annotated[str | None, typer.Option(help="Also write figures for papers: pdf, svg or png.")] = None,
) -> None:
    """Write the report of a study: one HTML file that opens offline.

    Examples:

      bitline report study.sqlite --figures pdf
    """
    from bitline.report.figures.study_print import check_format, write_figures
    from bitline.report.study_page import write_study
    from bitline.study import read_results

    path = out or _beside(store, "html")
    check_writable("--out", path)
    if figures is not None:
        check_format(figures)
    result = read_results(store)
    write_study(path, result)
    written = [path]
    if figures is not None:
        written += write_figures(path.parent, path.stem, result, figures)
    for one in written:
        console.print(f"wrote {one}")


def _beside(path: Path, suffix: str) -> Path:
    """The file of another kind beside a file.

    Raises:
        StudyError: the path is empty, or that of a folder such as '/'.
    """
    if not path.name:
        raise StudyError(f"{str(path)!r} is not a file: give the path of one")
    return path.with_suffix(f".{suffix}")


def check_launch(context: typer.Context, executor: str) -> None:
    """Refuse options of a Ray cluster where none is used.

    Raises:
        BitlineError: one of them was given.
    """
    if executor != "ray":
        refuse_idle(context, f"with --executor {executor}", "address", "gpus")


def launcher(executor: str, workers: int, address: str | None, device: str, gpus: float) -> Launch:
    """How workers are started.

    Raises:
        StudyError: an unknown executor or device, or a cluster that cannot be reached.
    """
    from bitline.study import local

    if executor == "ray":
        from bitline.study.ray_executor import ray_workers

        return ray_workers(address, workers, device, gpus)
    if executor != "local":
        raise StudyError(f"there is no executor {executor!r}: use 'local' or 'ray'")
    return local(workers, _devices(device))


def _devices(device: str) -> tuple[str, ...]:
    if device == "cpu":
        return ("cpu",)
    import torch

    if not device.startswith("cuda") or not torch.cuda.is_available():
        raise StudyError(f"--device {device}: there is no such device here; use --device cpu")
    return (device,) if ":" in device else tuple(f"cuda:{index}" for index in range(torch.cuda.device_count()))


@contextmanager
def bar(name: str) -> Iterator[Any]:
    """A progress bar as the function that is told how far the tasks are."""
    columns = (
        words("{task.description}"), BarColumn(), MofNCompleteColumn(), words("tasks,"), TimeElapsedColumn(),
        words("gone,"), TimeRemainingColumn(), words("left"),
    )  # fmt: skip
    try:
        with Progress(*columns, console=console, transient=not console.is_terminal) as bars:
            bar = bars.add_task(name, total=None)

            def progress(what: str, done: int, total: int) -> None:
                bars.update(bar, completed=done, total=max(total, 1))

            yield progress
    except KeyboardInterrupt:
        console.print("interrupted; what is finished is kept: run it again to go on")
        raise


def _finish(summary: Summary, result: StudyResult, store: Path, report_path: Path | None) -> None:
    _write_report(result, report_path)
    print_results(result)
    console.print(f"{summary.done} tasks in {_duration(summary.seconds)}; results in {store}")
    _print_end(summary.failures, report_path)
    if summary.failures:
        raise typer.Exit(1)


def _write_report(result: StudyResult, path: Path | None) -> None:
    if path is not None:
        from bitline.report.study_page import write_study

        write_study(path, result)


def _print_end(failures: Sequence[str], report: Path | None) -> None:
    for message in dict.fromkeys(failures):
        console.print(f"failed: {message}", style="red")
    if report is not None:
        console.print(f"wrote {report}")


def print_results(result: StudyResult) -> None:
    """The table of designs."""
    from bitline.study.store import NOTES

    settings = result.settings
    heads = ("accuracy, %", "+-", "chips", "uJ", "mm2", "us")
    table = Table(
        *(Column(name) for name in settings or ("design",)), *(Column(head, justify="right") for head in heads)
    )
    for one in result.designs[:SHOWN]:
        cost = one.cost or {}
        values = [str(one.settings.get(name, "")) for name in settings] or [one.name]
        numbers = (number(cost.get(name)) for name in ("energy_uJ", "area_mm2", "latency_us"))
        table.add_row(*values, percent(one.mean), percent(one.std), number(len(one.accuracies)), *numbers)
    console.print(table)
    if result.facts.get(NOTES):
        console.print(f"note: {result.facts[NOTES]}")
    if len(result.designs) > SHOWN:
        console.print(f"and {len(result.designs) - SHOWN} more: 'bitline results STORE --to csv' has them all")
    reference = {one.reference for one in result.designs if one.reference is not None}
    if result.float_accuracy is not None:
        quantised = f"; quantised reference {_span(reference)} %" if reference else ""
        console.print(f"floating point {percent(result.float_accuracy)} %{quantised}")
    for one in result.designs:
        if one.error:
            console.print(f"failed: {one.error}", style="red")


def _span(values: set[float]) -> str:
    low, high = percent(min(values)), percent(max(values))
    return low if low == high else f"{low} to {high}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
