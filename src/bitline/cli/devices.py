"""`bitline devices`: list, show and plot memory devices."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, get_args

import tomlkit
import typer
from rich.table import Column, Table

from bitline.cli.parameters import Commands, console
from bitline.config import toml
from bitline.config.files import check_writable
from bitline.config.messages import nearest
from bitline.design import Design
from bitline.design.settings import parse_settings
from bitline.devices import AnyDevice, Device, PublishedDevice, format_duration
from bitline.errors import DesignError
from bitline.numerics.text import exact

devices_app = Commands(help="Memory devices: measured ones, generic ones, and your own.", invoke_without_command=True)

ALWAYS_GIVEN = {"alpha": 0.02}
"""What the generic devices are shown with, as they have no default."""


def registered() -> dict[str, type[Device]]:
    """The devices that a design can name, by name."""
    kinds = get_args(get_args(AnyDevice)[0])
    return {one.model_fields["kind"].default: one for one in kinds if not one.model_fields["kind"].is_required()}


@devices_app.callback()
def devices(context: typer.Context) -> None:
    """List the devices that cell.device can name."""
    if context.invoked_subcommand is not None:
        return
    table = Table(Column("device", no_wrap=True), "what it is")
    for name, kind in registered().items():
        table.add_row(name, " ".join(_facts(kind)))
    console.print(table)
    console.print("your own: cell.device.kind = 'measurements-fit' with a file, or 'package.module:Class'")


def _facts(kind: type[Device]) -> Iterator[str]:
    yield (sys.modules[kind.__module__].__doc__ or "").splitlines()[0]
    if issubclass(kind, PublishedDevice):
        low, high = kind.measured
        until = f", up to {format_duration(kind.longest_s)} after programming" if kind.longest_s else ""
        yield f"Measured from {exact(low)} to {exact(high)} {kind.unit}{until}."
    if kind.read_noise is not Device.read_noise:
        yield "Has read noise."


@devices_app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="A device, package.module:Class, or a .csv or .parquet table.")],
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Change a parameter: G_max_uS=20; repeatable.")
    ] = None,
) -> None:
    """Show the parameters of a device as TOML, with its source, ranges and units."""
    device = find_device(name, parse_settings(set_ or []))
    document = tomlkit.document()
    for line in (type(device).__doc__ or "").partition("Examples:")[0].strip().splitlines():
        document.add(tomlkit.comment(line.strip()) if line.strip() else tomlkit.nl())
    sys.stdout.write(tomlkit.dumps(document) + toml.annotated(device))


@devices_app.command("plot")
def plot(
    name: Annotated[str, typer.Argument(help="A device, package.module:Class, or a .csv or .parquet table.")],
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Change a parameter: G_max_uS=20; repeatable.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Picture to write: .png, .svg or .pdf.")] = Path("device.png"),
    seed: Annotated[int, typer.Option(help="Seed of the sampled cells.")] = 0,
) -> None:
    """Draw programming error, drift and sampled cells of a device against its fit or measurements."""
    from bitline.report.figures.device import device_figure
    from bitline.report.style import save

    device = find_device(name, parse_settings(set_ or []))
    if out.suffix not in (".png", ".svg", ".pdf"):
        raise DesignError(f"--out is {str(out)!r}: use a .png, .svg or .pdf file")
    check_writable("--out", out)
    save(device_figure(device, name, seed), out)
    console.print(f"wrote {out}")


def find_device(name: str, settings: dict[str, Any]) -> Device:
    """A device by its name, import path or table of measurements, with settings.

    Raises:
        DesignError: no such device, or an impossible setting.
    """
    kinds = registered()
    if Path(name).suffix in (".csv", ".parquet"):
        settings = {"kind": "measurements-fit", "file": name, **settings}
    elif ":" in name or name in kinds:
        needed = (
            {}
            if ":" in name
            else {key: value for key, value in ALWAYS_GIVEN.items() if key in kinds[name].model_fields}
        )
        settings = {"kind": name, **needed, **settings}
    else:
        raise DesignError(
            f"there is no device {name!r}{nearest(name, kinds)}, or give a .csv table or package.module:Class"
        )
    return Design().with_settings({"cell.device": settings}).cell.device
