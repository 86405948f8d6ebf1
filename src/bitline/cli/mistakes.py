"""What a user typed wrong, in one line that says what to type instead."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import typer

UsageError: Any = typer.BadParameter.__mro__[1]
"""What is raised for every wrong command line."""

SINCE = "since bitline 0.2"

RENAMED = {
    "--trials": f"is called --chips {SINCE}: write that",
    "--device": f"is called --compute {SINCE} (a device is a memory device): write that",
    "--error": f"is called --worst {SINCE} and is in per cent: write --worst 1 for --error 0.01",
    "--active": f"is called --rows-on {SINCE} and is in per cent: write --rows-on 50 for --active 0.5",
    "--libraries": f"is a command {SINCE}: write 'bitline libraries'",
    "--show-library": f"is a command {SINCE}: write 'bitline libraries show NAME'",
}
"""Options that are gone, and what is there instead; looked up where an option does not exist."""


def usage_message(error: Any) -> str:
    """A wrong command line in one line.

    Args:
        error: a `UsageError`.
    """
    option = getattr(error, "option_name", None)
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoSuchOption":
        if option in RENAMED:
            return f"{option} {RENAMED[option]}"
        known = [name for parameter in context.command.params for name in parameter.opts] if context else []
        return f"there is no option {option}{_nearest(str(option), known)}{_see(context)}"
    text = " ".join(error.format_message().split()).rstrip(".")
    parameter = getattr(error, "param", None)
    if type(error).__name__ == "MissingParameter" and parameter is not None:
        return f"{parameter.metavar or parameter.name} is missing{_see(context)}"
    if parameter is not None:
        shown = parameter.opts[0] if parameter.param_type_name == "option" else parameter.metavar or parameter.name
        text = f"{shown}: {_small(' '.join(str(error.message).split()).rstrip('.'))}"
    return f"{_small(text)}{_see(context)}"


def _nearest(word: str, known: list[str]) -> str:
    close = get_close_matches(word, known, n=1, cutoff=0.5)
    return f": did you mean {close[0]}?" if close else ""


def _see(context: Any) -> str:
    return f" (see '{context.command_path} --help')" if context else ""


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]
