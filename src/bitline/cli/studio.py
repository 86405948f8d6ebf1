"""`bitline studio`: a page on which designs are built."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bitline.cli import options
from bitline.cli.commands import Commands, PlainCommand, refuse_idle
from bitline.cli.consent import allowed_study
from bitline.cli.output import Output
from bitline.config.files import check_writable

if TYPE_CHECKING:
    from bitline.study import Study

OF_THE_STORE = (
    "model",
    "weights",
    "data",
    "length",
    "metric",
    "design",
    "set_",
    "chips",
    "images",
    "calibration_images",
    "seed",
)
"""Options that a store which is there answers itself."""

app = Commands()


@app.command(cls=PlainCommand)
def studio(
    context: typer.Context,
    store: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Store of the results; an existing one is gone on with.")
    ] = Path("studio.sqlite"),
    design: options.DesignName = "differential",
    set_: options.Settings = None,
    model: options.Model = "fashion-resnet",
    weights: options.Weights = None,
    data: options.Data = None,
    length: options.Length = None,
    metric: options.Metric = None,
    chips: options.Chips = 3,
    images: Annotated[int, typer.Option(min=1, max=options.MOST, metavar="N", help="Images to classify.")] = 500,
    calibration_images: options.CalibrationImages = 200,
    seed: options.Seed = 0,
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="Port; a free one if 0.")] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser; only print the address.")] = False,
    allow_code: options.AllowCode = False,
    threads: options.Threads = None,
) -> None:
    """Build designs in the browser: energy, area, latency and estimated accuracy change as you drag.

    "Measure" measures a design in the background into the store; a sweep that runs on the same store in another
    terminal is watched. Only this machine can open the page, and only with the address that is printed.

    Examples:

      bitline studio
      bitline studio --out adc.sqlite --no-browser
    """
    import webbrowser

    from bitline.studio import Session, StudioServer, serve

    output = Output.of(context)
    study = _study(context, store)
    allowed_study(study, str(store), allow_code)
    check_writable("--out", *([] if os.path.exists(store) else [store]))
    with output.progress() as tell:
        tell("loading network and images", 0, None)
        session = Session(study, store)
    server = StudioServer(session, port)
    print(server.address, flush=True)
    output.note("open this address on this machine; Ctrl-C ends the studio")
    output.if_interrupted = f"what is measured is kept in {store}"
    if not no_browser:
        webbrowser.open(server.address)
    serve(server)


def _study(context: typer.Context, store: Path) -> Study:
    """The study of a store that is there, or the one that the options say."""
    from bitline.design.settings import parse_settings
    from bitline.study import Study, read_results

    if os.path.exists(store):
        refuse_idle(context, f"with {store.name}, whose study says it; a new --out takes it", *OF_THE_STORE)
        return read_results(store).study
    given = context.params
    return Study(
        name=store.stem,
        description="designs of bitline studio",
        model={"name": given["model"], "weights": given["weights"]},
        data={
            "source": given["data"],
            "length": given["length"],
            "images": given["images"],
            "calibration_images": given["calibration_images"],
        },
        design={"base": given["design"], "set": parse_settings(given["set_"] or [])},
        run={"chips": given["chips"], "seed": given["seed"]}
        | ({} if given["metric"] is None else {"metric": given["metric"]}),
    )
