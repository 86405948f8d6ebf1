"""Kinds of faults found in memory devices and in their figures."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.patches import Polygon
from programmed import cells_of

from bitline import Design
from bitline.errors import DesignError
from bitline.numerics.draws import Draws
from bitline.report.figures.device import device_figure

HOUR, DAY = 3600.0, 86400.0


def held(codes: torch.Tensor, **cell):
    return cells_of({"cell": cell}, codes)


# -- relations of the conductance just after programming, evaluated at the drifted one (bitline, phase-change memory)


@pytest.mark.parametrize(("time", "sigma_uS"), [(20.0, 0.726), (HOUR, 0.642), (DAY, 0.588)])
def test_phase_change_memory_keeps_the_noise_of_the_state_it_was_programmed_to(time, sigma_uS):
    """A cell of 12.7 uS: sigma = G(t) Q(G_p) sqrt(ln(t / 2 t_read)), root mean square over cells (ICECS 2019)."""
    device = {"kind": "pcm-nandakumar-2019", "G_max_uS": 12.7, "sigma_uS": [0.0], "noise_renewed": "read"}
    cells = held(torch.full((1, 20_000, 1), 127.0), device=device, time=time, on_off_ratio=math.inf)
    assert float(cells.noise[0].square().mean().sqrt()) * 12.7 == pytest.approx(sigma_uS, abs=1e-3)


def test_drift_exponents_belong_to_the_target():
    """Programming errors do not change the statistics of the exponent (bitline: they were taken of the outcome)."""
    target, seconds = torch.full((20_000,), 0.1), 2000.0
    ratios = []
    for sigma in (0.0, 0.5):
        device = (
            Design().with_settings({"cell.device": {"kind": "pcm-nandakumar-2019", "sigma_uS": [sigma]}}).cell.device
        )
        programmed = device.program(target, Draws((1,)))
        ratios.append((device.aged(programmed, target, seconds, Draws((1,))) / programmed).log().double())
    torch.testing.assert_close(*ratios, rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", ["sonos-xiao-2022", "sonos-agrawal-2022"])
def test_the_spread_at_a_time_is_that_of_the_mean_current_of_the_time(kind):
    """sigma(I) at the drifted mean, as in the authors' simulator (bitline: it was evaluated at the target)."""
    device = Design().with_settings({"cell.device": kind}).cell.device
    target, draws = torch.full((40_000,), 20 / device.largest), Draws((1,))
    cells = device.aged(device.program(target, draws), target, 5 * DAY, draws).double() * device.largest
    height, scale = (53.4358, 1 / 0.00217328) if kind == "sonos-xiao-2022" else (34.57909, 207.34309)
    drifted = float(cells.mean())
    assert drifted > 21.5
    assert float(cells.std()) == pytest.approx(height * (1 - math.exp(-drifted / scale)), rel=0.02)


# -- stuck cells, left out of what is measured of all cells (bitline, drift compensation and read noise)


def test_stuck_cells_are_part_of_the_current_that_compensates_drift():
    """They do not drift, so columns with many of them are scaled up less."""
    codes = torch.full((1, 400, 50), 100.0)
    settings = {"device": "pcm-joshi-2020", "time": DAY, "drift_compensation": "column"}
    faults = {"stuck_high": 0.3}
    now = held(codes, **settings, faults=faults)
    then = held(codes, **{**settings, "time": 0.0}, faults=faults)
    restored = (now.conductance.sum((0, 1, 3)) * now.drift_gain).double()
    torch.testing.assert_close(restored, then.conductance.sum((0, 1, 3)).double(), rtol=1e-4, atol=0)
    assert float(now.drift_gain.mean()) < 0.95 * float(held(codes, **settings).drift_gain.mean())


def test_stuck_cells_have_the_noise_of_the_state_they_are_stuck_at():
    device = {"kind": "pcm-joshi-2020", "noise_renewed": "read"}
    cells = held(torch.full((1, 2000, 1), 20.0), device=device, time=DAY, faults={"stuck_high": 0.2})
    stuck = cells.conductance == 1
    expected = 0.0088 * math.sqrt(math.log((DAY + 250e-9) / 500e-9))
    assert int(stuck.sum()) > 100
    torch.testing.assert_close(cells.noise[stuck], torch.full_like(cells.noise[stuck], expected))


# -- devices without a window, computed in silence (bitline: reram-milo-2021 with G_max below its G_min of 50 uS)


@pytest.mark.parametrize("extrapolate", [False, True])
def test_a_window_upside_down_is_refused(extrapolate):
    device = {"kind": "reram-milo-2021", "G_max_uS": 40.0, "extrapolate": extrapolate}
    with pytest.raises(DesignError, match=r"G_max / G_min = 0\.8.*above G_min"):
        Design().with_settings({"cell.device": device})


# -- methods of a user's device that bitline cannot call (bitline: a traceback in the middle of a run)


def test_methods_with_other_arguments_are_refused_before_the_work(tmp_path, monkeypatch):
    (tmp_path / "oldlab.py").write_text(
        "from bitline.devices import Device\n"
        "class Noisy(Device):\n"
        "    def program(self, target, draws):\n"
        "        return target\n"
        "    def read_noise(self, conductance, seconds):\n"
        "        return 0.1 * conductance\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        DesignError, match=r"read_noise \(.*oldlab.py:5\) takes \(self, conductance, seconds\).*programmed"
    ):
        Design().with_settings({"cell.device": "oldlab:Noisy"})


# -- figures that draw data where there is none (bitline: measured cells moved to the states that are shown)


@pytest.mark.parametrize("kind", ["measurements-fit", "measurements-resampled"])
@pytest.mark.parametrize("largest", [None, 31.0])
def test_measured_cells_are_drawn_where_they_were_measured(tmp_path, kind, largest):
    targets, times = (3.0, 7.0, 11.0, 19.0, 23.0, 29.0, 53.0), (0.0, 10.0, DAY)
    rng = np.random.default_rng(2)
    rows = [(x, x * (1 + 0.05 * rng.standard_normal()), t) for x in targets for t in times for _ in range(30)]
    table = pd.DataFrame(rows, columns=["target", "measured", "time_s"])
    table.to_csv(tmp_path / "cells.csv", index=False)
    settings = {"kind": kind, "file": str(tmp_path / "cells.csv"), "unit": "uS", "largest_state": largest}
    device = Design().with_settings({"cell.device": {k: v for k, v in settings.items() if v}}).cell.device
    figure = device_figure(device, "cells")
    error, drift, cells = figure.axes
    groups = table[table.time_s == 0].groupby("target")["measured"]
    extents = {(round(group.min(), 9), round(group.max(), 9)) for _, group in groups}
    outlines = [patch.get_xy()[:, 0] for patch in cells.patches if isinstance(patch, Polygon) and not patch.fill]
    assert len(outlines) == 5
    assert {(round(x.min(), 9), round(x.max(), 9)) for x in outlines} <= extents
    means = table.groupby(["target", "time_s"])["measured"].mean()
    crosses = [line.get_ydata() for line in drift.lines if line.get_marker() == "x"]
    assert len(crosses) == 5
    assert all(np.isclose(means.to_numpy(), value).any() for values in crosses for value in values)
    labels = {float(text.get_text()) for text in drift.get_legend().get_texts()}
    assert labels <= set(targets)
    assert drift.get_xscale() == "symlog"
    for axes in (error, drift, cells):
        assert "µS" in axes.get_xlabel() + axes.get_ylabel()


def test_legends_cover_no_data(tmp_path):
    """They stand below their panels (bitline: over the drift of the middle state)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    for kind in ("pcm-joshi-2020", "sonos-xiao-2022", "reram-milo-2021"):
        figure = device_figure(Design().with_settings({"cell.device": kind}).cell.device, kind)
        FigureCanvasAgg(figure).draw()
        for axes in figure.axes:
            box = axes.get_legend().get_window_extent()
            assert not box.overlaps(axes.get_window_extent())
            assert not any(
                box.overlaps(other.get_legend().get_window_extent()) for other in figure.axes if other != axes
            )
