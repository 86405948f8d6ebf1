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
    "genov-2001": False,
    "memristive-boltzmann-machine": True,
    "isaac-8bit": True,
    "puma-8bit": True,
    "prime": False,
    "dot-product-engine": False,
    "sparse-reram-engine": True,
    "cascade": True,
    "timely": False,
    "forms": True,
    "marinella-2018": False,
    "joshi-2020": False,
    "yao-2020": False,
}
"""Whether Table 1 of Xiao et al. 2022 marks them with a full precision guarantee; rows with an ADC."""
REMARK = (
    "The presets have the published mapping, arrays and converters, the flipped columns of ISAAC and PUMA included; "
    "what each leaves out is in its description (bitline designs). By Eq. 2 the Memristive Boltzmann Machine lacks one "
    "level, that of all its 32 rows together, and FORMS a bit: eight rows of 2-bit cells give up to 24, for which its "
    "4 bits have every second level. Of TIMELY, Eq. 2 counts both cells of a weight and the rows of one array; arrays "
    "that it adds take more. What a guarantee is worth with real cells is measured in guaranteed-bits."
)

CAPTION = "published designs; an ADC of fewer bits than Eq. 2 asks for loses levels"


def run(experiment: Experiment) -> Findings:
    """Compare Eq. 2 with the table; no network is needed."""
    table = pd.DataFrame([_row(name) for name in GUARANTEED])
    wrong = int((table["guarantee"] != table["published_guarantee"]).sum())
    claim = Claim("Eq. 2 tells which accelerators of Table 1 guarantee full precision.")
    lines = (
        Line.exact("guarantee full precision (Eq. 2)", table.index, table["guaranteed_bits"]),
        Line.exact("of the ADC", table.index, table["ADC_bits"]),
    )
    panel = Panel("resolution of the ADC", lines, "", "bits", names=tuple(GUARANTEED))
    verdict = claim.computed("accelerators on which Eq. 2 and the table disagree", wrong, "<", 1)
    return Findings(table, Drawing((panel,), CAPTION), (verdict,), (REMARK,))


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
