"""Fig. 7: mean conductance of every weight slice, by mapping. Why proportional mapping helps."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bitline.design import Design
from bitline.paper import mappings
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import computed

SHOWN = (
    "differential 7b", "differential 4b", "differential 2b", "differential 1b",
    "offset 8b", "offset 4b", "offset 2b", "offset 1b",
)  # fmt: skip


def run(experiment: Experiment) -> Findings:
    """Mean G / G_max of all cells of each slice over the network, infinite on/off ratio."""
    weights = experiment.statistics
    rows = []
    for name in SHOWN:
        mapping = Design().with_settings(dict(zip(mappings.NAMES, mappings.MAPPINGS[name], strict=True))).weights
        totals, cells = np.zeros(mapping.slices), 0.0
        for layer in weights.layers:
            means, count = weights.mean_digits(layer, mapping)
            totals += means * count
            cells += count
        rows += [{"mapping": name, "slice": index, "conductance": one} for index, one in enumerate(totals / cells)]
    table = pd.DataFrame(rows)
    lines = tuple(
        Line(str(name), tuple(part["slice"]), tuple(part["conductance"]), (0.0,) * len(part))
        for name, part in table.groupby("mapping", sort=False)
    )
    means = table.set_index(["mapping", "slice"])["conductance"]
    unsliced = float(means["differential 7b", 0])
    top = float(means["differential 2b", 3])
    offsets = table[table["mapping"].str.startswith("offset")]["conductance"]
    verdicts = (
        computed(
            "Unsliced differential cells conduct far less than offset cells (an order of magnitude or more).",
            "log10 of the ratio of mean conductances, offset 8b over differential 7b",
            float(np.log10(means["offset 8b", 0] / unsliced)),
            above=1.0,
        ),
        computed(
            "In sliced differential weights the highest slice conducts over ten times less than the lowest.",
            "log10 of the ratio of the lowest to the highest of four 2-bit slices",
            float(np.log10(means["differential 2b", 0] / max(top, 1e-12))),
            above=1.0,
        ),
        computed(
            "Offset cells conduct about half of G_max in every slice.",
            "0.1 less the largest distance of a slice's mean from 0.5",
            float(0.1 - (offsets - 0.5).abs().max()),
        ),
    )
    panel = Panel("mean conductance", lines, "slice (0: least significant)", "G / G_max", y_scale="log")
    return Findings(table, Drawing((panel,), "all cells of the network, weighted by size"), verdicts)


STUDY = PaperStudy("conductances", "Fig. 7", "mean conductance of every slice by mapping", run)
