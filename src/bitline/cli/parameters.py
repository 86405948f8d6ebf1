"""What all commands share: how they print, and options that do nothing are refused."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import typer
from rich.console import Console
from rich.progress import TextColumn
from typer.core import TyperCommand

from bitline.errors import BitlineError

console = Console(markup=False, emoji=False)
"""Prints names of networks, layers, designs and files as they are: '[bold]' is a name as good as any."""


def words(text: str) -> TextColumn:
    """A column of a progress bar, in which names stand as they are."""
    return TextColumn(text, markup=False)


class Command(TyperCommand):
    """A command that refuses an option given more than once, unless it uses all its values."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments.

        Raises:
            BitlineError: an option is given twice, and with which values.
        """
        _check_repeated(self, ctx, args)
        return super().parse_args(ctx, args)


class Commands(typer.Typer):
    """A group of commands, all of which check their options."""

    def command(self, name: str | None = None, **options: Any) -> Callable[[Any], Any]:
        """Register a command."""
        return super().command(name, **{"cls": Command, **options})


def refuse_idle(context: typer.Context, because: str, *names: str) -> None:
    """Refuse options that were given but do nothing.

    Args:
        context: of the command that runs.
        because: why they do nothing, as the end of a sentence.
        names: of the command's parameters.

    Raises:
        BitlineError: one of them was given.
    """
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if parameter.name in names and source is not None and source.name == "COMMANDLINE":
            raise BitlineError(f"{parameter.opts[0]} does nothing {because}: leave it out")


def _check_repeated(command: TyperCommand, context: Any, args: list[str]) -> None:
    single = [option for option in command.params if option.param_type_name == "option" and not option.multiple]
    collecting = copy.copy(command)
    collecting.params = [_multiple(option) if option in single else option for option in command.params]
    values: dict[str, Any] = collecting.make_parser(context).parse_args(args=list(args))[0]
    for option in single:
        given: list[Any] = values.get(option.name) or []
        if len(given) > 1:
            shown = "" if given[0] is True else f" ({', '.join(map(str, given))})"
            raise BitlineError(
                f"{option.opts[0]} is given {len(given)} times{shown}, and only one counts: give it once"
            )


def _multiple(option: Any) -> Any:
    collecting = copy.copy(option)
    collecting.multiple = True
    return collecting
