"""What a killed process leaves behind is removed by the next, and nothing of it stays alive."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from bitline.config.files import replacing, write_text
from bitline.errors import StudyError
from bitline.study import Study, read_results, sweep
from bitline.study.lock import locked

WRITER = """
import os, pathlib, signal, sys
from bitline.config.files import replacing
with replacing(pathlib.Path(sys.argv[1])) as part:
    part.write_text("half")
    print(part.name, flush=True)
    sys.stdin.read()
"""
HOLDER = """
import pathlib, sys
from bitline.study.lock import locked
with locked(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
WORKERS = """
import sys, time
import torch
from torch import nn
from bitline.study.processes import Processes
from bitline.study.task import Task
from bitline.study.worker import Context

class Sleeper(nn.Module):
    def forward(self, inputs):
        print("busy", flush=True)
        time.sleep(600)

if __name__ == "__main__":
    images = torch.rand(2, 4)
    labels = torch.zeros(2).long()
    processes = Processes(Context(Sleeper(), images, labels, images, seed=0, batch=2), count=2)
    for index in processes.idle():
        processes.submit(index, Task.of_float(0, 2))
    print(*(worker.pid for worker in processes.workers), flush=True)
    while processes.wait() is None:
        pass  # one has begun
"""


def started(script, *arguments):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", script, *map(str, arguments)], **pipes)


def test_parts_of_killed_processes_are_removed_and_of_living_ones_are_not(tmp_path):
    """They stayed for ever, one for each kill."""
    path = tmp_path / "results[1].json"
    with started(WRITER, path) as living, started(WRITER, path) as killed:
        parts = [process.stdout.readline().strip() for process in (living, killed)]
        killed.kill()
        killed.wait()
        others = [tmp_path / "results[1].json.x.part", tmp_path / "other.json.999999999.part"]
        for other in others:
            other.write_text("not ours")
        write_text(path, "whole")
        assert {file.name for file in tmp_path.iterdir()} == {path.name, parts[0], *(other.name for other in others)}
        living.communicate("")
    assert path.read_text() == "half"  # the last that ends


def test_parts_that_are_locked_are_not_removed(tmp_path):
    """The process may be alive on another machine, of which only the lock tells."""
    with started(WRITER, tmp_path / "results.json") as process:
        part = tmp_path / process.stdout.readline().strip()
        elsewhere = part.rename(tmp_path / "results.json.999999999.part")
        write_text(tmp_path / "results.json", "whole")
        assert elsewhere.exists()
        process.kill()
        process.wait()
        write_text(tmp_path / "results.json", "whole")
        assert not elsewhere.exists()


def test_other_names_of_a_file_keep_what_it_was(tmp_path):
    """As with any file that is replaced in one step; a backup made of hard links stays a backup."""
    (tmp_path / "results.json").write_text("old")
    (tmp_path / "backup.json").hardlink_to(tmp_path / "results.json")
    with replacing(tmp_path / "results.json") as part:
        part.write_text("new")
    assert (tmp_path / "backup.json").read_text() == "old"


def test_the_lock_of_a_killed_process_is_taken_over_and_removed(tmp_path):
    with started(HOLDER, tmp_path / "store.sqlite") as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(StudyError, match=f"in use by process {process.pid} "), locked(tmp_path / "store.sqlite"):
            pass
        process.kill()
        process.wait()
        assert (tmp_path / "store.sqlite.lock").exists()
    with locked(tmp_path / "store.sqlite"):
        pass
    assert not list(tmp_path.iterdir())


def test_a_store_is_read_under_any_name_once_it_is_closed(tmp_path):
    """Under another name the results of a killed run were left out without a word."""
    study = Study(data={"images": 2, "calibration_images": 2}, run={"chips": 1, "layer_errors": False})
    sweep(study, tmp_path / "store.sqlite")
    (tmp_path / "link.sqlite").hardlink_to(tmp_path / "store.sqlite")
    assert read_results(tmp_path / "link.sqlite").designs[0].finished
    content = bytearray((tmp_path / "store.sqlite").read_bytes())
    content[18:20] = b"\2\2"  # as a writer leaves it that is at work or was killed
    (tmp_path / "store.sqlite").write_bytes(content)
    with pytest.raises(StudyError, match="2 names"):
        read_results(tmp_path / "link.sqlite")


def test_a_store_whose_pages_are_damaged_is_refused_before_it_is_used(tmp_path):
    """SQLite itself notices only where it happens to look."""
    path = tmp_path / "store.sqlite"
    study = Study(data={"images": 2, "calibration_images": 2}, run={"chips": 1, "layer_errors": False})
    sweep(study, path)
    with sqlite3.connect(path) as connection:
        root, size = connection.execute(
            "SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_master "
            "WHERE name = 'sqlite_autoindex_results_1'"
        ).fetchone()
    connection.close()
    content = bytearray(path.read_bytes())
    content[(root - 1) * size] = 0  # of an index, which says what kind of page it is
    path.write_bytes(content)
    for use in (lambda: read_results(path), lambda: sweep(study, path)):
        with pytest.raises(StudyError, match="is damaged"):
            use()


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="needs Linux")
def test_workers_end_with_the_process_that_started_them(tmp_path):
    """In the middle of a task they went on, for minutes where it was a long one."""
    script = tmp_path / "parent.py"
    script.write_text(WORKERS)
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as parent:
        workers = [int(number) for number in parent.stdout.readline().split()]
        assert [parent.stdout.readline() for _ in workers] == ["busy\n", "busy\n"]
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    end = time.monotonic() + 30
    while living := members(parent.pid):
        assert time.monotonic() < end, living
        time.sleep(0.1)


def members(session):
    """Processes of a session, such as workers and what keeps account of their memory."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as file:
                state, _, _, of = file.read().rpartition(")")[2].split()[:4]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(of) == session and state != "Z":
            found.append(int(name))
    return found
