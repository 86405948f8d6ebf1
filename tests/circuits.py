"""Arrays as circuits: cells for them, and ngspice."""

from __future__ import annotations

import re
import subprocess

import numpy as np


def random_cells(rows, columns, seed):
    rng = np.random.default_rng(seed)
    return rng.random((rows, columns)) * (rng.random((rows, columns)) < 0.8) + 1e-6


def ngspice(text: str, tmp_path) -> list[float]:
    file = tmp_path / "array.cir"
    file.write_text(text)
    done = subprocess.run(["ngspice", "-b", str(file)], capture_output=True, text=True, check=False)
    return [float(one) for one in re.findall(r"i\(v_\w+\) = ([-+\d.eE]+)", done.stdout.lower())]
