"""Workers on a Ray cluster (the extra `bitline[ray]`)."""

from __future__ import annotations

import logging
import socket
from dataclasses import replace
from typing import Any

from bitline.errors import StudyError
from bitline.study.executors import Launch
from bitline.study.task import Outcome, Task
from bitline.study.worker import Context, Worker

PATIENCE_S = 5.0
"""Seconds that a cluster may take to answer."""


def ray_workers(address: str | None, count: int, device: str = "cpu", gpus: float = 0.0) -> Launch:
    """Workers on a Ray cluster.

    Args:
        address: 'auto' for the cluster of this machine, or host:port; None starts one here.
        count: number of workers.
        device: compute device of the workers, 'cpu' or 'cuda'.
        gpus: GPUs of each worker; fractions put several workers on one GPU.

    Raises:
        StudyError: Ray is not installed, or there is no cluster at the address.

    Examples:
        >>> from bitline.study import Study, sweep
        >>> sweep(Study(), "study.sqlite", launch=ray_workers("auto", count=64))  # doctest: +SKIP
    """
    try:
        import ray
    except ImportError:
        raise StudyError("--executor ray needs Ray: pip install 'bitline[ray]'") from None
    _check_address(address)
    try:
        ray.init(address=address, ignore_reinit_error=True, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise _unreachable(address, str(error).splitlines()[0]) from None
    return lambda context: RayWorkers(context, count, device, gpus)


def _check_address(address: str | None) -> None:
    """Refuse an address where nobody listens; Ray itself would wait for minutes."""
    host, _, port = (address or "").rpartition("://")[2].partition(":")
    if not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=PATIENCE_S).close()
    except OSError as error:
        raise _unreachable(address, str(error)) from None


def _unreachable(address: str | None, reason: str) -> StudyError:
    return StudyError(
        f"cannot reach a Ray cluster at {address}: {reason}; start one with 'ray start --head', or leave --address out"
    )


class RayWorkers:
    """Actors of a Ray cluster, each a worker; a lost one is replaced, and its task is reported as lost.

    The network and the images go to the cluster's object store once.

    Args:
        context: what they work on.
        count: number of workers.
        device: compute device of the workers, 'cpu' or 'cuda'.
        gpus: GPUs of each worker.
    """

    def __init__(self, context: Context, count: int, device: str, gpus: float) -> None:
        import ray

        self._ray = ray
        self.context = ray.put(replace(context, device=device, threads=1 if device == "cpu" else context.threads))
        self.gpus = gpus if device != "cpu" else 0.0
        self.actor_class: Any = ray.remote(Worker)
        self.actors = [self._start() for _ in range(count)]
        self.running: dict[Any, tuple[int, Task]] = {}

    def _start(self) -> Any:
        # Ray resolves the reference to the context where the actor starts
        return self.actor_class.options(num_cpus=1, num_gpus=self.gpus, max_restarts=0).remote(self.context)

    def idle(self) -> list[int]:
        busy = {worker for worker, _ in self.running.values()}
        return [worker for worker in range(len(self.actors)) if worker not in busy]

    def submit(self, worker: int, task: Task) -> None:
        self.running[self.actors[worker].run.remote(task)] = (worker, task)

    def wait(self) -> tuple[int, Outcome]:
        ready, _ = self._ray.wait(list(self.running), num_returns=1)
        worker, task = self.running.pop(ready[0])
        try:
            outcome: Outcome = self._ray.get(ready[0])
        except (self._ray.exceptions.RayActorError, self._ray.exceptions.OutOfMemoryError) as error:
            self._ray.kill(self.actors[worker], no_restart=True)
            self.actors[worker] = self._start()
            reason = str(error).splitlines()[0]
            return worker, Outcome(task, error=f"a Ray worker was lost at {task.subject}: {reason}", retry=True)
        return worker, outcome

    def close(self) -> None:
        for actor in self.actors:
            self._ray.kill(actor, no_restart=True)
