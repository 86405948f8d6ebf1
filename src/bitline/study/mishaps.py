"""What went wrong with a design, in one line with its place, and what is tried where memory was short."""

from __future__ import annotations

from dataclasses import replace

from bitline.config.messages import first_line
from bitline.config.users_code import bitlines_line, users_line
from bitline.errors import BitlineError
from bitline.numerics.out_of_memory import is_out_of_memory
from bitline.study.task import Task

OUT_OF_MEMORY = "out of memory: use a smaller batch (run.batch, --batch), fewer workers, or a design with fewer slices"
KILLED = "it probably ran out of memory: use fewer workers or a smaller run.batch"
"""Of a worker that ended without a word."""


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
    if is_out_of_memory(error):
        return f"{OUT_OF_MEMORY}{users_line(error)}"
    place = users_line(error) or bitlines_line(error)
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
    return bool(users_line(error))


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
