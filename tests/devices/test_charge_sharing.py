"""Capacitors that share their charge: conservation of charge, and the variance of a line."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bitline import AnalogCore, Design
from bitline.devices import ChargeSharing
from bitline.numerics.draws import Draws


@settings(max_examples=20)
@given(st.integers(2, 40), st.sampled_from([0.0, 0.3, 2.0]), st.integers(0, 99))
def test_lines_settle_where_charge_is_conserved(rows, parasitic, seed):
    """V (sum of all capacitors and the line's) is the charge that the driven cells bring."""
    stored = torch.tensor(np.random.default_rng(seed).integers(0, 2, (rows, 3))).float()
    capacitors = 1 + 0.05 * Draws((seed,)).normal((rows, 3), "programming error").double()
    charge = (stored * capacitors).sum(0)
    voltage = charge / (capacitors.sum(0) + parasitic * rows)
    cells = ChargeSharing(alpha=0.05, parasitic=parasitic).program(stored, Draws((seed,)))
    torch.testing.assert_close(cells.sum(0).double() / (rows * (1 + parasitic)), voltage, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("on", [25, 50, 90, 100])
@pytest.mark.parametrize("parasitic", [0.0, 1.0])
def test_the_variance_of_a_line_follows_from_the_cells_that_are_on(on, parasitic):
    """alpha^2 (S - (2 g - g^2) S^2 / N) to first order, where the cells' capacitors are the share g of the line."""
    alpha, rows, lines = 0.02, 100, 20_000
    stored = (torch.arange(rows) < on).float()[:, None].expand(rows, lines)
    sums = ChargeSharing(alpha=alpha, parasitic=parasitic).program(stored, Draws((1,))).sum(0)
    share = 1 / (1 + parasitic)
    variance = alpha**2 * (on - (2 * share - share**2) * on**2 / rows)
    assert float(sums.double().var()) == pytest.approx(variance, rel=0.04, abs=1e-7)


def test_a_matrix_of_capacitors_gives_its_product_within_their_mismatch():
    rng = np.random.default_rng(0)
    matrix, inputs = rng.standard_normal((6, 64)).astype(np.float32), rng.random((64, 8)).astype(np.float32)
    weights = {"weights.kind": "twos-complement", "weights.bits_per_cell": 1, "adc": "none"}
    exact, shared = (
        AnalogCore(matrix, Design().with_settings({**weights, "cell.device": device}), calibration=inputs) @ inputs
        for device in ("none", {"kind": "charge-sharing", "alpha": 0.005, "parasitic": 0.2})
    )
    assert 0 < np.abs(shared - exact).max() < 0.05 * np.abs(exact).max()
