"""Section 8: the error that bit lines with resistance make, input bit by input bit."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional

from bitline.design import Design
from bitline.layer.matrix import AnalogCore
from bitline.nn import independent_copy
from bitline.nn.fold import fold_batch_norm
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import computed

BITS = 8
SEGMENT = 1e-5
"""R_p G_max, of the paper's 40 nm process (section 9.1)."""
SAMPLES = 32


def run(experiment: Experiment) -> Findings:
    """Apply each bit of real inputs alone, with and without wires; differential cells of 7 bits, lines of 1152 rows."""
    context = experiment.loaded.context
    design = Design.load("ideal").with_settings(
        {"array.rows": 1152, "inputs.range": {"kind": "percentile", "percentile": 100.0}, "inputs.bits": BITS}
    )
    wired = design.with_settings({"array.kind": "gate-driven", "array.bit_line.segment": SEGMENT})
    rows = []
    for name, weight, inputs in _layers(context.model, context.calibration[:4]):
        exact = AnalogCore(weight, design, calibration=inputs)
        real = AnalogCore(weight, wired, calibration=exact.calibration)
        step = float(exact.calibration.inputs.step)
        codes = (inputs / step).round().long()
        for bit in range(BITS):
            alone = ((codes >> bit) & 1) * (2**bit * step)
            error = float(((real @ alone) - (exact @ alone)).square().mean().sqrt())
            rows.append({"layer": name, "bit": bit, "density": float(((codes >> bit) & 1).float().mean()),
                         "weighted_error": error, "error": error / 2**bit})  # fmt: skip
    table = pd.DataFrame(rows)
    for column in ("error", "weighted_error"):
        largest = table.groupby("layer")[column].transform("max").clip(lower=1e-30)
        table[f"relative_{column}"] = table[column] / largest
    means = table.groupby("bit")[["relative_error", "relative_weighted_error", "density"]].mean()
    single, weighted = means["relative_error"], means["relative_weighted_error"]
    verdicts = (
        computed("Low input bits carry the largest error of the wires (claim 22).",
                 "log of the ratio of errors before shift and add, lowest over highest bit, mean over layers",
                 math.log(max(single[0], 1e-12) / max(single[BITS - 1], 1e-12))),
        computed("After shift and add they contribute less (claim 22).",
                 "log of the ratio of the largest error after shift and add to that of the lowest bit",
                 math.log(float(weighted.max()) / max(weighted[0], 1e-12))),
    )  # fmt: skip
    bits = tuple(map(float, means.index))
    lines = tuple(
        Line(label, bits, tuple(means[column]), (0.0,) * BITS)
        for label, column in (("before shift and add", "relative_error"),
                              ("after shift and add", "relative_weighted_error"), ("share of ones", "density"))
    )  # fmt: skip
    panel = Panel("error of each input bit", lines, "input bit (0: least significant)",
                  "error / largest of the layer", y_scale="log")  # fmt: skip
    caption = (
        f"{experiment.model}, layers with unsigned inputs, differential 7b, R G_max = {SEGMENT:g}, mean over layers"
    )
    return Findings(table, Drawing((panel,), caption), verdicts)


@torch.no_grad()
def _layers(model: nn.Module, images: Tensor) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Name, matrix (outputs, rows) and inputs (rows, samples) of the layers whose inputs are never negative."""
    folded = independent_copy(model)
    fold_batch_norm(folded)
    seen: dict[str, tuple[Tensor, Tensor]] = {}

    def look(name: str, module: nn.Conv2d | nn.Linear, inputs: Tensor) -> None:
        if isinstance(module, nn.Linear):
            columns = inputs.reshape(-1, inputs.shape[-1]).T
        else:
            assert not isinstance(module.padding, str)
            patches = functional.unfold(inputs, module.kernel_size, module.dilation, module.padding, module.stride)
            columns = patches.transpose(0, 1).flatten(1)
        chosen = torch.linspace(0, columns.shape[1] - 1, min(SAMPLES, columns.shape[1])).long()
        seen[name] = module.weight.detach().flatten(1), columns[:, chosen]

    for name, module in folded.named_modules():
        if isinstance(module, nn.Linear) or (isinstance(module, nn.Conv2d) and module.groups == 1):

            def hook(one: nn.Module, inputs: tuple[Tensor, ...], name: str = name) -> None:
                look(name, one, inputs[0])  # type: ignore[arg-type]

            module.register_forward_pre_hook(hook)
    folded(images)
    for name, (weight, inputs) in seen.items():
        if float(inputs.min()) >= 0 and float(inputs.max()) > 0:
            yield name, weight, inputs


STUDY = PaperStudy("input-bits", "Section 8", "error of resistive bit lines by input bit", run)
