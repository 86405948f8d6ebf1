"""Fig. 19: a network trained for 4 bits against one that was quantised to 8 bits afterwards, and that without ADC."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd

from bitline.paper.axes import over
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.measurements import Measurements, ratio
from bitline.paper.quantity import unknown
from bitline.paper.studies.cell_errors import ALPHA, ALPHAS, error, measure
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Claim, Verdict

TRAINED = {"fashion-resnet": "fashion-resnet-4bit", "cifar-resnet20": "cifar-resnet20-4bit"}
"""The network with 4-bit weights and activations that belongs to an 8-bit one (scripts/train_low_bit.py)."""
EIGHT, FOUR, WITHOUT_ADC = "8 bits", "4 bits, trained", "8 bits, no ADC"


def relatives(experiment: Experiment) -> dict[str, tuple[Experiment, str]]:
    """Experiment and base design of the 8-bit network and, if there is one, of its 4-bit relative."""
    found = {EIGHT: (experiment, "differential")}
    if experiment.model in TRAINED:
        found[FOUR] = (replace(experiment, model=TRAINED[experiment.model], weights=None), "differential-4bit")
    return found


def run(experiment: Experiment) -> Findings:
    """Measure unsliced differential cells, 1152 rows and calibrated 8-bit ADCs under both kinds of error."""
    every = {kind: _measure(experiment, kind) for kind in ALPHAS}
    panels = []
    for kind, data in every.items():
        lines = tuple(Line.of(name, curve.result.designs, ALPHA) for name, curve in data.items())
        panels.append(Panel(kind, lines, f"{kind} error alpha", x_scale="log"))
    curves = [(kind, name, curve) for kind, data in every.items() for name, curve in data.items()]
    tables = [curve.table.assign(network=name, error=kind) for kind, name, curve in curves]
    failures = [text for _, _, curve in curves for text in curve.failures]
    remarks = (*_remarks(experiment, every["state-independent"]), *failures)
    drawing = Drawing(tuple(panels), experiment.caption)
    return Findings(pd.concat(tables, ignore_index=True), drawing, _verdicts(every), remarks)


def _measure(experiment: Experiment, kind: str) -> dict[str, Measurements]:
    """Accuracy of every network over one kind of error."""
    found = {}
    for name, (network, base) in relatives(experiment).items():
        settings = error(kind, ALPHAS[kind][0])
        title = f"{network.model}, {kind}, 8-bit ADC"
        found[name] = network.measure(title, [over(ALPHA, ALPHAS[kind])], settings, base=base)
    return {**found, WITHOUT_ADC: measure(experiment, kind, ["differential 7b"])}


def _verdicts(every: dict[str, dict[str, Measurements]]) -> tuple[Verdict, ...]:
    """Those on the 4-bit relative where there is one, and those on the ADC."""
    much_more = "The 4-bit network tolerates much more state-independent error (claim 19)."
    more = "The 4-bit network tolerates more state-proportional error (claim 19)."
    adc = "An 8-bit ADC hardly changes how much {} error the 8-bit network tolerates (claim 18)."
    relative = (
        _tolerates(much_more, every, "state-independent", (FOUR, EIGHT), 1.5),
        _tolerates(more, every, "state-proportional", (FOUR, EIGHT), 1),
    )
    has_relative = any(FOUR in data for data in every.values())
    converted = (_tolerates(adc.format(kind), every, kind, (EIGHT, WITHOUT_ADC), 0.8) for kind in every)
    return (*(relative if has_relative else ()), *converted)


def _tolerates(
    claim: str, every: dict[str, dict[str, Measurements]], kind: str, names: tuple[str, str], times: float
) -> Verdict:
    """Whether the first of two networks tolerates more than a multiple of what the second does."""
    times_better = unknown()
    if all(name in every[kind] for name in names):
        tolerated, reference = (every[kind][name].tolerance(ALPHA) for name in names)
        times_better = ratio(tolerated, reference, ALPHAS[kind][-1])
    quantity = f"ratio of tolerated errors (2 points of loss), {names[0]} over {names[1]}"
    return Claim(claim).ratio(quantity, times_better, ">", times)


def _remarks(experiment: Experiment, data: dict[str, Measurements]) -> list[str]:
    known = {name: data[name].baseline.value for name in (EIGHT, FOUR) if name in data}
    baselines = ", ".join(f"{name}: {100 * value:.1f} %" for name, value in known.items() if not math.isnan(value))
    remarks = [f"Without errors: {baselines or 'unknown'}. Each network's tolerance is measured from its own accuracy."]
    if FOUR not in data:
        remarks.append(f"There is no 4-bit relative of {experiment.model}: scripts/train_low_bit.py trains one.")
    return remarks


STUDY = PaperStudy("four-bit", "Fig. 19", "4-bit trained against 8-bit quantised network under both errors", run)
