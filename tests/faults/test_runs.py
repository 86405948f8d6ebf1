"""Faults of the tests themselves: runs that did not depend on the code alone."""

from __future__ import annotations

import importlib
import signal
import subprocess
import sys

import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import MOST_ADC_BITS, ROWS, guaranteed_bits

from bitline import Design


def test_the_finest_cells_leave_a_guaranteed_range_for_few_rows():
    """`make test` on a clean clone: a design of 32 bits was drawn, and the test that added one was impossible."""
    finest = Design(
        weights={"kind": "offset", "bits": 9, "bits_per_cell": "unsliced", "subtraction": "digital"},
        inputs={"bits": 8, "slice_bits": 7, "accumulation": "analog"},
        adc="none",
    )
    needed = guaranteed_bits(finest)
    assert needed[ROWS[0]] == 25 <= MOST_ADC_BITS < needed[ROWS[-1]] == 34


def drawn() -> list[tuple[str, int, float]]:
    """Numbers that a property test sees."""
    numbers = []

    @given(st.floats(), st.integers())
    def collect(value, count):
        numbers.append((repr(value), count, torch.rand(()).item()))

    collect()
    return numbers


def test_examples_do_not_depend_on_the_tests_before(tmp_path, monkeypatch):
    """pytest -n 2: Hypothesis took numbers from the modules imported so far, others came from PyTorch's generator."""
    before = drawn()
    (tmp_path / "imported_later.py").write_text("NUMBERS = " + repr([index * 1.375 for index in range(1, 500)]))
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("imported_later")
    torch.rand(7)
    assert drawn() == before


def test_programs_of_tests_in_the_background_can_be_interrupted():
    """nohup make test &: shells let those ignore SIGINT, and a study that should have stopped went on to its end."""
    program = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == -signal.SIGINT
