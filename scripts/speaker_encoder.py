"""Resemblyzer's speaker encoder, an LSTM of three layers, telling six speakers apart by a spoken digit.

Weights: `pretrained.pt` of the Python package Resemblyzer 0.1.4 (Apache-2.0), which need not be installed; trained with
the loss of Wan et al., ICASSP 2018. The speakers' rows of the last matrix are the means of embeddings of two recordings
of each digit, in floating point. Recordings: see scripts/recordings.py.
"""

from __future__ import annotations

from pathlib import Path

import torch
from recordings import mel_spectrum, read
from torch import Tensor
from torch.nn import functional

from bitline.networks.speaker_encoder import SpeakerEncoder

ENROLLED, SECONDS = 2, 1.6
"""Recordings of a digit that a speaker is known by, and how long each one is heard."""


@torch.no_grad()
def load_speakers(folder: Path) -> tuple[SpeakerEncoder, tuple[Tensor, Tensor], Tensor]:
    """The network, mel spectra of test recordings with their speakers, and mel spectra of the enrolled ones."""
    paths = sorted((folder / "recordings").glob("*.wav"))
    speakers = sorted({path.stem.split("_")[1] for path in paths})
    mels = torch.stack([mel_spectrum(read(path), SECONDS) for path in paths])
    numbers = torch.tensor([speakers.index(path.stem.split("_")[1]) for path in paths])
    is_known = torch.tensor([int(path.stem.split("_")[2]) < ENROLLED for path in paths])
    network = SpeakerEncoder(len(speakers)).eval()
    state = torch.load(folder / "pretrained.pt", map_location="cpu", weights_only=True)["model_state"]
    network.load_state_dict({name: value for name, value in state.items() if name.startswith("l")}, strict=False)
    embedded = network.embed(mels[is_known])
    means = [embedded[numbers[is_known] == number].mean(0) for number in range(len(speakers))]
    network.speakers.weight.copy_(functional.normalize(torch.stack(means), dim=1))
    return network, (mels[~is_known], numbers[~is_known]), mels[is_known]
