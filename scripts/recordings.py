"""Recordings of spoken digits as sequences: words at 16 kHz, mel spectra, and frames of a microphone that is always on.

Recordings: the test split of the Free Spoken Digit Dataset (Jackson et al., 2018, CC BY-SA 4.0), six speakers, as files
`recordings/{digit}_{speaker}_{index}.wav`, 8 kHz, 16 bits.
"""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from scipy import signal
from torch import Tensor

RATE = 16_000
"""Samples a second, of everything that this module returns."""
WINDOW, HOP, MELS = 400, 160, 40
LOUDNESS = 10 ** (-30 / 20)
"""Root mean square that quieter words are amplified to: -30 dB of the full scale."""
CONTEXT, FRAME = 64, 512
"""Samples of the frame before, and of a frame of the voice activity detector: 32 ms."""
IGNORED = -100


def read(path: Path) -> Tensor:
    """A recording at 16 kHz, its spectrum unchanged, (samples,) between -1 and 1."""
    with wave.open(str(path)) as file:
        rate, content = file.getframerate(), file.readframes(file.getnframes())
    samples = np.frombuffer(content, np.int16).astype(np.float32) / 32768
    return torch.from_numpy(signal.resample(samples, len(samples) * RATE // rate))


def mel_spectrum(word: Tensor, seconds: float = 1.6) -> Tensor:
    """Power in 40 mel bands, (frames of 10 ms, bands), of a word that is said again and again for some time."""
    word = word * max(1.0, LOUDNESS / float(word.square().mean().sqrt()))
    count = round(seconds * RATE)
    long = word.repeat(-(-count // len(word)))[:count]
    window = torch.hann_window(WINDOW)
    spectrum = torch.stft(long, WINDOW, HOP, window=window, pad_mode="constant", return_complex=True)
    return (_mel_bands() @ spectrum.abs().square()).T[: count // HOP]


def _mel_bands() -> Tensor:
    """Triangles on the mel scale of Slaney (Auditory Toolbox, 1998), each of area 1: (bands, frequencies)."""
    linear, step = 15, np.log(6.4) / 27  # mels up to 1 kHz, and a mel above, as a logarithm of the frequency

    def hertz(mels: np.ndarray) -> np.ndarray:
        return np.where(mels < linear, mels * 200 / 3, 1000 * np.exp(step * (mels - linear)))

    top = linear + np.log(RATE / 2 / 1000) / step
    edges = hertz(np.linspace(0, top, MELS + 2))
    frequencies = np.linspace(0, RATE / 2, WINDOW // 2 + 1)
    bands = [
        np.interp(frequencies, edges[band : band + 3], [0, 2 / (edges[band + 2] - edges[band]), 0], left=0, right=0)
        for band in range(MELS)
    ]
    return torch.tensor(np.array(bands), dtype=torch.float32)


def conversations(paths: Sequence[Path], words: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Words with pauses of 0.6 to 1.4 s and noise between them, as a microphone hears them.

    Args:
        paths: of recordings, in the order in which they are heard.
        words: in a conversation.
        generator: of pauses and noise.

    Returns:
        Frames, (conversations, frames, 64 samples of the frame before + 512), and for each frame whether somebody
        speaks, 0 or 1, and -100 after the end of a conversation, (conversations, frames).
    """
    heard = [_conversation(paths[start : start + words], generator) for start in range(0, len(paths), words)]
    longest = max(len(frames) for frames, _ in heard)
    frames = torch.zeros(len(heard), longest, CONTEXT + FRAME)
    speech = torch.full((len(heard), longest), IGNORED)
    for place, (own_frames, own_speech) in enumerate(heard):
        frames[place, : len(own_frames)], speech[place, : len(own_speech)] = own_frames, own_speech
    return frames, speech


def _conversation(paths: Sequence[Path], generator: torch.Generator) -> tuple[Tensor, Tensor]:
    parts, spoken = [], []
    for path in paths:
        pause = torch.zeros(int(RATE * (0.6 + 0.8 * torch.rand((), generator=generator))))
        word = read(path)
        parts += [pause, 0.3 * word / word.abs().max()]
        spoken += [pause, torch.ones(len(word))]
    sound, is_speech = torch.cat(parts), torch.cat(spoken)
    sound = sound + 0.003 * torch.randn(sound.shape, generator=generator)
    count = len(sound) // FRAME * FRAME
    frames = torch.cat([torch.zeros(CONTEXT), sound[:count]]).unfold(0, CONTEXT + FRAME, FRAME)
    return frames, (is_speech[:count].unflatten(0, (-1, FRAME)).mean(1) > 0.5).long()
