"""Workers on a Ray cluster: whatever place they find, the results are those of this process."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import torch
from small_study import comparable, count, study

import bitline
from bitline.study import sweep
from bitline.study.ray_executor import Need, RayCluster, ray_workers
from bitline.study.remote import Lost, Placed
from bitline.study.task import Task
from bitline.study.worker import Context

pytestmark = pytest.mark.apart

ROOT = Path(__file__).resolve().parents[2]
STORE_BYTES = 200_000_000


@pytest.fixture
def cluster():
    import ray
    from ray.cluster_utils import Cluster

    started = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": STORE_BYTES})
    try:
        yield started
    finally:
        ray.shutdown()
        started.shutdown()


@pytest.mark.needs("Ray")
@pytest.mark.filterwarnings("ignore")
def test_a_node_that_is_lost_without_room_left_loses_no_result(finished, tmp_path, cluster):
    lost = cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES)
    removed = []

    def report(what: str, done: int, total: int) -> None:
        if not removed and done >= 4:
            removed.append(lost)
            cluster.remove_node(lost, allow_graceful=False)

    path = tmp_path / "ray.sqlite"
    summary = sweep(study(), path, launch=ray_workers(cluster.address, 4), progress=report)  # two have no place
    assert removed
    assert summary.failures == ()
    assert comparable(path).equals(comparable(finished))


@pytest.mark.needs("Ray")
@pytest.mark.filterwarnings("ignore")
def test_errors_of_a_worker_are_those_of_its_task(cluster):
    ray_workers(cluster.address, 1)
    images = torch.rand(2, 5)  # the network takes 4 numbers
    context = Context(torch.nn.Linear(4, 2), images, torch.zeros(2), images, seed=0, batch=2)
    workers = RayCluster(context, Need("cpu", 0))
    workers.start(0)
    assert first(workers) == Placed(0)
    workers.give(0, FLOAT)
    failed = first(workers)
    assert "shapes cannot be multiplied" in failed.outcome.error
    assert not failed.outcome.retry
    actor = workers.actors[0]
    os.kill(int(ray_answer(actor).split()[0].rpartition(":")[2]), signal.SIGKILL)
    workers.give(0, FLOAT)
    lost = first(workers)
    assert (type(lost), lost.worker) == (Lost, 0)
    assert "\n" not in lost.reason
    assert workers.room().startswith("needs 1 core, and the cluster has 1 core (")
    workers.close()


FLOAT = Task.of_float(0, 2)


def first(workers: RayCluster):
    """What happens first."""
    while (event := workers.event(10)) is None:
        pass
    return event


def ray_answer(actor) -> str:
    import ray

    return ray.get(actor.answer.remote())


@pytest.fixture
def shell(tmp_path):
    """The environment of a shell for Ray, with a home and a folder for temporary files of its own.

    Ray makes sockets in the folder, so its path must be short.
    """
    temporary = Path(tempfile.mkdtemp(prefix="bl", dir="/tmp"))
    programs, home = tmp_path / "bin", tmp_path / "home"
    programs.mkdir()
    home.mkdir()
    write_program(programs / "bitline", f"exec {sys.executable} -c 'from bitline.cli.app import main; main()' \"$@\"")
    (tmp_path / "study.toml").write_text(study().to_toml(), encoding="utf-8")
    path = [programs, Path(sys.executable).parent, os.environ["PATH"]]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    yield {
        **kept,
        "HOME": str(home),
        "RAY_TMPDIR": str(temporary),
        "PATH": os.pathsep.join(map(str, path)),
        "PYTHONPATH": str(Path(bitline.__file__).parents[1]),
        "OMP_NUM_THREADS": "1",
    }
    for process in alive(temporary):
        os.kill(process, signal.SIGKILL)
    shutil.rmtree(temporary, ignore_errors=True)


def write_program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def alive(temporary: Path) -> list[int]:
    """Processes of Ray that use a folder for temporary files."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            environment = (entry / "environ").read_bytes()
        except OSError:
            continue
        if f"RAY_TMPDIR={temporary}".encode() in environment.split(b"\0") and int(entry.name) != os.getpid():
            found.append(int(entry.name))
    return found


@pytest.mark.needs("Ray")
def test_the_slurm_job_of_the_guide_runs_on_two_nodes(finished, tmp_path, shell):
    """One of this machine's: `srun` runs its command here, once, as a node with one core."""
    page = (ROOT / "docs" / "guides" / "clusters.md").read_text(encoding="utf-8")
    (job,) = re.findall(r"^```bash\n(#!/bin/bash\n.*?)^```", page, re.MULTILINE | re.DOTALL)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    (tmp_path / "job").write_text(job.replace("6379", str(port)), encoding="utf-8")
    write_program(tmp_path / "bin" / "scontrol", "echo 127.0.0.1")
    write_program(
        tmp_path / "bin" / "srun",
        f'while [ "$1" != ray ]; do shift; done; exec "$@" --object-store-memory={STORE_BYTES}',
    )
    slurm = {"SLURM_JOB_NODELIST": "node[1-4]", "SLURM_CPUS_PER_TASK": "1"}
    with open(tmp_path / "said", "w+b") as said:  # no pipe, which the nodes would keep open after the job's end
        status = subprocess.run(
            ["bash", "job"], cwd=tmp_path, env={**shell, **slurm}, stdout=said, stderr=said, timeout=120
        ).returncode
    messages = (tmp_path / "said").read_text(encoding="utf-8")
    assert status == 0, messages
    assert "(raylet)" not in messages
    assert comparable(tmp_path / "study.sqlite").equals(comparable(finished))


@pytest.mark.needs("Ray")
def test_a_cluster_of_this_machine_ends_with_the_command_at_ctrl_c(tmp_path, shell):
    """It is another one than the cluster that crashed here and left its address. That a worker dies makes no noise."""
    temporary, store = Path(shell["RAY_TMPDIR"]), tmp_path / "study.sqlite"
    (temporary / "ray").mkdir()
    (temporary / "ray" / "ray_current_cluster").write_text("127.0.0.1:1", encoding="utf-8")
    long = study(run={"chips": 50, "shard": 5})  # a short one is done before Ctrl-C comes
    (tmp_path / "study.toml").write_text(long.to_toml(), encoding="utf-8")
    command = [tmp_path / "bin" / "bitline", "sweep", "study.toml", "--executor", "ray", "--workers", "2"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=tmp_path, env=shell, stdout=pipe, stderr=pipe, text=True) as sweeping:
        until(lambda: count(store) >= 2 or sweeping.poll() is not None)
        workers = [
            process for process in alive(temporary) if b"PlacedWorker" in Path(f"/proc/{process}/cmdline").read_bytes()
        ]
        os.kill(workers[0], signal.SIGKILL)
        until(lambda: count(store) >= 5 or sweeping.poll() is not None)
        sweeping.send_signal(signal.SIGINT)
        results, said = sweeping.communicate(timeout=120)
    assert (sweeping.returncode, results) == (130, "")
    *notes, last = said.splitlines()
    assert all("workers run" in note for note in notes)
    assert last.startswith("bitline: interrupted; what is finished is kept")
    until(lambda: not alive(temporary))


def until(true, seconds: float = 300.0) -> None:
    """Wait until something is true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)
