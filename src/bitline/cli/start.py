"""The start of the command `bitline`, and what Ctrl-C does from then on: one line, at any moment.

Until a command works, it ends the process at once: while modules are imported, an exception could be lost in any of
them. Then it raises KeyboardInterrupt, as there may be something to finish or to remove. Where that is lost, such as in
a function that a compiler calls, it is raised again. Once the command has ended, nothing is left to interrupt.
"""

from __future__ import annotations

import atexit
import os
import sys
import time
from importlib import import_module
from typing import Any, NoReturn

signal = import_module("_signal")
"""What is behind the module `signal`, whose own import takes longer than this one."""

INTERRUPTED = 130
"""Exit status after Ctrl-C, by convention."""

PATIENCE_s = 1.0
"""Time in which a second Ctrl-C is taken for the first: programs that run this one may pass on what it got already."""

AGAIN_s = 0.05
"""Time after which an interrupt that was lost is raised again."""


def main() -> None:
    """Run the command line; Ctrl-C ends it in one line at any moment."""
    is_ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_ours:
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)  # last: Python restores the default
        signal.signal(signal.SIGINT, _end_at_once)
    try:
        from bitline.cli import app, streams

        streams.prepare()
        app.main()
    except KeyboardInterrupt:
        _end_at_once()
    finally:
        if is_ours:
            signal.signal(signal.SIGINT, _leave)


def work_begins() -> None:
    """Let Ctrl-C raise KeyboardInterrupt from now on: there may be something to finish or to remove."""
    if signal.getsignal(signal.SIGINT) is _end_at_once:
        signal.signal(signal.SIGINT, _interrupt)
        sys.unraisablehook = _notice_lost


def _interrupt(*_: object) -> NoReturn:
    """Raise KeyboardInterrupt, once: another one would interrupt what ends the work."""
    began = time.monotonic()

    def again(*_: object) -> None:
        if time.monotonic() - began > PATIENCE_s:
            _end_at_once()

    signal.signal(signal.SIGINT, again)
    raise KeyboardInterrupt


def _notice_lost(lost: Any) -> None:
    """Raise an interrupt again that was raised where Python ignores what is raised."""
    if not issubclass(lost.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(lost)
        return
    from threading import Timer

    signal.signal(signal.SIGINT, _interrupt)
    timer = Timer(AGAIN_s, os.kill, (os.getpid(), signal.SIGINT))
    timer.daemon = True
    timer.start()


def _end_at_once(*_: object) -> NoReturn:
    """End the process, with a line."""
    os.write(2, b"bitline: interrupted\n")
    os._exit(INTERRUPTED)


def _leave(*_: object) -> NoReturn:
    """End the process, of which everything is said."""
    os._exit(INTERRUPTED)
