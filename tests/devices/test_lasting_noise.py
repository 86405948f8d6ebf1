"""Noise slower than an inference: all reads of a chip at one time share it, and those at another time do not."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from programmed import cells_of

from bitline import AnalogCore, Design
from bitline.design.noisy_reads import has_noisy_reads

DAY = 86400.0
UNCLIPPED = {"cell.clip": "none", "cell.on_off_ratio": float("inf")}
EXACT_PCM = {"kind": "pcm-nandakumar-2019", "sigma_uS": [0.0, 0.0, 0.0], "drift_start_s": DAY}
"""Phase-change memory with read noise and nothing else for a day."""
LASTING = {
    "pcm": {"cell.device": EXACT_PCM},
    "proportional": {"cell.read_noise": {"kind": "state-proportional", "alpha": 0.1, "renewed": "time"}},
    "independent": {"cell.read_noise": {"kind": "state-independent", "alpha": 0.1, "renewed": "time"}},
}


def reads(settings, matrix, vector, chips=40):
    """Outputs of a vector, read twice on every chip, (chips, 2, outputs)."""
    base = {"adc": "none", "inputs.bits": 8, "weights.bits": 8, **UNCLIPPED}
    design = Design().with_settings({**base, **settings})
    cores = [AnalogCore(matrix, design, calibration=vector, seed=chip) for chip in range(chips)]
    return np.stack([[core @ vector, core @ vector] for core in cores])


@pytest.mark.parametrize("kind", LASTING)
def test_reads_share_noise_that_lasts(kind):
    outputs = reads(LASTING[kind], np.ones((4, 16)), np.ones(16))
    assert np.array_equal(outputs[:, 0], outputs[:, 1])
    assert outputs.std() > 0.01
    assert not has_noisy_reads(Design().with_settings(LASTING[kind]))


@pytest.mark.parametrize("kind", LASTING)
def test_slices_of_inputs_do_not_average_noise_that_lasts(kind):
    draws = np.random.default_rng(0)
    matrix, vector = draws.normal(size=(8, 32)), draws.uniform(size=32)
    serial = reads({**LASTING[kind], "inputs.slice_bits": 1}, matrix, vector)
    whole = reads({**LASTING[kind], "inputs.slice_bits": 8}, matrix, vector)
    np.testing.assert_allclose(serial, whole, rtol=1e-5, atol=1e-5)


def test_noise_of_phase_change_memory_is_the_published_one():
    """sigma = G Q sqrt(ln((t + t_read) / (2 t_read))) of cells that have neither drifted nor missed their targets."""
    growth = math.sqrt(math.log((DAY + 250e-9) / 500e-9))
    cells = cells_of({"cell.device": EXACT_PCM, "cell.time": DAY, **UNCLIPPED})
    target = cells.targets
    sigma = target * (0.0088 / target.clamp(min=1e-6).pow(0.65)).clamp(max=0.2) * growth
    held = target > 0
    standard = (cells.conductance - target)[held] / sigma[held]
    assert cells.noise is None
    assert abs(float(standard.mean())) < 5 / math.sqrt(held.sum())
    assert float(standard.std()) == pytest.approx(1, abs=5 / math.sqrt(2 * held.sum()))


def test_other_times_have_noise_of_their_own():
    early, late = (cells_of({"cell.device": EXACT_PCM, "cell.time": time, **UNCLIPPED}) for time in (DAY / 2, DAY))
    first, second = (cells.conductance - cells.targets for cells in (early, late))
    held = early.targets > 0
    correlation = torch.corrcoef(torch.stack((first[held], second[held])))[0, 1]
    assert abs(float(correlation)) < 5 / math.sqrt(held.sum())


def test_conductances_do_not_become_negative_unless_cells_may():
    settings = {"cell.read_noise": {"kind": "state-independent", "alpha": 0.3, "renewed": "time"}}
    assert float(cells_of(settings).conductance.min()) == 0
    assert float(cells_of({**settings, "cell.clip": "none"}).conductance.min()) < -0.3


def test_reads_of_phase_change_memory_may_be_renewed():
    cells = cells_of({"cell.device": {**EXACT_PCM, "noise_renewed": "read"}, **UNCLIPPED})
    assert cells.noise is not None
    assert torch.allclose(cells.conductance, cells.targets, atol=1e-4)


@pytest.mark.parametrize("kind", ["layer", "column"])
def test_nothing_is_compensated_just_after_programming(kind):
    gain = cells_of({"cell.device": "pcm-nandakumar-2019", "cell.drift_compensation": kind}).drift_gain
    assert gain is None or torch.equal(gain, torch.ones_like(gain))
