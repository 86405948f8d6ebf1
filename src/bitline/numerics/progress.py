"""How long work says how far it is: one convention for evaluation, studies and searches."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is in all.

The unit is that of the work: images for an evaluation, tasks for a study, designs for a search.
"""


def silent(what: str, done: int, total: int | None) -> None:
    """Progress that nobody is told of.

    Examples:
        >>> silent("chip 1 of 3", 20, 100)
    """
