"""Run `bitline bench` and write what it prints into docs/benchmarks.md, with the machine that it ran on.

python scripts/measure_speed.py
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import torch

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- measured by scripts/measure_speed.py -->", "<!-- end of what was measured -->"


def processor() -> str:
    """The processor's name, its cores and what PyTorch uses of it."""
    known = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.*)", known.read_text()) if known.exists() else None
    name = found[1].strip() if found else "an unknown processor"
    return f"{name}, {torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()}"


def main() -> None:
    command = [sys.executable, "-m", "bitline", "bench", "--compute", "cpu", *sys.argv[1:]]
    table = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    block = f"{BEGIN}\nOn {processor()}, PyTorch {torch.__version__}:\n\n```text\n{table.rstrip()}\n```\n{END}"
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: block, page, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()
