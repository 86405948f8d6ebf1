"""Commands and groups of commands: what they all understand, and how they are loaded only when they are called."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.models import Default

from bitline.cli.help import write_help
from bitline.cli.output import KEY, Form, Output, complain
from bitline.cli.start import INTERRUPTED
from bitline.errors import BitlineError, Terminated

OUTPUT = "Output"
"""Panel of the options that all commands have."""

HELP = {"help_option_names": ["-h", "--help"]}
"""Settings of every command."""


class _Shared:
    """What commands and groups share: options for their output, help, and the end after Ctrl-C."""

    params: list[Any]
    shows_tables = True

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.params = [*self.params, *_output_options(self.shows_tables)]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        write_help(self, ctx, formatter)

    def invoke(self, ctx: Any) -> Any:
        """Run the command with an `Output` as its options say.

        Raises:
            BitlineError: options exclude each other, or code of the user's ended the program.
        """
        given = {name: ctx.params.pop(name, False) for name in ("json", "csv", "quiet")}
        if given["json"] and given["csv"]:
            raise BitlineError("--json and --csv: give one of them")
        if any(given.values()) and (ctx.args or getattr(ctx, "_protected_args", None)) and isinstance(self, TyperGroup):
            raise BitlineError("options stand behind the command that they are for: give --json, --csv and -q last")
        form: Form = "json" if given["json"] else "csv" if given["csv"] else "text"
        output = ctx.meta[KEY] = Output(form, given["quiet"])
        try:
            with output.hearing():
                return super().invoke(ctx)  # type: ignore[misc]
        except KeyboardInterrupt:
            complain("; ".join(filter(None, ("interrupted", output.if_interrupted))))
            raise typer.Exit(INTERRUPTED) from None
        except Terminated:
            raise
        except SystemExit as end:  # no command ends so by itself
            raise BitlineError(
                f"code that bitline ran ended it with status {end.code!r}: let it raise an error instead"
            ) from None


class Command(_Shared, TyperCommand):
    """A command that refuses empty values, and an option given more than once, unless it uses all its values."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments.

        Raises:
            BitlineError: an option is given twice, and with which values, or a value is empty.
        """
        given = _as_typed(self, ctx, args)
        _check_repeated(self, given)
        _check_empty(self, given)
        return super().parse_args(ctx, args)


class PlainCommand(Command):
    """A command that prints no table."""

    shows_tables = False


class Group(_Shared, TyperGroup):
    """A group that is a command, too: without another word it lists what there is."""


class Commands(typer.Typer):
    """Commands of one module, all of which check their options."""

    def __init__(self, help: str | None = None) -> None:
        super().__init__(
            cls=Group,
            help=Default(None) if help is None else help,  # without one, that of the callback
            invoke_without_command=True,
            add_completion=False,
            rich_markup_mode=None,
            context_settings=HELP,
        )

    def command(self, name: str | None = None, **options: Any) -> Callable[[Any], Any]:
        """Register a command."""
        return super().command(name, **{"cls": Command, "context_settings": HELP, **options})


@dataclass(frozen=True)
class Entry:
    """What is known of a command before it is loaded.

    Attributes:
        panel: of the help in which it stands.
        help: the first line of its own help.
    """

    panel: str
    help: str


class LazyCommands(MutableMapping[str, Any]):
    """The commands of modules of the same names, each loaded when it is looked at for the first time.

    Args:
        package: of the modules, each of which has its `Commands` as `app`.
        entries: by the name of command and module.
    """

    def __init__(self, package: str, entries: Mapping[str, Entry]) -> None:
        self.package = package
        self.entries = entries
        self.loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """Load a command."""
        if name not in self.loaded:
            if name not in self.entries:
                raise KeyError(name)
            self.loaded[name] = typer.main.get_command(import_module(f"{self.package}.{name}").app)
            self.loaded[name].name = name
        return self.loaded[name]

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter(self.entries)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.entries)

    def __setitem__(self, name: str, command: Any) -> None:
        """Put a command in the place of one that has not been loaded."""
        self.loaded[name] = command

    def __delitem__(self, name: str) -> None:
        """Forget a loaded command."""
        del self.loaded[name]


class LazyGroup(TyperGroup):
    """A group whose help and version need none of its commands' modules."""

    entries: Mapping[str, Entry] = {}
    package = "bitline.cli"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = LazyCommands(self.package, self.entries)

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of the commands, in the order in which they are used."""
        return list(self.entries)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        write_help(self, ctx, formatter, {name: (entry.panel, entry.help) for name, entry in self.entries.items()})


@cache
def _output_options(tables: bool) -> tuple[Any, ...]:
    """The options that every command has."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command()(_with_tables if tables else _without_tables)
    return tuple(option for option in typer.main.get_command(app).params if option.name != "help")


Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Print results only: no notes, no progress.", rich_help_panel=OUTPUT),
]


def _with_tables(
    json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.", rich_help_panel=OUTPUT)] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print the first table as CSV.", rich_help_panel=OUTPUT)] = False,
    quiet: Quiet = False,
) -> None: ...


def _without_tables(quiet: Quiet = False) -> None: ...


def refuse_idle(context: typer.Context, because: str, *names: str) -> None:
    """Refuse options that were given but do nothing.

    Args:
        context: of the command that runs.
        because: why they do nothing, as the end of a sentence.
        names: of the command's parameters.

    Raises:
        BitlineError: one of them was given.
    """
    for parameter in _typed(context, names):
        raise BitlineError(f"{_called(parameter)} does nothing {because}: leave it out")


def refuse_more(context: typer.Context, most: int, what: str, *names: str) -> None:
    """Refuse counts that were given and are larger than what there is: as many as there are would be used.

    Args:
        context: of the command that runs.
        most: how many there are.
        what: there are so many of, in the plural.
        names: of the command's parameters.

    Raises:
        BitlineError: one of them was given, and is larger.
    """
    for parameter in _typed(context, names):
        count = context.params[parameter.name]
        if count > most:
            raise BitlineError(f"{_called(parameter)} is {count:,}, and there {_are(most, what)}: use {most:,} at most")


def _are(count: int, what: str) -> str:
    return f"is 1 {what.removesuffix('s')}" if count == 1 else f"are {count:,} {what}"


def _typed(context: typer.Context, names: Sequence[str]) -> Iterator[Any]:
    """The parameters that were given on the command line."""
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if parameter.name in names and source is not None and source.name == "COMMANDLINE":
            yield parameter


def _called(parameter: Any) -> str:
    """A parameter as the help calls it."""
    is_option = parameter.param_type_name == "option"
    return str(parameter.opts[0] if is_option else parameter.metavar or parameter.name.upper())


def _as_typed(command: Any, context: Any, args: list[str]) -> dict[str, list[Any]]:
    """Every value that was typed, by the name of its parameter, as text: a path made of "" would be that of "."."""
    collecting = copy.copy(command)
    collecting.params = [_multiple(part) if part.param_type_name == "option" else part for part in command.params]
    values: dict[str, Any] = collecting.make_parser(context).parse_args(args=list(args))[0]
    return {name: list(value) if isinstance(value, list | tuple) else [value] for name, value in values.items()}


def _check_repeated(command: Any, given: Mapping[str, list[Any]]) -> None:
    for option in command.params:
        values = given.get(option.name, [])
        if option.param_type_name == "option" and not option.multiple and len(values) > 1:
            shown = "" if values[0] is True else f" ({', '.join(map(str, values))})"
            raise BitlineError(
                f"{option.opts[0]} is given {len(values)} times{shown}, and only one counts: give it once"
            )


def _check_empty(command: Any, given: Mapping[str, list[Any]]) -> None:
    for parameter in command.params:
        if "" in given.get(parameter.name, []):
            is_option = parameter.param_type_name == "option"
            remedy = "write a value after it, or leave it out" if is_option else "write a name"
            raise BitlineError(f"{_called(parameter)} is empty: {remedy}")


def _multiple(option: Any) -> Any:
    collecting = copy.copy(option)
    collecting.multiple = True
    return collecting
