"""Workers of a Ray cluster that may use little memory: as many samples at once as fit, and the same results."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from small_study import SMALL, comparable, study

from bitline.study import read_results, sweep
from bitline.study.ray_executor import ray_workers

pytestmark = pytest.mark.apart

STORE_BYTES = 200_000_000
LIMIT = 2_000_000_000
NETWORK = """
import torch
from torch import nn


class Hungry(nn.Module):
    def __init__(self):
        super().__init__()
        self.scores = nn.Linear(784, 10)

    def forward(self, images):
        torch.empty(len(images), 100_000_000, dtype=torch.int8)  # of 16 images, it does not fit
        return self.scores(images.flatten(1))


def build():
    torch.manual_seed(0)
    return Hungry()
"""


@pytest.mark.needs("Ray")
@pytest.mark.filterwarnings("ignore")
def test_workers_on_two_nodes_with_little_memory_give_the_same_results(tmp_path, monkeypatch):
    (tmp_path / "hungry.py").write_text(NETWORK, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    of_hungry = study(model={"name": "hungry:build"}, data={**SMALL["data"], "source": "fashion-mnist"})
    sweep(of_hungry, tmp_path / "plain.sqlite")
    with two_nodes() as address:
        summary = sweep(of_hungry, tmp_path / "ray.sqlite", launch=ray_workers(address, 2))
    assert summary.failures == ()
    assert comparable(tmp_path / "ray.sqlite").equals(comparable(tmp_path / "plain.sqlite"))
    (note,) = [note for note in read_results(tmp_path / "ray.sqlite").notes if "memory" in note]
    for subject in ("the float network", "adc.bits = 5", "adc.bits = 8"):
        assert subject in note
    assert "4 images at once, as memory was too short for 16" in note


@contextmanager
def two_nodes() -> Iterator[str]:
    """The address of a cluster with a worker on each of two nodes, whose processes have a limit."""
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "object_store_memory": STORE_BYTES})
    try:
        for _ in range(2):
            cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES)
        limit_memory()
        yield cluster.address
    finally:
        ray.shutdown()
        cluster.shutdown()


def limit_memory() -> None:
    """Of the processes of Ray that this one started, and of all that these start."""
    waiting = [child for child in children_of(os.getpid()) if "raylet" in name_of(child)]
    while waiting:
        process = waiting.pop()
        with suppress(ProcessLookupError):
            resource.prlimit(process, resource.RLIMIT_DATA, (LIMIT, LIMIT))  # what it starts from now on has it, too
            waiting += children_of(process)


def children_of(process: int) -> list[int]:
    with suppress(OSError):
        return [
            int(child)
            for task in Path(f"/proc/{process}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    return []


def name_of(process: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{process}/comm").read_text()
    return ""
