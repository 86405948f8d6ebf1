"""Reads that end at 0 where the design says so: their mean and variance, cell by cell and of whole outputs."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from oracle.chain import literal_chain
from strategies import inputs_for

from bitline import AnalogCore, Design
from bitline.devices.read_noise import IndependentNoise
from bitline.numerics.draws import Draws

READS = 2000


@pytest.mark.parametrize("share", [-0.5, 0.0, 0.3, 1.0, 3.0, 7.99, 8.01, 1e3])
def test_moments_are_those_of_reads_that_end_at_zero(share):
    n = np.linspace(-12, 12, 400_001)
    weights = np.exp(-(n**2) / 2) / np.exp(-(n**2) / 2).sum()
    reads = np.maximum(share + n, 0)
    mean = (reads * weights).sum()
    expected = mean, math.sqrt(((reads - mean) ** 2 * weights).sum())
    cells = torch.tensor([share * 0.01]).double()
    found = IndependentNoise(alpha=0.01, clip="zero").shown(cells, torch.full_like(cells, 0.01))
    np.testing.assert_allclose([float(value) for value in found], np.multiply(0.01, expected), rtol=1e-6)


def test_cells_without_noise_read_what_they_hold():
    cells = torch.tensor([0.0, 0.5])
    found = IndependentNoise(alpha=0.1, clip="zero").shown(cells, torch.zeros(2))
    assert [values.tolist() for values in found] == [[0.0, 0.5], [0.0, 0.0]]


@pytest.mark.parametrize(("clip", "share"), [("none", 1.0), ("zero", 0.78)])
def test_noise_of_differential_cells_at_an_infinite_ratio(clip, share):
    """Normally distributed weights, sigma 5 % of G_max: 0.78 of the noise is left (bitline: no such choice)."""
    matrix = np.random.default_rng(0).standard_normal((40, 200)).astype(np.float32)
    noise = {"kind": "state-independent", "alpha": 0.05, "clip": clip}
    settings = {"adc": "none", "inputs.bits": 1, "cell.read_noise": noise, "weights.bits": 8}
    core = AnalogCore(matrix, Design().with_settings(settings), calibration=np.ones(200, np.float32))
    quiet = AnalogCore(
        matrix,
        Design().with_settings({**settings, "cell.read_noise": "none"}),
        calibration=np.ones(200, np.float32),
    )
    ones = np.ones((200, 300), np.float32)
    unit = np.abs(matrix).max() * math.sqrt(2 * 200) * 0.05
    assert np.std(core @ ones - (core @ ones).mean(1, keepdims=True)) / unit == pytest.approx(share, abs=0.02)
    assert np.abs((core @ ones).mean(1) - (quiet @ ones).mean(1)).max() < 12 * unit / math.sqrt(200)


@pytest.mark.parametrize(
    "settings",
    [{}, {"weights.kind": "offset"}, {"inputs.accumulation": "digital", "adc": {"kind": "uniform", "bits": 14}}],
)
def test_outputs_have_mean_and_variance_of_single_reads(settings):
    rng = np.random.default_rng(1)
    matrix = rng.standard_normal((5, 20)).astype(np.float32)
    inputs = inputs_for(20, 1, 2, signed=True)
    noise = {"kind": "state-independent", "alpha": 0.05, "clip": "zero"}
    base = {"adc": "none", "cell.read_noise": noise, "inputs.slice_bits": 3, "cell.on_off_ratio": 50.0}
    design = Design().with_settings({**base, **settings})
    core = AnalogCore(matrix, design, calibration=inputs_for(20, 50, 3, signed=True))
    repeated = inputs.repeat(READS, axis=1)
    fast = core @ repeated
    literal = literal_chain(
        matrix, design, repeated, core.calibration, draws=Draws((0, 0, "core")), reads=np.random.default_rng(5)
    ).outputs
    error = literal.std(axis=1) / math.sqrt(READS)
    assert (np.abs(fast.mean(1) - literal.mean(1)) < 6 * math.sqrt(2) * error).all()
    np.testing.assert_allclose(fast.std(1), literal.std(1), rtol=6 / math.sqrt(READS))
