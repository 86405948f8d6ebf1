"""Worker processes give the numbers of this process, and a lost one is replaced."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from small_study import comparable, study

from bitline.study import sweep


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
