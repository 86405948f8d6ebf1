"""Workers on a Ray cluster (the extra `bitline[ray]`)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from bitline.data.samples import Samples
from bitline.data.stored_images import StoredImages
from bitline.errors import StudyError
from bitline.study.executors import Launch
from bitline.study.ray_connection import connect
from bitline.study.remote import Event, Finished, Lost, Placed, RemoteWorkers, unsaid
from bitline.study.task import Outcome, Task
from bitline.study.worker import Context, Worker


def ray_workers(
    address: str | None, count: int, device: str = "cpu", gpus: float = 0.0, say: Callable[[str], None] = unsaid
) -> Launch:
    """Workers on a Ray cluster, as many of them as find a place there.

    A cluster that is started here ends with this process, or with `ray.shutdown()`.

    Args:
        address: 'auto' for the cluster of this machine, or host:port; None starts one here.
        count: number of workers.
        device: compute device of the workers, 'cpu' or 'cuda'.
        gpus: GPUs of each worker; fractions put several workers on one GPU.
        say: told, in one sentence, how many workers run whenever that has changed.

    Raises:
        StudyError: Ray is not installed, there is no cluster at the address, or it wants a token that is not there.

    Examples:
        >>> from bitline.study import Study, sweep
        >>> sweep(Study(), "study.sqlite", launch=ray_workers("auto", count=64))  # doctest: +SKIP
    """
    connect(address)
    need = Need(device, gpus if device != "cpu" else 0.0)
    sent = _as_it_is if address is None and _is_one_machine() else _without_files
    return lambda context: RemoteWorkers(RayCluster(sent(context), need), count, say, batch=context.batch)


@dataclass(frozen=True)
class Need:
    """What one worker occupies besides a core.

    Attributes:
        device: its compute device, 'cpu' or 'cuda'.
        gpus: number of GPUs, which may be a fraction.

    Examples:
        >>> str(Need("cpu", 0)), str(Need("cuda", 0.25))
        ('1 core', '1 core and 0.25 GPUs')
    """

    device: str
    gpus: float

    def __str__(self) -> str:
        return f"1 core and {_amount(self.gpus, 'GPU')}" if self.gpus else "1 core"


class PlacedWorker(Worker):
    """A worker that answers as soon as it is ready."""

    def answer(self) -> str:
        """Host, process and arithmetic of the worker."""
        return self.name


class RayCluster:
    """A Ray cluster as `RemoteWorkers` sees it: every worker is an actor.

    The network and the images go to the cluster's object store once.

    Args:
        context: what the workers work on.
        need: what each of them occupies.

    Raises:
        StudyError: the network and the images cannot be sent to the cluster.
    """

    def __init__(self, context: Context, need: Need) -> None:
        import ray

        self._ray: Any = ray
        self.need = need
        threads = 1 if need.device == "cpu" else context.threads
        try:
            self.context = ray.put(replace(context, device=need.device, threads=threads))
        except (ray.exceptions.RayError, TypeError) as error:
            raise StudyError(f"the network and the images cannot be sent to the cluster: {_reason(error)}") from None
        self.actor_class: Any = ray.remote(PlacedWorker)
        self.actors: dict[int, Any] = {}
        self.awaited: dict[Any, tuple[int, Task | None]] = {}
        """By what Ray gives for a call: the worker that it waits for, and the task; None for the first answer."""

    def start(self, worker: int) -> None:
        self._stop(worker)
        # Ray resolves the reference to the context where the actor starts
        options = {"num_cpus": 1, "num_gpus": self.need.gpus, "max_restarts": 0, "max_task_retries": 0}
        with self._reached():
            self.actors[worker] = self.actor_class.options(**options).remote(self.context)
            self.awaited[self.actors[worker].answer.remote()] = worker, None

    def give(self, worker: int, task: Task) -> None:
        with self._reached():
            self.awaited[self.actors[worker].run.remote(task)] = worker, task

    def event(self, seconds: float) -> Event | None:
        if not self.awaited:
            time.sleep(seconds)
            return None
        with self._reached():
            ready, _ = self._ray.wait(list(self.awaited), num_returns=1, timeout=seconds)
        return self._event(ready[0]) if ready else None

    def _event(self, call: Any) -> Event:
        worker, task = self.awaited.pop(call)
        try:
            answer = self._ray.get(call)
        except self._ray.exceptions.RayTaskError as error:
            if task is None:
                return Lost(worker, _reason(error))
            return Finished(worker, Outcome(task, error=_reason(error)))  # it lives on
        except self._ray.exceptions.RayError as error:  # whatever it is: another worker may do better
            return Lost(worker, _reason(error), is_killed=_is_killed(error))
        return Placed(worker) if task is None else Finished(worker, answer)

    def room(self) -> str:
        with self._reached():
            there, free = self._ray.cluster_resources(), self._ray.available_resources()
        kinds = {"CPU": "core", "GPU": "GPU"} if self.need.gpus else {"CPU": "core"}
        amounts = [f"{_amount(there.get(kind, 0), name)} ({free.get(kind, 0):g} free)" for kind, name in kinds.items()]
        return f"needs {self.need}, and the cluster has {' and '.join(amounts)}"

    def close(self) -> None:
        for worker in list(self.actors):
            self._stop(worker)

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Errors of what is no worker's matter are those of the cluster."""
        try:
            yield
        except self._ray.exceptions.RayError as error:
            raise StudyError(
                f"the Ray cluster cannot be reached any more: {_reason(error)}; what is finished is kept"
            ) from None

    def _stop(self, worker: int) -> None:
        if worker in self.actors:
            with suppress(self._ray.exceptions.RayError, RuntimeError, ValueError):  # there is none any more
                self._ray.kill(self.actors.pop(worker), no_restart=True)


def _is_one_machine() -> bool:
    """Whether all workers see the files of this machine."""
    import ray

    nodes: Any = ray.nodes
    return len({node["NodeManagerAddress"] for node in nodes()}) == 1


def _as_it_is(context: Context) -> Context:
    """The context itself: workers map the files in which images lie."""
    return context


def _without_files(context: Context) -> Context:
    """The context for machines that do not see the files in which images lie: they get them from the object store."""

    def sent(images: Tensor | StoredImages | Samples) -> Tensor | StoredImages | Samples:
        return images.in_memory() if isinstance(images, StoredImages) else images

    return replace(context, images=sent(context.images), calibration=sent(context.calibration))


def _amount(number: float, name: str) -> str:
    return f"{number:g} {name}{'s' * (number != 1)}"


def _is_killed(error: BaseException) -> bool:
    """Whether Ray's text names memory: its monitor killed the worker, or the system did, which Ray can only guess."""
    return any(words in str(error) for words in ("low on memory", "OOM killer", "OutOfMemory"))


def _reason(error: BaseException) -> str:
    """What went wrong, in one line.

    Ray's text is of many lines, with identifiers before it and advice on Ray after it.
    """
    cause = getattr(error, "cause", None)
    if isinstance(cause, BaseException):
        return f"{type(cause).__name__}: {' '.join(str(cause).split())}"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1].partition(" Some common causes")[0] if lines else type(error).__name__
