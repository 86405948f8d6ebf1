"""Cells have the errors that their device says, and the same ones every time."""

from __future__ import annotations

import pytest
import torch
from programmed import cells_of
from scipy import stats

from bitline.devices import Exact, StateIndependent, StateProportional
from bitline.numerics.draws import Draws

TARGET = torch.linspace(0, 1, 5).repeat_interleave(40_000)


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
@pytest.mark.parametrize(
    ("device", "sigma"),
    [
        (StateProportional(alpha=0.1), lambda g: 0.1 * g),
        (StateIndependent(alpha=0.1), lambda g: 0.1),
        (StateIndependent(alpha=0.1, reference="G_max/2"), lambda g: 0.05),
    ],
)
def test_standard_deviation_follows_the_published_law(device, sigma, distribution):
    device = device.model_copy(update={"distribution": distribution})
    programmed = device.program(TARGET, Draws((0, 1))).double()
    for state in TARGET.unique():
        errors = (programmed - TARGET)[state == TARGET]
        expected = sigma(float(state))
        assert float(errors.std()) == pytest.approx(expected, rel=0.02, abs=1e-9)
        assert abs(float(errors.mean())) <= 5 * expected / 200
        if expected:
            law = {
                "normal": stats.norm(0, expected),
                "uniform": stats.uniform(-expected * 3**0.5, 2 * expected * 3**0.5),
            }
            assert stats.kstest(errors.numpy(), law[distribution].cdf).pvalue > 1e-4


def test_clipping_is_a_choice_of_the_cell():
    codes = torch.zeros(1, 20_000, 1)
    error = {"cell.device": {"kind": "state-independent", "alpha": 0.1}, "cell.on_off_ratio": 10.0}
    lowest = {
        clip: float(cells_of({**error, "cell.clip": clip}, codes).conductance.min())
        for clip in ("zero", "window", "none")
    }
    assert lowest["none"] < 0
    assert lowest["zero"] == 0
    assert lowest["window"] == pytest.approx(0.1)


def test_draws_depend_on_their_key_only():
    shape = (3, 5)
    first = Draws((7, 0, "conv1")).normal(shape, "programming error")
    assert torch.equal(first, Draws((7, 0)).of("conv1").normal(shape, "programming error"))
    for other in ((8, 0, "conv1"), (7, 1, "conv1"), (7, 0, "conv2")):
        assert not torch.equal(first, Draws(other).normal(shape, "programming error"))
    assert not torch.equal(first, Draws((7, 0, "conv1")).normal(shape, "something else"))
    assert first[0, 0].item() == pytest.approx(Draws((7, 0, "conv1")).normal((1, 1), "programming error").item())


def test_exact_cells_are_exact():
    assert Exact().program(TARGET, Draws((0,))) is TARGET
