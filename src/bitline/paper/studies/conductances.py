"""Fig. 7: mean conductance of every weight slice, by mapping. Why proportional mapping helps."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bitline.cost import Statistics
from bitline.design import Design
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.mappings import DIFFERENTIAL, MAPPINGS, OFFSET
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Claim, Verdict


def run(experiment: Experiment) -> Findings:
    """Average G / G_max of all cells of each slice over the network, for an infinite on/off ratio."""
    rows = [
        {"mapping": name, "slice": index, "conductance": mean}
        for name in (*DIFFERENTIAL, *OFFSET)
        for index, mean in enumerate(_means(experiment.statistics, name))
    ]
    table = pd.DataFrame(rows)
    lines = tuple(
        Line.exact(str(name), part["slice"], part["conductance"]) for name, part in table.groupby("mapping", sort=False)
    )
    panel = Panel("mean conductance", lines, "slice (0: least significant)", "G / G_max", y_scale="log")
    return Findings(table, Drawing((panel,), "all cells of the network, weighted by size"), _verdicts(table))


def _means(statistics: Statistics, name: str) -> np.ndarray:
    """Mean conductance of the cells of every slice."""
    mapping = Design().with_settings(MAPPINGS[name].settings).weights
    totals, cells = np.zeros(mapping.slices), 0.0
    for layer in statistics.layers:
        means, count = statistics.mean_digits(layer, mapping)
        totals += means * count
        cells += count
    return totals / cells


def _verdicts(table: pd.DataFrame) -> tuple[Verdict, ...]:
    means = table.set_index(["mapping", "slice"])["conductance"]
    offset, differential = means["offset 8b", 0], means["differential 7b", 0]
    lowest, highest = means["differential 2b", 0], max(means["differential 2b", 3], 1e-12)
    unsliced = "Unsliced differential cells conduct far less than offset cells (an order of magnitude or more)."
    sliced = "In sliced differential weights the highest slice conducts over ten times less than the lowest."
    offsets = table[table["mapping"].str.startswith("offset")]["conductance"]
    return (
        Claim(unsliced).computed(
            "ratio of mean conductances, offset 8b over differential 7b", offset / differential, ">", 10
        ),
        Claim(sliced).computed(
            "ratio of mean conductances, lowest over highest of four 2-bit slices", lowest / highest, ">", 10
        ),
        Claim("Offset cells conduct about half of G_max in every slice.", published="about 0.5").computed(
            "largest distance of a slice's mean from 0.5", (offsets - 0.5).abs().max(), "<", 0.1
        ),
    )


STUDY = PaperStudy("conductances", "Fig. 7", "mean conductance of every slice by mapping", run)
