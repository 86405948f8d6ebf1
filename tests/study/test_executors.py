"""Worker processes give the numbers of this process, and a lost one is replaced."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

from small_study import comparable, study

from bitline.study import standing, sweep


def test_worker_processes_give_the_same_numbers_and_a_killed_one_is_replaced(finished, tmp_path):
    path, killed = tmp_path / "worker.sqlite", []

    def report(what: str, done: int, total: int) -> None:
        if not killed and done >= 3:
            children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text(encoding="utf-8").split()
            for child in children:
                if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                    os.kill(int(child), signal.SIGKILL)
                    killed.append(child)
                    break

    summary = sweep(study(), path, workers=2, progress=report)
    assert killed
    assert summary.failures == ()
    assert comparable(path).equals(comparable(finished))


def test_standing_workers_start_once_and_the_next_study_replaces_what_was_killed(finished, tmp_path):
    def processes(path: Path) -> set[str]:
        with closing(sqlite3.connect(path)) as connection:
            return {worker for (worker,) in connection.execute("SELECT DISTINCT worker FROM results")}

    first, second, third = (tmp_path / f"{name}.sqlite" for name in ("first", "second", "third"))
    with standing(workers=2) as launch:
        for path in (first, second):
            assert sweep(study(), path, workers=2, launch=launch).failures == ()
        victim = sorted(processes(second))[0]
        os.kill(int(victim.split(":")[1].split()[0]), signal.SIGKILL)
        assert sweep(study(), third, workers=2, launch=launch).failures == ()
    assert processes(first) & processes(second)
    assert victim not in processes(third)
    assert all(comparable(path).equals(comparable(finished)) for path in (first, second, third))
