"""Ctrl-C ends a command with one line and status 130, wherever the exception is lost and however often it comes.

The user's network of these tests interrupts the process itself, at the moment that is tried: no test depends on speed.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

HEAD = """
import atexit, ctypes, os, signal, time

def interrupt(kill=os.kill, process=os.getpid(), number=signal.SIGINT):
    kill(process, number)
"""

BODIES = {
    "in a function that C calls, as a compiler does": """
def build():
    ctypes.CFUNCTYPE(None)(interrupt)()
    while True:
        time.sleep(0.01)
""",
    "in a finaliser": """
class Last:
    def __del__(self):
        interrupt()

def build():
    Last()
    while True:
        time.sleep(0.01)
""",
    "again while it ends": """
def build():
    try:
        interrupt()
    finally:
        interrupt()
        print("finished")
""",
    "again at the exit": """
atexit.register(interrupt)

def build():
    interrupt()
""",
    "again while Python is taken down": """
class Last:
    def __del__(self, interrupt=interrupt):
        interrupt()

last = Last()

def build():
    interrupt()
""",
    "in an object that cannot be removed afterwards": """
class Half:
    def close(self):
        del self.handle
        interrupt()

    def __del__(self):
        del self.handle

half = Half()
half.handle = 1

def build():
    half.close()
""",
}


@pytest.mark.parametrize("moment", BODIES)
def test_an_interrupt_is_one_line(tmp_path, moment):
    """While kernels were compiled it was printed and ignored; two of them were a traceback, or status -2."""
    (tmp_path / "interrupting.py").write_text(HEAD + BODIES[moment], encoding="utf-8")
    command = [sys.executable, "-m", "bitline", "run", "--model", "interrupting:build", "--images", "4"]
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (130, "bitline: interrupted\n")
    assert done.stdout == ("finished\n" if moment == "again while it ends" else "")


BLOCKED = """
from pathlib import Path
from bitline.study import Study
from bitline.study.processes import Processes
from bitline.study.workload import load

if __name__ == "__main__":
    executor = Processes(load(Study(data={"images": 2, "calibration_images": 2})).context, count=2)
    for worker in executor.workers:
        print(Path(f"/proc/{worker.pid}/status").read_text().partition("SigBlk:")[2].split()[0])
    executor.close()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not say which signals a process holds")
def test_no_worker_ever_gets_an_interrupt(tmp_path):
    """All but the first got it, and began with a traceback if it came while they were imported."""
    (tmp_path / "program.py").write_text(BLOCKED, encoding="utf-8")
    done = subprocess.run([sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert [int(mask, 16) & 2 for mask in done.stdout.split()] == [2, 2], done.stderr
