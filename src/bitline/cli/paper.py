"""`bitline paper`: the figures and claims of Xiao et al. 2022, measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table
from rich.text import Text

from bitline.cli.parameters import Commands, console
from bitline.cli.study import Address, Device, Executor, Fraction, Workers, bar, check_launch, launcher
from bitline.config.files import check_writable

if TYPE_CHECKING:
    from bitline.paper import Findings

paper_app = Commands(
    no_args_is_help=True, help="Measure the figures and claims of the paper that bitline implements, with verdicts."
)


@paper_app.command("list")
def list_() -> None:
    """List the studies."""
    from bitline.paper import catalogue

    table = Table(Column("study", no_wrap=True), Column("shows", no_wrap=True), "what")
    for study in catalogue().values():
        table.add_row(study.name, study.shows, study.title)
    console.print(table)


@paper_app.command("run")
def run(
    context: typer.Context,
    names: Annotated[list[str], typer.Argument(help="Studies, or 'all'; 'bitline paper list' names them.")],
    model: Annotated[
        str, typer.Option(help="Network: a name (fashion-resnet, resnet50, ...) or package.module:function.")
    ] = "fashion-resnet",
    weights: Annotated[Path | None, typer.Option(help="Weights: .safetensors, .pt, .pth or .npz.")] = None,
    data: Annotated[str | None, typer.Option(help="Images, as for 'bitline run'.")] = None,
    networks: Annotated[
        Path | None, typer.Option(help="TOML file of further networks, for studies that compare several.")
    ] = None,
    images: Annotated[int, typer.Option(min=1, help="Images to classify.")] = 200,
    calibration_images: Annotated[int, typer.Option(min=1, help="Images that set ranges.")] = 100,
    chips: Annotated[int, typer.Option(min=1, help="Independently programmed chips.")] = 5,
    seed: Annotated[int, typer.Option(help="Seed of the chips.")] = 0,
    workers: Workers = None,
    executor: Executor = "local",
    address: Address = None,
    device: Device = "cpu",
    gpus: Fraction = 0.0,
    out: Annotated[Path, typer.Option(help="Folder for figures, data and verdicts.")] = Path("paper"),
) -> None:
    """Run studies: each writes its figure in the paper's layout, its data, and a verdict on each claim.

    Interrupt it at any time; what is measured is kept in OUT/measurements-NETWORK.sqlite and not measured again.

    Examples:

      bitline paper run energy conductances

      bitline paper run all --model resnet50 --weights resnet50.pth --data val.zip --images 1000 --chips 10
    """
    from bitline.paper import Experiment, catalogue, files_of, find, read_subjects, run_study
    from bitline.study import default_workers

    check_launch(context, executor)
    chosen = list(catalogue().values()) if "all" in names else [find(name) for name in names]
    check_writable("--out", *(file for study in chosen for file in files_of(study, out).values()))
    count = workers or default_workers()
    others = read_subjects(networks) if networks else ()
    for study in chosen:
        with bar(study.name) as progress:
            experiment = Experiment(
                out=out,
                model=model,
                weights=weights,
                data=data,
                images=images,
                calibration_images=calibration_images,
                chips=chips,
                seed=seed,
                workers=count,
                others=others,
                launch=launcher(executor, count, address, device, gpus),
                progress=progress,
            )
            findings = run_study(study, experiment)
        _print(study.name, study.shows, findings)
    console.print(f"figures, data and verdicts are in {out}")


def _print(name: str, shows: str, findings: Findings) -> None:
    """Each claim with its verdict, and under it the quantity that decided; readable on a narrow terminal."""
    console.print(Text.assemble((name, "bold"), f" ({shows})"))
    table = Table(Column("verdict", no_wrap=True), "claim and quantity", show_header=False, box=None, pad_edge=False)
    colours = {"holds": "green", "does not hold": "red", "not decided": "yellow"}
    for verdict in findings.verdicts:
        table.add_row(Text(verdict.words, style=colours[verdict.words]), verdict.claim)
        table.add_row("", Text(f"{verdict.quantity}: {verdict.found}, claimed {verdict.claimed}", style="dim"))
    console.print(table)
    for remark in findings.remarks:
        console.print(f"note: {remark}")
    console.print()
