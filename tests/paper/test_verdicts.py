"""In a world in which the paper is right, every claim holds: the verdicts ask what the claims say, not the opposite."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest

from bitline import Design
from bitline.paper import Experiment, find
from bitline.paper.experiment import Measurements, Subject
from bitline.readout import Adc
from bitline.study import DesignResult, Study, StudyResult

BASELINE, CHANCE, CHIPS = 0.95, 0.0, 4
INDEPENDENT = {
    ("differential", "unsliced"): 0.012, ("differential", 4): 0.018, ("differential", 2): 0.022,
    ("differential", 1): 0.025, ("offset", "unsliced"): 0.0030, ("offset", 4): 0.0032, ("offset", 2): 0.0034,
    ("offset", 1): 0.0036,
}  # fmt: skip
"""Errors that cost two points, over G_max: claims 3, 5 and 6."""
PROPORTIONAL = {
    ("differential", "unsliced"): 0.12, ("differential", 4): 0.13, ("differential", 2): 0.15,
    ("differential", 1): 0.16, ("offset", "unsliced"): 0.008, ("offset", 4): 0.007, ("offset", 2): 0.006,
    ("offset", 1): 0.005,
}  # fmt: skip
"""The same over G: claims 5, 7 and 8."""
WIRES = {("differential", "unsliced"): 1e-4, ("differential", 4): 7e-5, ("offset", 4): 3e-7}
"""Resistances that cost two points with 1152 rows: claim 21."""
DEVICES = {"differential": 0.4, "offset": 4.0}
"""How badly measured cells hurt: sections 6 and 9."""
FOUR_BIT, TASKS = (3.0, 1.2), {"cifar-resnet56": 1.0, "resnet50": 0.3}
"""How much more a network bears than the first one: of both kinds of error; claims 11 and 19."""


@dataclass(frozen=True)
class PaperWorld(Experiment):
    """Every error costs two points at the size that the paper's claims imply, and four times as much at twice that."""

    @property
    def source(self):
        return {"cifar-resnet56": "cifar", "resnet50": "imagenet"}.get(self.model, "cifar")

    @property
    def classes(self):
        return 1000

    def measure(self, name, axes, settings=None, base="ideal", chips=None):
        study = Study(name=name, design={"base": base, "set": settings or {}}, axes=list(axes))
        designs = tuple(self._measured(point, chips or CHIPS) for point in study.points())
        return Measurements(StudyResult(study, {}, (), designs, BASELINE), ())

    def _measured(self, point, chips):
        loss = 0.02 * sum(one**2 for one in errors(point.design, self.model))
        mean = CHANCE + (BASELINE - CHANCE) * math.exp(-loss / BASELINE)
        spread = [1 + 0.002 * math.sin(chip) * (mean < BASELINE) for chip in range(chips)]
        digital = BASELINE - 0.15 * (self.model == "resnet50")
        return DesignResult(
            point.key, "", point.settings, {}, 1000, tuple(min(mean * one, 1.0) + digital - BASELINE for one in spread),
            digital, {"energy_uJ": energy(point.design)}, None, (), 0.0, True, "",
        )  # fmt: skip


def errors(design: Design, model: str) -> list[float]:
    """Every error of a design over that which costs two points."""
    weights, cell = design.weights, design.cell
    mapping = (weights.kind, cell_bits(design))
    four = FOUR_BIT if model.endswith("4bit") else (1.0, 1.0)
    task = TASKS.get(model, 1.0)
    found = []
    if cell.device.kind == "state-independent":
        unit = 0.5 if weights.subtraction == "unit-column" else 1.0
        found.append(cell.device.alpha / (INDEPENDENT[mapping] * unit * four[0] * task))
    elif cell.device.kind == "state-proportional":
        kept = 1 - 5 / (cell.on_off_ratio or math.inf)
        found.append(cell.device.alpha / (PROPORTIONAL[mapping] * kept * four[1] * task))
    elif cell.device.kind != "none":
        worse = 0.01 * {"unsliced": 0, 4: 1, 2: 2, 1: 3}[cell_bits(design)]
        found.append(DEVICES[weights.kind] - worse)
    if cell.read_noise.kind == "state-independent":
        found.append(cell.read_noise.alpha / (4 * INDEPENDENT[mapping]))
    if isinstance(design.adc, Adc):
        found.append(2.0 ** (bits_with_a_loss(design) - design.adc.bits))
    wire = getattr(getattr(design.array, "bit_line", None), "segment", 0.0)
    if wire:
        found.append(wire / WIRES[mapping] * (design.array.rows / 1152) ** 2)
    return found


def cell_bits(design: Design) -> int | str:
    """Bits per cell, as the tables above name them."""
    return "unsliced" if design.weights.slices == 1 else design.weights.bits_per_cell


def bits_with_a_loss(design: Design) -> float:
    """Resolution at which two points are lost: claims 12 to 16."""
    rows = math.log2(design.array.rows / 1152) if design.array.rows else 0.0
    differential = design.weights.kind == "differential"
    cell = {"unsliced": 2, 4: 1, 2: -1, 1: -2}[cell_bits(design)]
    bits = 5.0 if differential else 8.7 + cell + 0.5 * rows
    if design.adc.range.kind == "full":
        bits += 6 if differential else 2
    return bits + (design.weights.subtraction == "digital" and differential)


def energy(design: Design) -> float:
    """Sections 9.2 and 9.3: conversions cost, and so do lines."""
    conversions = 8 if design.inputs.accumulation == "digital" else 1
    offset = 1 if design.weights.kind == "differential" else 1.5
    return (1 + conversions) * design.weights.slices * offset * 1152 / (design.array.rows or 1152)


@pytest.mark.parametrize(
    "name",
    ["state-independent", "state-proportional", "measured-devices", "read-noise", "on-off-ratio", "percentile",
     "adc-bits", "conversions", "rows", "four-bit", "wires", "joint", "guaranteed-bits", "tasks", "networks"],
)  # fmt: skip
def test_where_the_paper_is_right_its_claims_hold(name, tmp_path):
    others = (Subject("cifar-resnet56"), Subject("resnet50"))
    outcome = find(name).run(PaperWorld(out=tmp_path, others=others))
    assert outcome.verdicts
    assert {one.claim: one.words for one in outcome.verdicts} == {one.claim: "holds" for one in outcome.verdicts}


def test_the_front_holds_what_is_cheap_or_accurate(tmp_path):
    *groups, front = find("joint").run(PaperWorld(out=tmp_path)).figure.panels[0].lines
    points = [point for line in groups for point in zip(line.x, line.y, strict=True)]
    for energy_uJ, accuracy in zip(front.x, front.y, strict=True):
        assert not any(x <= energy_uJ and y > accuracy for x, y in points)
    assert front.x[0] == min(x for x, _ in points)
    assert front.y[-1] == max(y for _, y in points)
