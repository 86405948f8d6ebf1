"""Fig. 19: a network trained for 4 bits against one that was quantised to 8 bits afterwards, and that without ADC."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment, Measurements
from bitline.paper.studies.cell_errors import ALPHA, INDEPENDENT, PROPORTIONAL, error, measure
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Verdict, log_ratio, measured, tolerance

TRAINED = {"fashion-resnet": "fashion-resnet-4bit", "cifar-resnet20": "cifar-resnet20-4bit"}
"""The network with 4-bit weights and activations that belongs to an 8-bit one (scripts/train_low_bit.py)."""
DESIGNS = {"8 bits": "differential", "4 bits, trained": "differential-4bit"}
WITHOUT_ADC = "8 bits, no ADC"


def settings(experiment: Experiment) -> dict[str, tuple[Experiment, str]]:
    """Experiment and base design of the 8-bit network and, where there is one, of its 4-bit relative."""
    eight, four = DESIGNS
    found = {eight: (experiment, DESIGNS[eight])}
    if experiment.model in TRAINED:
        found[four] = (replace(experiment, model=TRAINED[experiment.model], weights=None), DESIGNS[four])
    return found


def run(experiment: Experiment) -> Findings:
    """Measure and judge: unsliced differential cells, 1152 rows, calibrated 8-bit ADCs."""
    subjects = settings(experiment)
    alphas = {"state-independent": INDEPENDENT, "state-proportional": PROPORTIONAL}
    every = {
        kind: {
            **{name: _measure(one, base, kind, values) for name, (one, base) in subjects.items()},
            WITHOUT_ADC: measure(experiment, kind, values, ["differential 7b"]),
        }
        for kind, values in alphas.items()
    }
    eight, four = DESIGNS
    verdicts = (
        _judge("The 4-bit network tolerates much more state-independent error (claim 19).",
               every["state-independent"], four, eight, INDEPENDENT[-1], 1.5),
        _judge("The 4-bit network tolerates more state-proportional error (claim 19).",
               every["state-proportional"], four, eight, PROPORTIONAL[-1], 1.0),
        *(_judge(f"An 8-bit ADC hardly changes how much {kind} error the 8-bit network tolerates (claim 18).",
                 every[kind], eight, WITHOUT_ADC, values[-1], 0.8) for kind, values in alphas.items()),
    )  # fmt: skip
    panels = [
        Panel(kind, tuple(Line.of(name, one.result.designs, ALPHA) for name, one in data.items()),
              f"{kind} error alpha", x_scale="log")
        for kind, data in every.items()
    ]  # fmt: skip
    frames = [
        one.frame.drop(columns=["key"]).assign(network=name, error=kind)
        for kind, data in every.items()
        for name, one in data.items()
    ]
    failures = tuple(text for data in every.values() for one in data.values() for text in one.failures)
    baselines = ", ".join(f"{name}: {100 * every['state-independent'][name].baseline:.1f} %" for name in subjects)
    remarks = [f"Without errors: {baselines}. Each network's tolerance is measured from its own accuracy."]
    if len(subjects) < 2:
        remarks.append(f"There is no 4-bit relative of {experiment.model}: scripts/train_low_bit.py trains one.")
    return Findings(pd.concat(frames, ignore_index=True), Drawing(tuple(panels), experiment.caption), verdicts,
                   (*remarks, *failures))  # fmt: skip


def _measure(experiment: Experiment, base: str, kind: str, alphas: Sequence[float]) -> Measurements:
    return experiment.measure(
        f"{experiment.model}, {kind}, 8-bit ADC",
        [{"setting": ALPHA, "values": list(alphas)}],
        error(kind, alphas[0]),
        base=base,
    )


def _judge(claim: str, data: dict[str, Measurements], better: str, worse: str, largest: float, above: float) -> Verdict:
    found = []
    for one in (data[name] for name in (better, worse) if name in data):
        errors, chips = one.curves(one.result.designs, ALPHA)
        found.append([tolerance(errors, chip, one.baseline) for chip in chips])
    samples = [log_ratio(one, other, largest) for one, other in zip(*found, strict=True)] if len(found) == 2 else []
    statistic = (
        f"log of the ratio of tolerated errors (2 points of loss), {better} over {worse}, by chip; limit: {above:g}"
    )
    return measured(claim, statistic, samples, math.log(above))


STUDY = PaperStudy("four-bit", "Fig. 19", "4-bit trained against 8-bit quantised network under both errors", run)
