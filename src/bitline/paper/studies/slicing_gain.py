"""Fig. 3 and Eqs. 4, 9 and 10: errors of cells add up along a line, and averaging over slices gains some of it back."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from bitline.design import Design, reference
from bitline.layer.core import AnalogCore
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Claim, Verdict

ROWS = (64, 128, 256, 512, 1024)
OUTPUTS, SAMPLES, CHIPS = 256, 64, 8
EQUATION = {8: 1.0, 4: 17 / math.sqrt(257), 2: 85 / math.sqrt(4369), 1: 255 / math.sqrt((4**8 - 1) / 3)}
"""Gain over unsliced weights by bits per cell: Xiao et al. 2022, Eqs. 9 and 10."""


def run(experiment: Experiment) -> Findings:
    """Put random matrices on offset cells with state-independent error and look at what comes out."""
    generator = torch.Generator().manual_seed(experiment.seed)
    points = [(rows, 8) for rows in ROWS] + [(ROWS[-1], bits) for bits in (4, 2, 1)]
    table = pd.DataFrame(
        [
            {"rows": rows, "bits_per_cell": bits, "chip": chip, "sigma": sigma}
            for rows, bits in points
            for chip, sigma in enumerate(_errors(rows, bits, generator))
        ]
    )
    sigmas = table.groupby(["bits_per_cell", "rows"])["sigma"].apply(np.asarray)
    means = {point: float(of_chips.mean()) for point, of_chips in sigmas.items()}
    law = [means[8, ROWS[0]] * math.sqrt(rows / ROWS[0]) for rows in ROWS]
    cores = Line.exact("cores", ROWS, [means[8, rows] for rows in ROWS])
    gained = [means[8, ROWS[-1]] / means[bits, ROWS[-1]] for bits in EQUATION]
    gain = (Line.exact("cores", EQUATION, gained), Line.exact("Eqs. 9, 10", EQUATION, EQUATION.values()))
    panels = (
        Panel("accumulation", (cores, Line.exact("square root", ROWS, law)), "rows", "output error", "log", "log"),
        Panel("gain of slicing", gain, "bits per cell", "signal to error, times unsliced"),
    )
    caption = f"random matrices, {OUTPUTS} outputs, {CHIPS} chips, alpha = 2 %, no ADC, no clipping of conductances"
    return Findings(table, Drawing(panels, caption), _verdicts(sigmas))


def _verdicts(sigmas: pd.Series) -> tuple[Verdict, ...]:
    """Verdicts on the errors of all chips, by bits per cell and rows."""
    exponents = np.log2(sigmas[8, ROWS[-1]] / sigmas[8, ROWS[0]]) / math.log2(ROWS[-1] / ROWS[0])
    verdicts = [
        Claim("The error of a line grows with the square root of its rows (Eq. 4).").sampled(
            "distance of the exponent from a half, by chip", np.abs(exponents - 0.5), "<", 0.05
        )
    ]
    for bits in (4, 2, 1):
        gains = sigmas[8, ROWS[-1]].mean() / sigmas[bits, ROWS[-1]]
        claim = Claim(
            f"{8 // bits} slices of {bits} bits gain {EQUATION[bits]:.3f} (claim 2).", published="0 (Eqs. 9, 10)"
        )
        distances = np.abs(gains / EQUATION[bits] - 1)
        verdicts.append(claim.sampled("relative distance of the gain from this, by chip", distances, "<", 0.05))
    return tuple(verdicts)


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
