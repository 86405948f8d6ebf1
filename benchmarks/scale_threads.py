"""Threads beside other programs: `python benchmarks/scale_threads.py`.

Wall and CPU time of one network with one thread, and with two that wait for each other in busy loops (OpenMP's default)
or asleep (what `import bitline` chooses where nobody chose). Run it on a machine that is busy, and on one that is not.
"""

from __future__ import annotations

import os
import subprocess
import sys

MEASURE = """
import sys, time
import torch
torch.set_num_threads(int(sys.argv[1]))
layers = [torch.nn.Sequential(torch.nn.Conv2d(16, 16, 3, padding=1), torch.nn.ReLU()) for _ in range(20)]
network, images = torch.nn.Sequential(*layers).eval(), torch.rand(32, 16, 32, 32)
with torch.no_grad():
    network(images)
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(10):
        network(images)
    print(f"{(time.perf_counter() - wall) * 100:.0f} {(time.process_time() - cpu) * 100:.0f}")
"""


def measured(threads: int, policy: str) -> str:
    """Milliseconds of wall and CPU time of one pass."""
    chosen = {name: value for name, value in os.environ.items() if name not in ("OMP_WAIT_POLICY", "OMP_NUM_THREADS")}
    chosen |= {"OMP_WAIT_POLICY": policy} if policy else {}
    command = [sys.executable, "-c", MEASURE, str(threads)]
    wall, cpu = subprocess.run(command, capture_output=True, text=True, check=True, env=chosen).stdout.split()
    return f"{wall:>8} {cpu:>8}"


def main() -> None:
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n{'':24}{'wall ms':>8} {'CPU ms':>8}")
    for name, threads, policy in (
        ("one thread", 1, ""),
        ("two, busy waiting", 2, "active"),
        ("two, asleep", 2, "passive"),
    ):
        print(f"{name:24}{measured(threads, policy)}", flush=True)


if __name__ == "__main__":
    main()
