"""How commands show that they are at work: one line on standard error, gone when the work is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Tell = Callable[[str, int, int | None], None]
"""Called with what is being done, how much of it is done, and how much there is, None where nobody knows."""


@contextmanager
def bar() -> Iterator[Tell]:
    """A bar for what is being done now; what was done before makes room for it."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn
    from rich.text import Text

    class Amounts(ProgressColumn):
        """How much is done, and the time that went and is left."""

        def render(self, task: Any) -> Text:
            done = f"{task.completed:,.0f} of {task.total:,.0f}, " if task.total else ""
            left = "" if task.time_remaining is None else f", {_clock(task.time_remaining)} left"
            return Text(f"{done}{_clock(task.elapsed or 0)} gone{left}")

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), Amounts())
    console = Console(stderr=True, markup=False, emoji=False)
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task("", total=None)
        shown = ""

        def tell(what: str, done: int, total: int | None) -> None:
            nonlocal shown
            if what != shown:
                bars.reset(task, description=what, total=total)
                shown = what
            bars.update(task, completed=done, total=total)

        yield tell


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
