"""Fig. 22: the SONOS cell: currents of cells programmed to the same target, their spread, 128 levels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from bitline.design import Design
from bitline.devices.sonos_xiao_2022 import SonosXiao2022
from bitline.numerics.draws import Draws
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Claim, Verdict

CELLS = 4096
"""For each target; the paper measured 64."""
TARGETS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""G / G_max."""
LEVELS = 128
BIN_NA = 10.0


def run(experiment: Experiment) -> Findings:
    """Program many cells to each target and compare their spread with the published fit."""
    device = Design.load("sonos-a").cell.device
    assert isinstance(device, SonosXiao2022)
    targets = torch.tensor(TARGETS)
    programmed = device.program(targets[:, None].expand(-1, CELLS), Draws((experiment.seed, "cells")))
    currents = device.I_max_nA * programmed.double()
    table = pd.DataFrame(
        {
            "target_nA": device.I_max_nA * np.array(TARGETS),
            "mean_nA": currents.mean(1).numpy(),
            "std_nA": currents.std(1).numpy(),
            "fit_nA": device.sigma(device.I_max_nA * targets.double()).numpy(),
        }
    )
    levels = _levels(device)
    panels = (_histograms(currents, device), _spread(table, levels), _all_levels(levels))
    drawing = Drawing(panels, f"{CELLS} cells for each target, seed {experiment.seed}")
    return Findings(table, drawing, _verdicts(device, table, levels))


def _levels(device: SonosXiao2022) -> pd.DataFrame:
    """Current and standard deviation of all levels of a 7-bit cell, by the fit."""
    current = device.I_max_nA * (torch.arange(LEVELS, dtype=torch.float64) / (LEVELS - 1))
    return pd.DataFrame({"current_nA": current.numpy(), "sigma_nA": device.sigma(current).numpy()})


def _histograms(currents: Tensor, device: SonosXiao2022) -> Panel:
    edges = np.arange(0, 1.2 * device.I_max_nA, BIN_NA)
    lines = []
    for target, cells in list(zip(TARGETS, currents, strict=True))[1::2]:
        counts, _ = np.histogram(cells.numpy(), edges)
        lines.append(Line.exact(f"{device.I_max_nA * target / 1000:.2f} µA", edges[:-1] + BIN_NA / 2, counts))
    return Panel("(a) programmed cells", tuple(lines), "current (nA)", f"cells in {BIN_NA:g} nA")


def _spread(table: pd.DataFrame, levels: pd.DataFrame) -> Panel:
    cells = Line.exact("cells", table["target_nA"], table["std_nA"])
    fit = Line.exact("published fit", levels["current_nA"], levels["sigma_nA"])
    return Panel("(b) spread", (cells, fit), "target (nA)", "standard deviation (nA)")


def _all_levels(levels: pd.DataFrame) -> Panel:
    bars = tuple(2 * levels["sigma_nA"])
    line = Line("level, ± 2 sigma", tuple(map(float, levels.index)), tuple(levels["current_nA"]), bars)
    return Panel("(c) 128 levels", (line,), "level", "current (nA)")


def _verdicts(device: SonosXiao2022, table: pd.DataFrame, levels: pd.DataFrame) -> tuple[Verdict, ...]:
    largest = device.I_max_nA
    low = largest * torch.tensor([0.1, 0.2, 0.3], dtype=torch.float64)
    half = torch.tensor([largest / 2], dtype=torch.float64)
    alphas, alpha = (device.sigma(current) / current for current in (low, half))
    difference = (table["std_nA"] / table["fit_nA"] - 1).abs().max()
    spread = levels["sigma_nA"].max() / (largest / (LEVELS - 1))
    proportional = "Below 0.5 uA the error is nearly proportional to the current, about 6 % (section 9.1)."
    overlap = "Neighbouring levels of a 7-bit cell overlap: it is no digital multi-level cell (Fig. 2)."
    return (
        Claim("Programmed cells spread as the published fit says.").computed(
            "largest relative difference of the standard deviation from the fit", difference, "<", 0.1
        ),
        Claim(proportional).computed(
            "largest distance of sigma / I from 6 %, 0.16 to 0.48 uA", (alphas - 0.06).abs().max().item(), "<", 0.015
        ),
        Claim(
            "At half of the largest current alpha of either kind is about 4 % (section 9.1).", published="about 4 %"
        ).computed("distance of sigma / I from 4 % at 0.8 uA", (alpha - 0.04).abs().item(), "<", 0.005),
        Claim(overlap).computed("largest standard deviation over the distance of neighbouring levels", spread, ">", 1),
    )


STUDY = PaperStudy("sonos-cell", "Fig. 22", "programmed currents of the SONOS cell, their spread, 128 levels", run)
