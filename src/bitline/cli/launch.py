"""Who does the work of commands that evaluate many designs, and how far they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from bitline.cli.commands import refuse_idle
from bitline.cli.inputs import check_compute, one_of
from bitline.cli.output import Output

if TYPE_CHECKING:
    from bitline.numerics.progress import Progress
    from bitline.study.executors import Launch


@dataclass(frozen=True)
class Crew:
    """The workers, as the options of the same names say.

    Attributes:
        workers: processes; as many as the machine has cores, up to a limit, where it is None.
        executor: 'local' or 'ray'.
        address: of a Ray cluster; a new one here where it is None.
        compute: 'cpu' or 'cuda'.
        gpus: of each worker on a Ray cluster.
    """

    workers: int | None
    executor: str
    address: str | None
    compute: str
    gpus: float

    def check(self, context: typer.Context) -> None:
        """Refuse what is not there, and options of a Ray cluster where none is used.

        Raises:
            BitlineError: one of them was given, or there is no such executor or compute device.
        """
        one_of("executor", self.executor, ("local", "ray"))
        if self.executor != "ray":
            refuse_idle(context, f"with --executor {self.executor}", "address", "gpus")
            check_compute(self.compute)

    @property
    def count(self) -> int:
        """Workers."""
        from bitline.study import default_workers

        return self.workers or default_workers()

    def launch(self, note: Callable[[str], None]) -> Launch:
        """How the workers are started.

        Args:
            note: told how many workers of a cluster run whenever that has changed.

        Raises:
            StudyError: a cluster that cannot be reached.
        """
        from bitline.study import local

        if self.executor == "ray":
            from bitline.study.ray_executor import ray_workers

            return ray_workers(self.address, self.count, self.compute, self.gpus, note)
        return local(self.count, self.places)

    @contextmanager
    def standing(self, note: Callable[[str], None]) -> Iterator[Launch]:
        """How the workers are started for several studies: on this machine once, for all of them.

        Args:
            note: told how many workers of a cluster run whenever that has changed.

        Raises:
            StudyError: a cluster that cannot be reached.
        """
        from bitline.study import standing

        if self.executor == "ray":
            yield self.launch(note)
            return
        with standing(self.count, self.places) as launch:
            yield launch

    @property
    def places(self) -> tuple[str, ...]:
        """Compute devices that workers take in turn."""
        if self.compute != "cuda":
            return (self.compute,)
        import torch

        return tuple(f"cuda:{index}" for index in range(torch.cuda.device_count()))


@contextmanager
def tasks(output: Output, study: str) -> Iterator[Progress]:
    """A progress bar for the tasks of a study, whose results are kept if it is interrupted."""
    output.if_interrupted = "what is finished is kept: run it again to go on"
    with output.progress() as tell:
        yield lambda what, done, total: tell(study, done, max(total, 1))
