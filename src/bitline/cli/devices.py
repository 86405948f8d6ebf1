"""`bitline devices`: list, show and plot memory devices."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from bitline.cli import completion, options
from bitline.cli.commands import Commands, PlainCommand
from bitline.cli.inputs import check_picture
from bitline.cli.output import Output
from bitline.cli.table import Table, name, prose
from bitline.errors import DesignError
from bitline.numerics.text import exact

if TYPE_CHECKING:
    from bitline.devices import Device

app = Commands()

ALWAYS_GIVEN = {"alpha": 0.02}
"""What the generic devices are shown with, as they have no default."""

DeviceName = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="A device, package.module:Class, or a .csv, .xlsx or .parquet table of measurements.",
        autocompletion=completion.devices,
    ),
]
Headers = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="NAME=HEADER",
        help="Headers of a table: target=G_target_uS,measured=G_uS,time_s=t_h, as far as they are not found.",
    ),
]
Parameters = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Change a parameter of the device: G_max_uS=20; repeatable."),
]


@app.callback()
def devices(context: typer.Context) -> None:
    """List the memory devices that a design can name, show or plot one.

    A design names its device with cell.device: one of these, a table of measurements such as 'cells.csv', or a class
    of your own, 'package.module:Class'.
    """
    if context.invoked_subcommand is not None:
        return
    rows = [(device, " ".join(_facts(kind))) for device, kind in registered().items()]
    output = Output.of(context)
    output.results(Table("devices", (name("device"), prose("what", "what it is")), rows))
    output.note("your own: cell.device = 'cells.csv', or 'package.module:Class'")


def registered() -> dict[str, type[Device]]:
    """The devices that a design can name, by name."""
    from bitline.devices import AnyDevice

    kinds = get_args(get_args(AnyDevice)[0])
    known = [kind for kind in kinds if not kind.model_fields["kind"].is_required()]
    return {kind.model_fields["kind"].default: kind for kind in known}


def _facts(kind: type[Device]) -> Iterator[str]:
    from bitline.devices import Device, PublishedDevice, format_duration

    yield (sys.modules[kind.__module__].__doc__ or "").splitlines()[0]
    if issubclass(kind, PublishedDevice):
        low, high = kind.measured
        until = f", up to {format_duration(kind.longest_s)} after programming" if kind.longest_s else ""
        yield f"Measured from {exact(low)} to {exact(high)} {kind.unit}{until}."
    if kind.read_noise is not Device.read_noise:
        yield "Has read noise."


@app.command("show", cls=PlainCommand)
def show(context: typer.Context, device: DeviceName, columns: Headers = None, set_: Parameters = None) -> None:
    """Show the parameters of a device as TOML, with its source, ranges and units."""
    import tomlkit

    from bitline.config import toml
    from bitline.design.settings import parse_settings

    found = find_device(device, {**_columns(columns), **parse_settings(set_ or [])})
    Output.of(context).notes(_notes(found))
    document = tomlkit.document()
    for line in (type(found).__doc__ or "").partition("Examples:")[0].strip().splitlines():
        document.add(tomlkit.comment(line.strip()) if line.strip() else tomlkit.nl())
    sys.stdout.write(tomlkit.dumps(document) + toml.annotated(found))


@app.command("plot", cls=PlainCommand)
def plot(
    context: typer.Context,
    device: DeviceName,
    columns: Headers = None,
    set_: Parameters = None,
    out: options.Picture = Path("device.png"),
    seed: options.Seed = 0,
) -> None:
    """Draw programming error, drift and sampled cells of a device against its fit or measurements."""
    from bitline.design.settings import parse_settings
    from bitline.report.figures.device import device_figure
    from bitline.report.style import save

    found = find_device(device, {**_columns(columns), **parse_settings(set_ or [])})
    check_picture(out)
    Output.of(context).notes(_notes(found))
    save(device_figure(found, device, seed), out)
    Output.of(context).wrote(out)


def _notes(device: Device) -> tuple[str, ...]:
    """What a device says of itself just after programming, such as which columns of its table it does not use."""
    return device.notes(1 / device.default_on_off_ratio, 0.0)


def _columns(given: str | None) -> dict[str, Any]:
    """Settings of a table from 'target=G_target_uS,measured=G_uS'.

    Raises:
        DesignError: it is something else.
    """
    if given is None:
        return {}
    pairs = [pair.partition("=") for pair in given.split(",")]
    if not all(equals and column.strip() and header.strip() for column, equals, header in pairs):
        raise DesignError(f"--columns is {given!r}: write for example target=G_target_uS,measured=G_uS,time_s=t_h")
    return {"columns": {column.strip(): header.strip() for column, _, header in pairs}}


def find_device(device: str, settings: dict[str, Any]) -> Device:
    """A device by its name, import path or table of measurements, with settings.

    Raises:
        DesignError: no such device, or an impossible setting.
    """
    from bitline.config.messages import nearest
    from bitline.config.table_files import is_table
    from bitline.design import Design

    kinds = registered()
    if is_table(device):
        settings = {"kind": "measurements-fit", "file": device, **settings}
    elif ":" in device:
        settings = {"kind": device, **settings}
    elif device in kinds:
        needed = {key: value for key, value in ALWAYS_GIVEN.items() if key in kinds[device].model_fields}
        settings = {"kind": device, **needed, **settings}
    else:
        raise DesignError(
            f"there is no device {device!r}{nearest(device, kinds)}, or give a .csv table or package.module:Class"
        )
    return Design().with_settings({"cell.device": settings}).cell.device
