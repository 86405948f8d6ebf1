"""Table 1: prior accelerators, and whether their ADCs guarantee full precision."""

from __future__ import annotations

import math

import pandas as pd

from bitline.design import Design
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Claim

GUARANTEED = {
    "isaac": True,
    "puma": True,
    "sparse-reram-engine": True,
    "prime": False,
    "dot-product-engine": False,
    "marinella-2018": False,
    "joshi-2020": False,
    "yao-2020": False,
}
"""Whether Table 1 of Xiao et al. 2022 marks them with a full precision guarantee; those of its rows with a preset."""
REMARK = (
    "The presets have the published mapping, arrays and converters; ISAAC and PUMA spend a ninth ADC bit where the "
    "originals flip columns. Accelerators of Table 1 whose encoding bitline does not model are left out. What a "
    "guarantee is worth with real cells is measured in guaranteed-bits."
)


def run(experiment: Experiment) -> Findings:
    """Compare Eq. 2 with the table; no network is needed."""
    table = pd.DataFrame([_row(name) for name in GUARANTEED])
    wrong = int((table["guarantee"] != table["published_guarantee"]).sum())
    claim = Claim("Eq. 2 tells which accelerators of Table 1 guarantee full precision.")
    lines = (
        Line.exact("guarantee full precision (Eq. 2)", table.index, table["guaranteed_bits"]),
        Line.exact("of the ADC", table.index, table["ADC_bits"]),
    )
    names = ", ".join(f"{index} {name}" for index, name in enumerate(GUARANTEED))
    panel = Panel("bits", lines, "accelerator", "bits")
    verdict = claim.computed("accelerators on which Eq. 2 and the table disagree", wrong, "<", 1)
    return Findings(table, Drawing((panel,), names), (verdict,), (REMARK,))


def _row(name: str) -> dict[str, object]:
    design = Design.load(name)
    needed = design.full_precision_bits
    return {
        "accelerator": name,
        "mapping": design.weights.kind,
        "bits_per_cell": design.weights.cell_bits,
        "rows": design.array.rows,
        "ADC_bits": design.adc.bits,
        "guaranteed_bits": needed,
        "guarantee": design.adc.bits >= math.ceil(needed),
        "published_guarantee": GUARANTEED[name],
    }


STUDY = PaperStudy("prior-accelerators", "Table 1", "prior accelerators and their full precision guarantee", run)
