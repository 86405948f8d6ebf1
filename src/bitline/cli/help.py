"""The help of commands, as plain text."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any


def write_help(
    command: Any, context: Any, formatter: Any, commands: Mapping[str, tuple[str, str]] | None = None
) -> None:
    """Write what a command does, its arguments, options and commands.

    Args:
        command: the command.
        context: that it is called in.
        formatter: takes the help.
        commands: panel and help of a group's commands by name; asked from the commands themselves if not given.
    """
    formatter.write_usage(context.command_path, " ".join(_usage(command)))
    _write_description(command.help or "", formatter)
    if commands is None:
        found = {name: command.get_command(context, name) for name in getattr(command, "commands", {})}
        commands = {name: ("Commands", entry.get_short_help_str(200)) for name, entry in found.items()}
    _write_panels(formatter, {name: (panel, (name, text)) for name, (panel, text) in commands.items()})
    records = {}
    for parameter in command.get_params(context):
        record = _record(parameter, context)
        if record is not None:
            usual = "Arguments" if parameter.param_type_name == "argument" else "Options"
            records[parameter.name] = (getattr(parameter, "rich_help_panel", None) or usual, record)
    _write_panels(formatter, records)


def _usage(command: Any) -> Iterator[str]:
    """What follows the command's name: arguments as its help names them, in brackets where they may be left out."""
    yield "[OPTIONS]"
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            name = parameter.metavar or str(parameter.name).upper()
            yield name if parameter.required else f"[{name}]"
    if hasattr(command, "commands"):
        yield "COMMAND [ARGS]..."


def _write_description(text: str, formatter: Any) -> None:
    """Paragraphs; lines that are indented, such as examples, stay as they are."""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if paragraph.startswith("  "):
            formatter.write(f"{paragraph}\n")
            continue
        formatter.write_paragraph()
        formatter.write_text(" ".join(paragraph.split()))


def _write_panels(formatter: Any, records: Mapping[str, tuple[str, tuple[str, str]]]) -> None:
    for panel in dict.fromkeys(panel for panel, _ in records.values()):
        with formatter.section(panel):
            formatter.write_dl([record for own, record in records.values() if own == panel], col_max=26)


def _record(parameter: Any, context: Any) -> tuple[str, str] | None:
    """An argument or option as its help shows it, and what it means."""
    if getattr(parameter, "hidden", False):
        return None
    metavar = parameter.metavar or ""
    if parameter.param_type_name == "argument":
        return metavar or str(parameter.name).upper(), parameter.help or ""
    names = ", ".join(sorted(parameter.opts, key=len))
    is_flag = getattr(parameter, "is_flag", False)
    default = parameter.get_default(context, call=False)
    is_told = not is_flag and default not in (None, (), [], "") and getattr(parameter, "show_default", True)
    return (
        names if is_flag or not metavar else f"{names} {metavar}",
        (parameter.help or "") + (f" [default: {default}]" if is_told else ""),
    )
