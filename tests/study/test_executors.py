"""Worker processes give the numbers of this process, and a lost one is replaced."""

from __future__ import annotations

import importlib
import os
import signal
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from small_study import comparable, study

from bitline.study import standing, sweep
from bitline.study.processes import Standing
from bitline.study.task import Task
from bitline.study.workload import load

pytestmark = pytest.mark.apart


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


def test_a_standing_worker_that_cannot_read_the_next_study_never_works_on_the_last_one(tmp_path, monkeypatch):
    context = load(study()).context
    executor = Standing(context, count=1)
    try:
        (tmp_path / "written_later.py").write_text(  # where the worker that runs does not look
            f"from {type(context.model).__module__} import {type(context.model).__name__} as Base\n"
            "class Later(Base):\n    def forward(self, x):\n        return -super().forward(x)\n"
        )
        monkeypatch.syspath_prepend(tmp_path)
        later = importlib.import_module("written_later").Later().eval()
        later.load_state_dict(context.model.state_dict())
        task, outcomes = Task.of_float(0, 4), []
        for model in (context.model, later, later):
            if len(outcomes) < 2:
                executor.begin(replace(context, model=model), ("cpu",))
            executor.submit(0, task)
            while (finished := executor.wait()) is None:
                pass  # it has begun
            outcomes.append(finished[1])
        first, lost, again = outcomes
        assert lost.retry and "ended with status 1" in lost.error
        assert not first.error and not again.error
        assert first.correct != again.correct
    finally:
        executor.dismiss()
