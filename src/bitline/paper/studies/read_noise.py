"""Section 6.2: read noise against programming error of the same size, where inputs are applied bit by bit."""

from __future__ import annotations

from operator import sub
from statistics import fmean

from bitline.paper.axes import over
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.measurements import Measurements
from bitline.paper.quantity import Quantity, combined
from bitline.paper.studies.cell_errors import ALPHA, error
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Claim

SIGMAS = (0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05)
"""Standard deviations over G_max."""
NOISE = "cell.read_noise.alpha"


def run(experiment: Experiment) -> Findings:
    """Measure unsliced offset cells with either error, state-independent, without ADC."""
    base = {"weights.kind": "offset", "weights.bits_per_cell": "unsliced", "inputs.slice_bits": 1}
    alphas = over(ALPHA, [2 * sigma for sigma in SIGMAS])
    noise = {"cell.read_noise.kind": "state-independent", NOISE: 0.0}
    programming = experiment.measure("programming error", [alphas], {**base, **error("state-independent", 0.0)})
    reading = experiment.measure("read noise", [over(NOISE, SIGMAS)], {**base, **noise})
    sigmas = [design.settings[ALPHA] / 2 for design in programming.designs()]
    lines = (
        Line.with_bars("programming error", sigmas, programming.designs()),
        Line.of("read noise", reading.designs(), NOISE),
    )
    panel = Panel("offset 8b, state-independent", lines, "standard deviation / G_max", x_scale="log")
    claim = Claim("Read noise hurts less than programming error of the same size (claim 28).")
    quantity = "accuracy with read noise less that with programming error in points, mean over sizes"
    verdict = claim.measured(quantity, _mean_gain(programming, reading), ">", 0)
    failures = (*programming.failures, *reading.failures)
    table = reading.table.assign(kind="read noise")
    return Findings(table, Drawing((panel,), experiment.caption), (verdict,), failures)


def _mean_gain(programming: Measurements, reading: Measurements) -> Quantity:
    """Accuracy with read noise less that with programming error in points, mean over sizes."""
    read, programmed = (
        combined(lambda *accuracies: 100 * fmean(accuracies), *map(data.accuracy, data.designs()))
        for data in (reading, programming)
    )
    return combined(sub, read, programmed)


STUDY = PaperStudy("read-noise", "Section 6.2", "read noise against programming error of the same size", run)
