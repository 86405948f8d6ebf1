"""Silero's voice activity detector: convolutions of a spectrum and an LSTM cell that remembers, frame by frame.

Weights: `silero_vad_16k.safetensors` of the Python package silero-vad 6.2.3 (MIT), which need not be installed. Its
Fourier transform stays digital. Recordings: see scripts/recordings.py.
"""

from __future__ import annotations

from pathlib import Path

import torch
from recordings import conversations
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

FREQUENCIES, WIDTH = 129, 128
WORDS = 6
"""In a conversation."""


class VoiceActivity(nn.Module):
    """Logarithms of the odds that somebody speaks, (batch, frames), of frames (batch, frames, 64 + 512 samples)."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("fourier", torch.zeros(2 * FREQUENCIES, 1, 256))
        self.conv1, self.conv2 = nn.Conv1d(FREQUENCIES, 128, 3, padding=1), nn.Conv1d(128, 64, 3, 2, padding=1)
        self.conv3, self.conv4 = nn.Conv1d(64, 64, 3, 2, padding=1), nn.Conv1d(64, WIDTH, 3, padding=1)
        self.lstm_cell, self.final_conv = nn.LSTMCell(WIDTH, WIDTH), nn.Conv1d(WIDTH, 1, 1)

    def forward(self, frames: Tensor) -> Tensor:
        sound = functional.pad(frames.flatten(0, 1), (0, 64), mode="reflect")[:, None]
        real, imaginary = functional.conv1d(sound, self.fourier, stride=128).split(FREQUENCIES, 1)
        x = (real.square() + imaginary.square()).sqrt()
        for convolution in (self.conv1, self.conv2, self.conv3, self.conv4):
            x = convolution(x).relu()
        states, scores = None, []
        for x_of_frame in x.flatten(1).unflatten(0, frames.shape[:2]).unbind(1):
            states = self.lstm_cell(x_of_frame, states)
            scores.append(states[0].relu())
        return self.final_conv(torch.stack(scores, 2)).squeeze(1)


def load_voice(folder: Path) -> VoiceActivity:
    """The network with its weights."""
    state = load_file(folder / "silero_vad_16k.safetensors")
    network = VoiceActivity()
    network.load_state_dict({name.replace("stft_conv.weight", "fourier"): value for name, value in state.items()})
    return network.eval()


def load_conversations(folder: Path) -> tuple[Tensor, Tensor]:
    """All recordings as 50 conversations of six words; see `recordings.conversations`."""
    generator = torch.Generator().manual_seed(0)
    paths = sorted((folder / "recordings").glob("*.wav"))
    order = torch.randperm(len(paths), generator=generator).tolist()
    return conversations([paths[number] for number in order], WORDS, generator)
