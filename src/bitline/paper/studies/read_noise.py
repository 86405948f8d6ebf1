"""Section 6.2: read noise against programming error of the same size, where inputs are applied bit by bit."""

from __future__ import annotations

from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.studies.cell_errors import ALPHA, error
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import measured

SIGMAS = (0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05)
"""Standard deviations over G_max."""
NOISE = "cell.read_noise.alpha"


def run(experiment: Experiment) -> Findings:
    """Measure and judge: unsliced offset cells, state-independent, no ADC."""
    base = {"weights.kind": "offset", "weights.bits_per_cell": "unsliced", "inputs.slice_bits": 1}
    programming = experiment.measure(
        "programming error",
        [{"setting": ALPHA, "values": [2 * one for one in SIGMAS]}],
        {**base, **error("state-independent", 0.0)},
    )
    reading = experiment.measure(
        "read noise",
        [{"setting": NOISE, "values": list(SIGMAS)}],
        {**base, "cell.read_noise.kind": "state-independent", NOISE: 0.0},
    )
    errors, chips = programming.curves(programming.result.designs, ALPHA)
    _, noisy = reading.curves(reading.result.designs, NOISE)
    gains = [
        100 * sum(b - a for a, b in zip(programmed, read, strict=True)) / len(SIGMAS)
        for programmed, read in zip(chips, noisy, strict=True)
    ]
    verdicts = (
        measured("Read noise hurts less than programming error of the same size (claim 28).",
                 "accuracy with read noise less that with programming error in points, mean over sizes, by chip",
                 gains),
    )  # fmt: skip
    first = Line.of("programming error", programming.result.designs, ALPHA)
    lines = (
        Line(first.label, tuple(one / 2 for one in errors), first.y, first.error),
        Line.of("read noise", reading.result.designs, NOISE),
    )
    panel = Panel("offset 8b, state-independent", lines, "standard deviation / G_max", x_scale="log")
    table = reading.frame.drop(columns=["key"]).assign(kind="read noise")
    failures = (*programming.failures, *reading.failures)
    return Findings(table, Drawing((panel,), experiment.caption), verdicts, failures)


STUDY = PaperStudy("read-noise", "Section 6.2", "read noise against programming error of the same size", run)
