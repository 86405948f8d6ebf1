"""Fig. 22: the SONOS cell: currents of cells programmed to the same target, their spread, 128 levels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from bitline.design import Design
from bitline.devices.sonos_xiao_2022 import SonosXiao2022
from bitline.numerics.draws import Draws
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import computed

CELLS = 4096
"""For each target; the paper measured 64."""
TARGETS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def run(experiment: Experiment) -> Findings:
    """Program many cells to each target and compare their spread with the published fit."""
    cell = Design.load("sonos-a").cell
    device = cell.device
    assert isinstance(device, SonosXiao2022)
    largest = device.I_max_nA
    targets = torch.tensor(TARGETS)
    programmed = device.program(targets[:, None].expand(-1, CELLS), Draws((experiment.seed, "cells")))
    currents = largest * programmed.double()
    spread, fit = currents.std(1).numpy(), device.sigma(largest * targets.double()).numpy()
    error = float(np.abs(spread / fit - 1).max())
    states = torch.arange(128, dtype=torch.float64) / 127
    level = device.sigma(largest * states).numpy()
    half = float(device.sigma(torch.tensor([largest / 2], dtype=torch.float64)))
    low = largest * torch.tensor([0.1, 0.2, 0.3], dtype=torch.float64)
    alphas = (device.sigma(low) / low).numpy()
    step = largest / 127
    verdicts = (
        computed("Programmed cells spread as the published fit says.",
                 "0.1 less the largest relative difference of the standard deviation from the fit", 0.1 - error),
        computed("Below 0.5 uA the error is nearly proportional to the current, about 6 % (section 9.1).",
                 "0.015 less the largest distance of sigma / I from 6 %, 0.16 to 0.48 uA",
                 0.015 - float(np.abs(alphas - 0.06).max())),
        computed("At half of the largest current alpha of either kind is about 4 % (section 9.1).",
                 "0.005 less the distance of sigma / I from 4 % at 0.8 uA", 0.005 - abs(half / (largest / 2) - 0.04)),
        computed("Neighbouring levels of a 7-bit cell overlap: it is no digital multi-level cell (Fig. 2).",
                 "largest standard deviation over the distance of neighbouring levels", float(level.max()) / step,
                 above=1.0),
    )  # fmt: skip
    edges = np.arange(0, 1.2 * largest, 10.0)
    histograms = tuple(
        Line(f"{largest * target / 1000:.2f} µA", tuple(edges[:-1] + 5),
             tuple(np.histogram(row.numpy(), edges)[0].astype(float)), (0.0,) * (len(edges) - 1))
        for target, row in list(zip(TARGETS, currents, strict=True))[1::2]
    )  # fmt: skip
    fine = tuple(largest * states.numpy())
    panels = [
        Panel("(a) programmed cells", histograms, "current (nA)", "cells in 10 nA"),
        Panel("(b) spread", (Line("cells", tuple(largest * np.array(TARGETS)), tuple(spread), (0.0,) * len(TARGETS)),
                             Line("published fit", fine, tuple(level), (0.0,) * 128)),
              "target (nA)", "standard deviation (nA)"),
        Panel("(c) 128 levels", (Line("level, ± 2 sigma", tuple(map(float, range(128))), fine, tuple(2 * level)),),
              "level", "current (nA)"),
    ]  # fmt: skip
    table = pd.DataFrame({"target_nA": largest * np.array(TARGETS), "mean_nA": currents.mean(1).numpy(),
                          "std_nA": spread, "fit_nA": fit})  # fmt: skip
    return Findings(table, Drawing(tuple(panels), f"{CELLS} cells for each target, seed {experiment.seed}"), verdicts)


STUDY = PaperStudy("sonos-cell", "Fig. 22", "programmed currents of the SONOS cell, their spread, 128 levels", run)
