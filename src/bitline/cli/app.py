"""The command line: its commands, its start, and its end.

Nothing here imports what a command works with: `bitline --help` and `--version` answer at once. Every command is a
module of its name with `Commands` called `app`; to add one, write the module and add it to `COMMANDS`.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Annotated, Any, NoReturn

import typer

from bitline import __version__
from bitline.cli.commands import HELP, Entry, LazyGroup
from bitline.cli.mistakes import UsageError, usage_message
from bitline.cli.output import complain
from bitline.cli.start import INTERRUPTED
from bitline.errors import BitlineError

EVALUATE, UNDERSTAND = "Evaluate designs", "Understand a design"
LOOK_UP, CHECK = "Look up what there is", "Check bitline itself"

COMMANDS = {
    "run": Entry(EVALUATE, "Measure a network on an analog design: its accuracy, or any measure of any data."),
    "compare": Entry(EVALUATE, "Compare designs on the same chips and images, by accuracy or any measure."),
    "sweep": Entry(EVALUATE, "Evaluate all designs of a study."),
    "explore": Entry(EVALUATE, "Search the axes of a study for the designs that trade accuracy best against cost."),
    "results": Entry(EVALUATE, "Show the results of a study, best designs first, or write them as a file."),
    "report": Entry(EVALUATE, "Write the report of a study: one HTML file that opens offline."),
    "studio": Entry(
        EVALUATE, "Build designs in the browser: energy, area, latency and estimated accuracy change as you drag."
    ),
    "cost": Entry(UNDERSTAND, "Show energy, area and latency of a network on a design, by component and layer."),
    "chips": Entry(UNDERSTAND, "Compare the energy and speed that costs give with those of published chips."),
    "ranges": Entry(UNDERSTAND, "Show where the signals of every layer lie in the range of its ADCs."),
    "tune": Entry(UNDERSTAND, "Choose weight scales, input ranges and ADC ranges by layer, without training."),
    "adc": Entry(UNDERSTAND, "Show what the errors of a converter's circuit do."),
    "array": Entry(UNDERSTAND, "Solve every voltage and current of one array with resistive wires."),
    "init": Entry(LOOK_UP, "Write a design or a study to begin with, as a TOML file with comments."),
    "designs": Entry(LOOK_UP, "List the designs that come with bitline, or show one."),
    "devices": Entry(LOOK_UP, "List the memory devices that a design can name, show or plot one."),
    "libraries": Entry(LOOK_UP, "List the component libraries that costs are computed with, or show one."),
    "paper": Entry(CHECK, "Measure the figures and claims of the paper that bitline implements, with verdicts."),
    "bench": Entry(CHECK, "Measure speed and memory as ratios to plain PyTorch."),
}
"""Commands in the order in which they are used."""


class Bitline(LazyGroup):
    """The command `bitline`."""

    entries = COMMANDS


app = typer.Typer(
    cls=Bitline,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings=HELP,
    help="How accurate is a neural network on analog in-memory hardware?\n\n"
    "Start with 'bitline run': the embedded network and images on the default design. Then change the design (--set "
    "adc.bits=6), choose another ('bitline designs'), or bring your own network (--model mypackage.mymodule:build "
    "--data images.npz).",
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"bitline {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None: ...


def main() -> None:
    """Run the command line; errors that a user can mend are one line and exit status 2."""
    logging.captureWarnings(True)
    try:
        status: Any = typer.main.get_command(app).main(prog_name="bitline", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        _end("interrupted", INTERRUPTED)
    except BitlineError as error:
        _end(str(error))
    except UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            error.show()
            sys.exit(2)
        _end(usage_message(error))
    except OSError as error:
        _end(f"cannot use {error.filename}: {error.strerror}" if error.filename else str(error))
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        if (memory := _lack_of_memory(error)) is not None:
            _end(memory)
        if (users := _fault_of_users_code(error)) is not None:
            _end(f"code that bitline ran for you failed: {users} ({TRACEBACK}=1 shows more)")
        said = str(error).strip().splitlines() or [""]
        _end(f"a fault of bitline's: {type(error).__name__} {said[0]} ({TRACEBACK}=1 shows where)", 1)
    sys.exit(status if isinstance(status, int) else 0)


TRACEBACK = "BITLINE_TRACEBACK"
"""Environment variable: faults of bitline itself end with all that Python knows of them."""


def _lack_of_memory(error: Exception) -> str | None:
    """What is said where memory is short, and None of everything else."""
    from bitline.numerics.out_of_memory import is_out_of_memory
    from bitline.study.mishaps import described

    return described(error) if is_out_of_memory(error) else None


def _fault_of_users_code(error: Exception) -> str | None:
    """What went wrong in a class or function of the user's, and in which line; None where none took part."""
    from bitline.study.mishaps import described, is_of_users_code

    return described(error) if is_of_users_code(error) else None


def _end(message: str, status: int = 2) -> NoReturn:
    complain(message)
    sys.exit(status)
