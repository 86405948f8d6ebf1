"""Pulses of cells that vary together, against integrals over what they have in common."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from bitline import Design
from bitline.cost import Library, gather_statistics
from bitline.cost.counted_pulses import shares_with_more_pulses
from bitline.cost.writing import Writing
from bitline.layer.cells import target_conductances
from bitline.layer.encoded import EncodedLayer

ALPHA, TOLERANCE, SIGMA, PULSES = 0.02, 0.03, 0.1, 20
NORMAL = np.vectorize(lambda x: 0.5 * math.erfc(-x / math.sqrt(2)))


def written(rows: int = 300, columns: int = 40, **settings: object):
    """A layer whose cells are verified, and its design."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(rows, columns, bias=False))
    design = Design.load("differential").with_settings(
        {
            "weights.kind": "offset",
            "weights.subtraction": "digital",
            "cell.clip": "none",
            "cell.device": {"kind": "state-independent", "alpha": ALPHA},
            "cell.programming": {"kind": "write-verify", "tolerance": TOLERANCE, "iterations": PULSES},
            **settings,
        }
    )
    (layer,) = gather_statistics(network, design, torch.rand(2, rows)).layers
    return layer, design


def missing(layer, design) -> np.ndarray:
    """Chance that a pulse misses, (deviations, cells), and the weight of each deviation, (deviations,)."""
    encoded = EncodedLayer.of(layer.weight, None, design, layer.product, layer.name)
    targets = target_conductances(encoded.stored_codes(), design).double().flatten().numpy()[::7]
    deviations = np.linspace(-5, 5, 201)
    weights = np.exp(-(deviations**2) / 2)
    factor = 1 + SIGMA * deviations[:, None]
    high, low = (((targets + sign * TOLERANCE) / factor - targets) / ALPHA for sign in (1, -1))
    return 1 - NORMAL(high) + NORMAL(low), weights / weights.sum()


@pytest.mark.parametrize(("shared", "within"), [("row", 0.06), ("column", 0.12), ("die", 0.06)])
def test_pulses_of_cells_that_vary_together(shared, within):
    """Those of one arbitrary die and four columns counted: 1.7 pulses where dies take 6.6 on average."""
    layer, design = written(**{f"cell.variation.{shared}": SIGMA})
    chances, weights = missing(layer, design)
    expected = weights @ (chances[..., None] ** np.arange(PULSES)).sum(-1).mean(1)
    assert expected > 5
    assert Writing.of(layer, design, Library.load("sonos-40nm"), copies=1).pulses == pytest.approx(expected, rel=within)


@pytest.mark.parametrize("shared", ["row", "die"])
def test_cells_that_vary_together_miss_together(shared):
    """Cells written at the same time were taken to miss independently, and to wait twice as long for the last one."""
    layer, design = written(**{f"cell.variation.{shared}": SIGMA})
    chances, weights = missing(layer, design)
    shares = (chances[..., None] ** np.arange(1, PULSES)).mean(1)
    expected = 1 + weights @ (1 - (1 - shares) ** 40).sum(-1)
    independent = 1 + (1 - (1 - weights @ shares) ** 40).sum()
    assert expected < 0.8 * independent
    assert Writing.of(layer, design, Library.load("sonos-40nm"), copies=1).steps(40) == pytest.approx(
        expected, rel=0.06
    )


def test_cells_that_are_written_once_are_not_programmed_to_count_their_pulses():
    assert shares_with_more_pulses(None, Design.load("differential")) == ((),)


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (3, 1), (1, 5), (9, 700), (700, 9)])
def test_layers_of_any_size(rows, columns):
    layer, design = written(rows, columns, **{"cell.variation.row": 0.02})
    shares = np.array(shares_with_more_pulses(layer, design))
    assert ((shares >= 0) & (shares <= 1)).all()
    assert (np.diff(shares, axis=1) <= 0).all()
