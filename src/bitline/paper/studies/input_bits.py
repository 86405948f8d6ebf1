"""Section 8: the error that bit lines with resistance make, input bit by input bit."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional

from bitline.design import Design
from bitline.layer.core import AnalogCore
from bitline.nn import independent_copy
from bitline.nn.fold import fold_batch_norm
from bitline.nn.hooks import hooked
from bitline.paper.drawing import Drawing, Line, Panel
from bitline.paper.experiment import Experiment
from bitline.paper.study import Findings, PaperStudy
from bitline.paper.verdict import Claim, Verdict

BITS = 8
SEGMENT = 1e-5
"""R_p G_max, of the paper's 40 nm process (section 9.1)."""
SAMPLES = 32
"""Positions of each layer at most."""
SHOWN = {
    "before shift and add": "relative_error",
    "after shift and add": "relative_weighted_error",
    "share of ones": "density",
}
"""Columns of the table by their label."""


def run(experiment: Experiment) -> Findings:
    """Apply each bit of real inputs alone, with and without wires; differential cells of 7 bits, lines of 1152 rows."""
    loaded = experiment.loaded
    layers = _layers(loaded.context.model, loaded.calibration[:4])
    table = pd.DataFrame(
        [row for name, weight, inputs in layers for row in _errors(name, weight, inputs)],
        columns=["layer", "bit", "density", "weighted_error", "error"],
    )
    for column in ("error", "weighted_error"):
        largest = table.groupby("layer")[column].transform("max").clip(lower=1e-30)
        table[f"relative_{column}"] = table[column] / largest
    means = table.groupby("bit")[list(SHOWN.values())].mean()
    lines = tuple(Line.exact(label, means.index, means[column]) for label, column in SHOWN.items())
    bit, share = "input bit (0: least significant)", "error / largest of the layer"
    panel = Panel("error of each input bit", lines, bit, share, y_scale="log")
    caption = f"layers with unsigned inputs, differential 7b, R G_max = {SEGMENT:g}, mean over layers"
    remarks = () if len(table) else ("No layer of this network has inputs that are never negative.",)
    return Findings(table, Drawing((panel,), f"{experiment.model}, {caption}"), _verdicts(means), remarks)


def _errors(name: str, weight: Tensor, inputs: Tensor) -> Iterator[dict[str, object]]:
    """What wires change in a layer's outputs, for each input bit alone: a row of the table for each."""
    whole_range = {"kind": "percentile", "percentile": 100.0}
    design = Design.load("ideal").with_settings({"array.rows": 1152, "inputs.range": whole_range, "inputs.bits": BITS})
    wired = design.with_settings({"array.kind": "gate-driven", "array.bit_line.segment": SEGMENT})
    exact = AnalogCore(weight, design, calibration=inputs)
    real = AnalogCore(weight, wired, calibration=exact.calibration)
    step = float(exact.calibration.inputs.step)
    codes = (inputs / step).round().long()
    for bit in range(BITS):
        ones = (codes >> bit) & 1
        alone = ones * (2**bit * step)
        error = float(((real @ alone) - (exact @ alone)).square().mean().sqrt())
        density = float(ones.float().mean())
        yield {"layer": name, "bit": bit, "density": density, "weighted_error": error, "error": error / 2**bit}


def _verdicts(means: pd.DataFrame) -> tuple[Verdict, ...]:
    single = means["relative_error"].clip(lower=1e-12)
    weighted = means["relative_weighted_error"].clip(lower=1e-12)
    before, after = math.nan, math.nan
    if len(means):
        before, after = single[0] / single[BITS - 1], weighted.max() / weighted[0]
    return (
        Claim("Low input bits carry the largest error of the wires (claim 22).", published="> 1").computed(
            "ratio of errors before shift and add, lowest over highest bit, mean over layers", before, ">", 1
        ),
        Claim("After shift and add they contribute less (claim 22).").computed(
            "ratio of the largest error after shift and add to that of the lowest bit", after, ">", 1
        ),
    )


@torch.no_grad()
def _layers(model: nn.Module, images: Tensor) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Name, matrix (outputs, rows) and inputs (rows, samples) of the layers whose inputs are never negative."""
    folded = independent_copy(model)
    fold_batch_norm(folded)
    inputs_of: dict[str, Tensor] = {}
    layers = {
        name: module
        for name, module in folded.named_modules()
        if isinstance(module, nn.Linear) or (isinstance(module, nn.Conv2d) and module.groups == 1)
    }

    names: dict[nn.Module, str] = {layer: name for name, layer in layers.items()}

    def keep(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        inputs_of[names[layer]] = _columns(layer, inputs[0])

    with hooked(layer.register_forward_pre_hook(keep) for layer in names):
        folded(images)
    for name, inputs in inputs_of.items():
        if float(inputs.min()) >= 0 and float(inputs.max()) > 0:
            yield name, layers[name].weight.detach().flatten(1), inputs


def _columns(layer: nn.Module, inputs: Tensor) -> Tensor:
    """Inputs of a layer's matrix, (rows, samples), at `SAMPLES` of all positions."""
    if isinstance(layer, nn.Conv2d):
        mode = "constant" if layer.padding_mode == "zeros" else layer.padding_mode
        padded = functional.pad(inputs, layer._reversed_padding_repeated_twice, mode)
        patches = functional.unfold(padded, layer.kernel_size, layer.dilation, 0, layer.stride)
        columns = patches.transpose(0, 1).flatten(1)
    else:
        columns = inputs.reshape(-1, inputs.shape[-1]).T
    chosen = torch.linspace(0, columns.shape[1] - 1, min(SAMPLES, columns.shape[1])).long()
    return columns[:, chosen]


STUDY = PaperStudy("input-bits", "Section 8", "error of resistive bit lines by input bit", run)
