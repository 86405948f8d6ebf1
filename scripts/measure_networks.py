"""Measure networks with attention or recurrence on the paper's designs: docs/networks/results/NETWORK.json.

    python scripts/measure_networks.py fashion-vit
    python scripts/measure_networks.py minilm --files FOLDER  (or speaker-encoder, spelling, voice-activity)

Of each network: the quantised reference with several input ranges, designs A to E, errors of cells, bits of the ADC and
drift, each as the loss against the reference, paired sample by sample, with an interval over chips and samples; the
errors of the layers, and the energy of a sample, a word or a second of sound. The scripts of the networks say which
files belong into FOLDER. What is in the file already is not measured again.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from kept_rows import SEED, TARGET, KeptRows
from subjects import PER_VECTOR, SUBJECTS, Subject
from torch import nn

import bitline
from bitline import Design
from bitline.cost import gather_statistics, network_cost
from bitline.errors import ConversionError
from bitline.evaluation.layer_errors import layer_errors
from bitline.evaluation.prepared import Known, Prepared
from bitline.evaluation.remedies import Recalibrate, smooth
from bitline.evaluation.sample_values import SampleValues
from bitline.nn import record
from bitline.numerics.two_way import Estimate

COMPARED = 16
"""Samples whose layer outputs are compared."""


@dataclass(frozen=True)
class Case:
    """One row of a table.

    Attributes:
        study, line, x: which figure, which line in it, and where.
        preset, settings: the design.
        is_random: whether chips differ.
        remedy: what is done to each chip after programming.
    """

    study: str
    line: str
    x: float | str
    preset: str
    settings: dict[str, Any]
    is_random: bool = True
    remedy: Recalibrate | None = None

    @property
    def name(self) -> str:
        return f"{self.study}, {self.line}, {self.x}"

    @property
    def design(self) -> Design:
        return Design.load(self.preset).with_settings(self.settings)


RANGES: dict[str, Any] = {
    "percentile 99.99": {"kind": "percentile", "percentile": 99.99},
    "percentile 100": {"kind": "percentile", "percentile": 100.0},
    "least error": {"kind": "least-error"},
    "per vector": {"kind": "per-vector"},
}
MAPPINGS = {"differential": {}, "offset": {"weights.kind": "offset", "weights.subtraction": "digital"}}


def cases(subject: Subject) -> Iterator[Case]:
    """Everything that is measured, the most important first."""
    for line, policy in RANGES.items():
        for bits in (8, 6):
            yield Case("reference", line, bits, "ideal", {"inputs.range": policy, "inputs.bits": bits}, False)
    for bits in (8, 6):
        changed = {**PER_VECTOR, "weights.scale": "channel", "inputs.bits": bits}
        yield Case("reference", "per vector, weight step per output", bits, "ideal", changed, False)
    yield from designs("a", subject)
    own = list(subject.ranges.values())[-1]
    for mapping, settings in MAPPINGS.items():
        for error in ("proportional", "independent"):
            for alpha in getattr(subject.errors, error):
                device = {"kind": f"state-{error}", "alpha": alpha}
                changed = {**own, **settings, "cell.device": device, "adc": "none", "array.rows": 1152}
                yield Case("cell errors", f"{mapping}, {error}", alpha, "differential", changed)
    for sliced in (1, 2, "unsliced"):
        device = {"kind": "state-proportional", "alpha": 0.1}
        changed = {**own, "weights.bits_per_cell": sliced, "cell.device": device, "adc": "none", "array.rows": 1152}
        yield Case("slicing", "differential, proportional 10 %", str(sliced), "differential", changed)
    for line, accumulation in (("analog accumulation", "analog"), ("digital accumulation", "digital")):
        for bits in (4, 5, 6, 8):
            changed = {**own, "inputs.accumulation": accumulation, "adc.bits": bits, "cell.device": "none"}
            yield Case("ADC bits", line, bits, "differential", {**changed, "array.rows": 1152}, False)
    for line, changed in accumulated_apart(subject).items():
        settings = {**own, "cell.device": "none", "array.rows": 1152, "adc.bits": 6, **changed}
        yield Case("accumulation", line, 6, "differential", settings, False)
    for age in ("1 day", "5 days"):
        yield Case("drift", "SONOS, design A", age, "sonos-a", {**own, "cell.time": age})
    for line, compensation in (("PCM", "none"), ("PCM, compensated by column", "column")):
        for age in ("1 hour", "1 day"):
            aged = {"cell.device": "pcm-joshi-2020", "cell.time": age, "cell.drift_compensation": compensation}
            yield Case("drift", line, age, "differential", {**own, **aged})
    yield from designs("bcde", subject)


def accumulated_apart(subject: Subject) -> dict[str, dict[str, Any]]:
    """What may tell why digital accumulation is better, where `subject` has parts to tell apart."""
    if not subject.parts:
        return {}
    digital = {"inputs.accumulation": "digital"}
    apart = {
        f"digital in {part} alone": {"layers": [{"match": list(names), "set": digital}]}
        for part, names in subject.parts.items()
    }
    return {
        **apart,
        "a range for each column": {"adc.ranges_per": ["column"]},
        "noise of 0.3 steps": {"adc.noise_steps": 0.3},
        **subject.remedies,
    }


def designs(letters: str, subject: Subject) -> Iterator[Case]:
    """Designs of the paper, with input ranges of the layer and of each vector."""
    for letter in letters:
        for line, own in subject.ranges.items():
            yield Case("designs", line, letter.upper(), f"sonos-{letter}", own)


class Bench:
    """Measures cases of one network; what calibration showed is used again."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self._records: dict[str, Any] = {}
        self._earlier: Prepared | None = None
        self.plain = subject.data.values(subject.model)

    def row(self, case: Case) -> dict[str, Any]:
        """One row: the measure of each chip, losses and their intervals."""
        started, data, prepared = time.process_time(), self.subject.data, self._prepared(case.design)
        exact = data.values(prepared.reference)
        found, sums = [], []
        for chip in range(self.subject.chips if case.is_random else 1):
            prepared.program(chip)
            if case.remedy:
                case.remedy(prepared.analog, prepared.reference)
            found.append(prepared.values(data))
            if case.study in ("designs", "cell errors"):
                sums.append(prepared.compare(data, COMPARED))
        loss = SampleValues(self.plain, exact, tuple(found)).loss(data.measure)
        own = SampleValues(self.plain, self.plain, (exact,)).loss(data.measure)
        layers = {layer.name: [layer.own_db, layer.accumulated_db] for layer in layer_errors(sums)}
        return {
            **{name: getattr(case, name) for name in ("study", "line", "x", "preset", "settings")},
            "chips": len(found),
            "float": data.measure.of(self.plain),
            "reference": data.measure.of(exact),
            "values": [data.measure.of(values) for values in found],
            "loss": _points(loss),
            "reference_loss": _points(own),
            "layers_dB": layers,
            "cpu_s": round(time.process_time() - started, 1),
        }

    def _prepared(self, design: Design) -> Prepared:
        key = bitline.design.views.key(bitline.design.views.record(design))
        if key not in self._records:
            self._records[key] = record(self.subject.model, design, self.subject.calibration)
        known, samples = Known(earlier=self._earlier), self.subject.data.samples.part(0, COMPARED)
        self._earlier = Prepared.of(self.subject.model, design, self._records[key], SEED, samples, known)
        return self._earlier


def _points(difference: Estimate) -> dict[str, Any]:
    """A difference of fractions in hundredths, with its 95 % interval."""
    low, high = difference.interval()
    return {"points": 100 * difference.value, "interval": [100 * low, 100 * high]}


def energies(subject: Subject) -> dict[str, dict[str, float]]:
    """Energy in uJ of a unit on designs A to E, in samples of middle length, and of the largest parts."""
    middle, found = len(subject.data) // 2, {}
    samples, count = subject.data.samples.part(middle, middle + COMPARED), subject.unit.count
    for line, own in subject.ranges.items():
        statistics = gather_statistics(subject.model, Design().with_settings(own), samples)
        for letter in "abcde":
            cost = network_cost(statistics, Design.load(f"sonos-{letter}").with_settings(own))
            parts = sorted(cost.energies_pJ.items(), key=lambda part: -part[1])[:4]
            ranges = cost.energies_pJ.get("vector ranges", 0.0)
            known = {"vector ranges": 1e-6 * ranges, **{name: 1e-6 * value for name, value in parts}}
            shares = {name: value / count for name, value in {"energy": cost.energy_uJ, **known}.items()}
            found[f"{letter.upper()}, {line}"] = {**shares, "fJ per MAC": cost.energy_per_mac_fJ}
    return found


def smoothed(subject: Subject) -> Subject | None:
    """The same network with outliers after layer norms moved into the weights; None where it has no such norms."""
    if not any(isinstance(module, nn.LayerNorm) for module in subject.model.modules()):
        return None
    try:
        return replace(subject, model=smooth(subject.model, subject.calibration))
    except ConversionError:
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=list(SUBJECTS))
    parser.add_argument("--files", type=Path)
    parser.add_argument("--out", type=Path, default=TARGET)
    parser.add_argument("--only", nargs="*", help="studies to measure")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    subject = SUBJECTS[arguments.network](arguments.files)
    path = arguments.out / f"{arguments.network}.json"
    kept = KeptRows(
        path,
        Path(__file__).name,
        arguments.network,
        about=subject.about,
        samples=len(subject.data),
        measure=subject.data.measure.name,
        energy_of=subject.unit.name,
        energies_uJ=energies(subject),
    )
    other = smoothed(subject)
    benches = {"": Bench(subject), **({"smoothed, ": Bench(other)} if other else {})}
    for case in cases(subject):
        for kind, bench in benches.items():
            skipped = kind and (case.study != "reference" or case.x != 8)
            if not (skipped or (arguments.only and case.study not in arguments.only)):
                measure(case, bench, kept, kind)


def measure(case: Case, bench: Bench, kept: KeptRows, kind: str = "") -> None:
    """Measure a case and show it, unless its row is there; `kind` says which network of several this is."""
    if kind + case.name in kept.rows:
        return
    row = bench.row(case)
    loss, mean = row["loss"], 100 * np.mean(row["values"])
    shown = "{:.2f} ({:.2f} to {:.2f})".format(loss["points"], *loss["interval"])
    shown += f", reference {100 * row['reference']:.2f}"
    print(f"{kind + case.name:<60} {mean:6.2f}, loss {shown}, {row['cpu_s']} s", flush=True)
    kept.add(kind + case.name, {**row, "line": kind + row["line"]})


if __name__ == "__main__":
    main()
