"""`bitline init`: a design or a study to begin with."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bitline.cli import options
from bitline.cli.commands import Commands, PlainCommand, refuse_idle
from bitline.cli.inputs import check_text, one_of
from bitline.cli.output import Output
from bitline.cli.streams import printable
from bitline.config.files import json_text, write_text
from bitline.errors import BitlineError, StudyError

if TYPE_CHECKING:
    from bitline.study import Study

KINDS = ("design", "study")
AXIS = "adc.bits=6,7,8"
"""An axis, as an example and as what a study begins with."""
NEXT = {
    "design": "try it: bitline run --design {file} --images 200",
    "study": "try it: bitline sweep {file} --dry-run",
}

app = Commands()


@app.command(cls=PlainCommand)
def init(
    context: typer.Context,
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="'design' or 'study'; asked on a terminal if not given.")
    ] = "",
    design: options.DesignName = "differential",
    set_: options.Settings = None,
    axis: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUES", help=f"Of a study: a setting and its values, such as {AXIS}; may be repeated."
        ),
    ] = None,
    chips: options.Chips = 3,
    images: options.Images = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="File to write; design.toml or study.toml if not given."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of such files, for editors, and write nothing.")
    ] = False,
) -> None:
    """Write a design or a study to begin with, as a TOML file with comments.

    On a terminal it asks three questions; options answer them beforehand. Editors such as VS Code with Even Better
    TOML complete and check files that name the schema in their first line: '#:schema study.schema.json'.

    Examples:

      bitline init design --design sonos-a --set adc.bits=6
      bitline init study --axis adc.bits=5,6,7,8 --axis array.rows=288,1152
      bitline init study --schema > study.schema.json
    """
    output = Output.of(context)
    answers = _Answers.of(context, what)
    kind = one_of("kind of file", answers.what, KINDS)
    if schema:
        refuse_idle(context, "with --schema", "design", "set_", "axis", "chips", "images", "out", "force")
        sys.stdout.write(json_text(_schema(kind), indent=2))
        return
    if kind == "design":
        refuse_idle(context, "for a design", "axis", "chips", "images")
    base, changes = answers.base or design, [*(set_ or []), *answers.settings]
    axes = [*(axis or []), *answers.axes]
    path = out or Path(f"{kind}.toml")
    if os.path.exists(path) and not force:  # which is no error where its name is too long
        raise BitlineError(f"{path} is there already: give another --out, or --force to write over it")
    check_text("--out", path, ".toml")
    if kind == "design":
        text, left_out = _design(base, changes), ""
    else:
        text, left_out = _study(path, base, changes, axes or [AXIS], (chips, images))
    write_text(path, text)
    output.wrote(path)
    if left_out:
        output.note(f"impossible combinations are left out (skip_impossible = true), such as {left_out}")
    output.note(NEXT[kind].format(file=path))


class _Answers:
    """What a person says at the terminal; nothing where there is none, or where the command line says it."""

    def __init__(self, what: str, base: str = "", settings: Sequence[str] = (), axes: Sequence[str] = ()) -> None:
        self.what, self.base, self.settings, self.axes = what, base, settings, axes

    @classmethod
    def of(cls, context: typer.Context, what: str) -> _Answers:
        """Ask, where WHAT is not given.

        Raises:
            BitlineError: it is not given, and there is nobody to ask.
        """
        if what:
            return cls(what)
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise BitlineError("WHAT is missing: write 'bitline init design' or 'bitline init study'")
        kind = one_of("kind of file", _asked("a design or a study", "design"), KINDS)
        base = _asked("begin with which design ('bitline designs' lists them)", "differential")
        question = "change which settings" if kind == "design" else "vary which setting"
        said = _asked(
            f"{question} (such as {AXIS if kind == 'study' else 'adc.bits=6'})", "" if kind == "design" else AXIS
        )
        words = said.split()
        return cls(kind, base, words if kind == "design" else (), words if kind == "study" else ())


def _asked(question: str, default: str) -> str:
    shown = f"{question}? " + (f"[{default}] " if default else "")
    print(printable(sys.stderr)(shown), end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip() or default


def _schema(kind: str) -> dict[str, Any]:
    from bitline.config.schema import editor_schema

    if kind == "design":
        from bitline.design import Design

        return editor_schema(Design)
    from bitline.study import Study

    return editor_schema(Study)


def _design(base: str, changes: Sequence[str]) -> str:
    from bitline.design import Design
    from bitline.design.settings import parse_settings

    chosen = Design.load(base).with_settings(parse_settings(list(changes)))
    head = f"# A design, begun with {base}: every setting with its meaning. What you leave out keeps its default.\n"
    return head + "# Run it with: bitline run --design FILE\n\n" + chosen.to_toml()


def _study(
    path: Path, base: str, changes: Sequence[str], axes: Sequence[str], counts: tuple[int, int | None]
) -> tuple[str, str]:
    """A study as a file, and what is impossible of it, or empty."""
    from bitline.config import toml
    from bitline.design.settings import parse_settings
    from bitline.study import Study
    from bitline.study.possible import SKIP

    chips, images = counts

    def with_impossible(left_out: bool) -> Study:
        return Study(
            name=path.stem,
            description="what is asked",
            data={"images": images},
            design={"base": base, "set": parse_settings(list(changes))},
            axes=[_axis(text) for text in axes],
            run={"chips": chips},
            skip_impossible=left_out,
        )

    study, impossible = with_impossible(left_out=False), ""
    try:
        count = len(study.points())
    except StudyError as error:
        study, impossible = with_impossible(left_out=True), str(error).removesuffix(SKIP)
        try:
            count = len(study.points())
        except StudyError:
            raise error from None  # nothing is possible, as where a setting is misspelt
    head = f"# A study of {count} designs; every {'possible ' * bool(impossible)}combination of the [[axes]] is one.\n"
    return (
        head
        + "# Run it with: bitline sweep FILE; add values or chips later, and only what is new is computed.\n\n"
        + (toml.annotated(study))
    ), impossible


def _axis(text: str) -> dict[str, Any]:
    """An axis from 'adc.bits=6,7,8'.

    Raises:
        StudyError: it is something else.
    """
    from bitline.design.settings import parse_settings

    setting, equals, values = text.partition("=")
    if not equals or not setting.strip() or not values.strip():
        raise StudyError(f"--axis {text!r} is not NAME=VALUES: write for example --axis {AXIS}")
    each = [parse_settings([f"{setting}={value}"])[setting.strip()] for value in values.split(",")]
    return {"setting": setting.strip(), "values": each}
