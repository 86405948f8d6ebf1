"""The start of the command `bitline`: what can be interrupted before anything is imported."""

from __future__ import annotations

import gc
import os
from importlib import import_module

signal = import_module("_signal")
"""What is behind the module `signal`, whose own import takes longer than this one."""

OBJECTS = 50_000
"""How many new objects there are before Python looks for circles of them that nobody needs: with its own 700 it would
look a thousand times while PyTorch and what else a command needs are imported."""

INTERRUPTED = 130
"""Exit status after Ctrl-C, by convention."""


def main() -> None:
    """Run the command line; Ctrl-C ends it in one line at any moment."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end_at_once)
    gc.set_threshold(OBJECTS, 50, 100)
    try:
        from bitline.cli import app

        app.main()
    except KeyboardInterrupt:
        _end_at_once()


def work_begins() -> None:
    """Let Ctrl-C raise KeyboardInterrupt from now on: there may be something to finish or to remove."""
    if signal.getsignal(signal.SIGINT) is _end_at_once:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end_at_once(*_: object) -> None:
    """End the process: while modules are imported, an exception could be lost in any of them."""
    os.write(2, b"bitline: interrupted\n")
    os._exit(INTERRUPTED)
