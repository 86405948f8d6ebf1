"""Fig. 3 and Eqs. 4, 9 and 10: errors of cells add up along a line, and averaging over slices gains some of it back."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from bitline.design import Design, reference
from bitline.layer.matrix import AnalogCore
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Verdict, measured

ROWS = (64, 128, 256, 512, 1024)
OUTPUTS, SAMPLES, CHIPS = 256, 64, 8
EQUATION = {8: 1.0, 4: 17 / math.sqrt(257), 2: 85 / math.sqrt(4369), 1: 255 / math.sqrt((4**8 - 1) / 3)}
"""Gain over unsliced weights by bits per cell: Xiao et al. 2022, Eqs. 9 and 10."""


def run(experiment: Experiment) -> Findings:
    """Put random matrices on offset cells with state-independent error and look at what comes out."""
    generator = torch.Generator().manual_seed(experiment.seed)
    rows = []
    for height in ROWS:
        rows += [
            {"rows": height, "bits_per_cell": 8, "chip": chip, "sigma": one}
            for chip, one in enumerate(_errors(height, 8, generator))
        ]
    for bits in (4, 2, 1):
        rows += [
            {"rows": ROWS[-1], "bits_per_cell": bits, "chip": chip, "sigma": one}
            for chip, one in enumerate(_errors(ROWS[-1], bits, generator))
        ]
    table = pd.DataFrame(rows)
    by = table.groupby(["bits_per_cell", "rows"])["sigma"].apply(np.asarray)
    growth = np.log2(by[8, ROWS[-1]] / by[8, ROWS[0]]) / math.log2(ROWS[-1] / ROWS[0])
    verdicts: list[Verdict] = [
        measured("The error of a line grows with the square root of its rows (Eq. 4).",
                 "0.05 less the distance of the exponent from a half, by chip",
                 [0.05 - abs(one - 0.5) for one in growth])
    ]  # fmt: skip
    for bits in (4, 2, 1):
        gains = by[8, ROWS[-1]].mean() / by[bits, ROWS[-1]]
        verdicts.append(
            measured(f"{8 // bits} slices of {bits} bits gain {EQUATION[bits]:.3f} (claim 2).",
                     "0.05 less the relative distance of the gain from this, by chip",
                     [0.05 - abs(one / EQUATION[bits] - 1) for one in gains])
        )  # fmt: skip
    means = {key: float(value.mean()) for key, value in by.items()}
    heights = tuple(map(float, ROWS))
    zeros = (0.0,) * len(ROWS)
    first = means[8, ROWS[0]]
    law = tuple(first * math.sqrt(one / ROWS[0]) for one in ROWS)
    widths = (8.0, 4.0, 2.0, 1.0)
    gained = tuple(means[8, ROWS[-1]] / means[int(one), ROWS[-1]] for one in widths)
    panels = [
        Panel("accumulation", (Line("cores", heights, tuple(means[8, one] for one in ROWS), zeros),
                               Line("square root", heights, law, zeros)), "rows", "output error", "log", "log"),
        Panel("gain of slicing", (Line("cores", widths, gained,
                                       (0.0,) * 4),
                                  Line("Eqs. 9, 10", widths, tuple(EQUATION[int(one)] for one in widths), (0.0,) * 4)),
              "bits per cell", "signal to error, times unsliced"),
    ]  # fmt: skip
    caption = f"random matrices, {OUTPUTS} outputs, {CHIPS} chips, alpha = 2 %, no ADC, no clipping of conductances"
    return Findings(table, Drawing(tuple(panels), caption), tuple(verdicts))


def _errors(rows: int, bits: int, generator: torch.Generator) -> list[float]:
    """Standard deviation of the outputs' error on each chip."""
    matrix = torch.rand(OUTPUTS, rows, generator=generator) * 2 - 1
    inputs = torch.rand(rows, SAMPLES, generator=generator)
    design = Design.load("ideal").with_settings(
        {
            "weights.kind": "offset",
            "weights.bits_per_cell": "unsliced" if bits == 8 else bits,
            "cell.device": {"kind": "state-independent", "alpha": 0.02},
            "cell.clip": "none",
            "array.rows": rows,
        }
    )
    exact = AnalogCore(matrix, reference(design), calibration=inputs) @ inputs

    def error(chip: int) -> float:
        found: Tensor = AnalogCore(matrix, design, calibration=inputs, chip=chip) @ inputs
        return float((found - exact).std())

    return [error(chip) for chip in range(CHIPS)]


STUDY = PaperStudy("slicing-gain", "Fig. 3, Eqs. 4, 9, 10", "accumulation of cell errors and the gain of slicing", run)
