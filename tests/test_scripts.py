"""Scripts for machines that are rarely there are rehearsed here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_the_cpu_agrees_with_itself(tmp_path):
    """The comparison with a GPU, made with the CPU twice: one layer on whole numbers, one in floating point."""
    out = tmp_path / "agreement.json"
    command = [sys.executable, "scripts/gpu_agreement.py", "--compute", "cpu", "--tiny", "--out", str(out)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    subprocess.run([*command, "--designs", "default", "read-noise-no-adc"], cwd=ROOT, env=environment, check=True)
    found = json.loads(out.read_text())
    whole, floating = found["designs"]
    assert whole["equal_layers"] == whole["layers"] == 7
    assert floating["layers"] == 0
    assert len(floating["other_layers"]) == 7
    assert all(record["is_kept"] for record in found["products"] + found["designs"])
    assert {record["relative"] for record in found["designs"]} == {0.0}


def test_the_check_on_a_gpu_is_clean_bash():
    subprocess.run(["bash", "-n", "scripts/gpu_check.sh"], cwd=ROOT, check=True)
