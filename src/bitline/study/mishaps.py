"""What went wrong with a design, in one line with its place, and what is tried where memory was short."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import bitline
from bitline.config.messages import first_line
from bitline.config.users_methods import short_path
from bitline.errors import BitlineError
from bitline.nn.out_of_memory import is_out_of_memory
from bitline.study.code import is_installed
from bitline.study.task import Task

OUT_OF_MEMORY = "out of memory: use a smaller batch (run.batch, --batch), fewer workers, or a design with fewer slices"
KILLED = "it probably ran out of memory: use fewer workers or a smaller run.batch"
"""Of a worker that ended without a word."""

_PACKAGE = str(Path(bitline.__file__).parent) + os.sep


def described(error: BaseException) -> str:
    """An error as the failure of a design.

    Args:
        error: anything that a design can raise: an error of bitline's, of a user's class, of PyTorch, lack of memory.

    Returns:
        What went wrong, and in which line of the user's code, or of bitline's where none of the user's took part.

    Examples:
        >>> described(BitlineError("weights.bits is 40: use 32 at most")), described(MemoryError())
        ('weights.bits is 40: use 32 at most', 'out of memory: use a smaller batch (run.batch, --batch), ...')
    """
    if isinstance(error, BitlineError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    if is_out_of_memory(error):
        return f"{OUT_OF_MEMORY}{_place(filter(_is_a_users, frames))}"
    place = _place(filter(_is_a_users, frames)) or _place(filter(_is_bitlines, frames))
    name, said = type(error).__name__, first_line(error) if isinstance(error, Exception) else str(error)
    return f"{name}{place}" if said in ("", name) else f"{name}: {said}{place}"


def is_of_users_code(error: BaseException) -> bool:
    """Whether a user's class or function took part in an error.

    Args:
        error: that was raised.

    Examples:
        >>> is_of_users_code(ValueError("never raised"))
        False
    """
    return any(map(_is_a_users, traceback.extract_tb(error.__traceback__)))


def with_less_at_once(task: Task, batch: int) -> Task:
    """A task whose worker was probably killed for want of memory, for another one to try.

    Args:
        task: as it was given.
        batch: images at once of the study, for tasks that say nothing of their own.

    Examples:
        >>> with_less_at_once(Task.of_float(0, 2), batch=64).batch
        16
    """
    return replace(task, batch=smaller(task.batch or batch))


def smaller(batch: int) -> int:
    """The images at once to try next where memory was too short for so many.

    Examples:
        >>> smaller(64), smaller(3)
        (16, 1)
    """
    return max(1, batch // 4)


def _is_bitlines(frame: traceback.FrameSummary) -> bool:
    return frame.filename.startswith(_PACKAGE)


def _is_a_users(frame: traceback.FrameSummary) -> bool:
    return not (_is_bitlines(frame) or is_installed(frame.filename))


def _place(frames: Iterable[traceback.FrameSummary]) -> str:
    """The last of some lines of code that took part, if there is one."""
    return "".join(f" ({short_path(frame.filename)}:{frame.lineno})" for frame in list(frames)[-1:])
