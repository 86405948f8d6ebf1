"""Figs. 6 and 12: several tasks and networks under programming errors, unsliced differential cells, no ADC."""

from __future__ import annotations

from itertools import pairwise, product
from statistics import fmean

import pandas as pd

from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.measurements import Measurements, ratio
from bitline.paper.studies.cell_errors import ALPHA, INDEPENDENT, PROPORTIONAL, measure
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Claim, Verdict

SINGLE = "Only one network was given: name others in a file (--networks) to compare them."


def tasks(experiment: Experiment) -> Findings:
    """Fig. 6: the harder a task, the fewer errors its networks tolerate. Harder means less accurate without errors."""
    data = _measure(experiment, "state-independent")
    of_task: dict[str, list[str]] = {}
    for network in experiment.each():
        of_task.setdefault(network.source, []).append(network.model)
    order = sorted(of_task, key=lambda task: fmean(data[model].baseline.value for model in of_task[task]))
    verdicts = tuple(
        _compare(f"{hard} is a harder task than {easy}", data, better, worse)
        for hard, easy in pairwise(order)
        for better, worse in product(of_task[easy], of_task[hard])
    )
    return _findings(experiment, {"state-independent": data}, verdicts)


def networks(experiment: Experiment) -> Findings:
    """Fig. 12: every network tolerates far more state-proportional than state-independent error."""
    every = {kind: _measure(experiment, kind) for kind in ("state-independent", "state-proportional")}
    verdicts = []
    for name in every["state-independent"]:
        independent, proportional = (data[name].tolerance(ALPHA) for data in every.values())
        claim = Claim(f"{name} tolerates far more state-proportional than state-independent error (claim 10).")
        times = ratio(proportional, independent, PROPORTIONAL[-1])
        verdicts.append(claim.ratio("ratio of tolerated alphas (2 points of loss)", times, ">", 3))
    return _findings(experiment, every, tuple(verdicts))


def _measure(experiment: Experiment, kind: str) -> dict[str, Measurements]:
    """Accuracy of every network over one kind of error."""
    return {network.model: measure(network, kind, ["differential 7b"]) for network in experiment.each()}


def _compare(tasks_differ: str, data: dict[str, Measurements], better: str, worse: str) -> Verdict:
    tolerated, reference = (data[name].tolerance(ALPHA) for name in (better, worse))
    quantity = f"ratio of tolerated errors (2 points of loss), {better} over {worse}"
    claim = Claim(f"{better} tolerates more error than {worse}: {tasks_differ} (claim 11).")
    return claim.ratio(quantity, ratio(tolerated, reference, INDEPENDENT[-1]), ">", 1)


def _findings(
    experiment: Experiment, every: dict[str, dict[str, Measurements]], verdicts: tuple[Verdict, ...]
) -> Findings:
    """A panel for each kind of error, with a line for each network."""
    panels, tables = [], []
    for kind, data in every.items():
        lines = tuple(Line.of(name, curve.result.designs, ALPHA) for name, curve in data.items())
        panels.append(Panel(kind, lines, f"{kind} error alpha", x_scale="log"))
        tables += [curve.table.assign(network=name, error=kind) for name, curve in data.items()]
    first = every["state-independent"]
    remarks = [SINGLE] if len(first) == 1 else []
    remarks += [text for curve in first.values() for text in curve.failures]
    drawing = Drawing(tuple(panels), experiment.caption)
    return Findings(pd.concat(tables, ignore_index=True), drawing, verdicts, tuple(remarks))


STUDIES = (
    PaperStudy("tasks", "Fig. 6", "tasks of different difficulty under state-independent error", tasks),
    PaperStudy("networks", "Fig. 12", "several networks under both kinds of error", networks),
)
