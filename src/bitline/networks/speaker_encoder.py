"""An LSTM of three layers that turns speech into a vector: the speaker encoder of Wan et al. (ICASSP 2018)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

WIDTH, LAYERS, BANDS = 256, 3, 40


class SpeakerEncoder(nn.Module):
    """Similarities to each speaker, of mel spectra (batch, frames, 40).

    The shapes are those of Resemblyzer, and of the network that clones voices by Jia et al. (NeurIPS 2018).

    Args:
        speakers: that are known.

    Examples:
        >>> import torch
        >>> SpeakerEncoder(speakers=6)(torch.rand(2, 5, 40)).shape
        torch.Size([2, 6])
    """

    def __init__(self, speakers: int) -> None:
        super().__init__()
        self.lstm, self.linear = nn.LSTM(BANDS, WIDTH, LAYERS, batch_first=True), nn.Linear(WIDTH, WIDTH)
        self.speakers = nn.Linear(WIDTH, speakers, bias=False)

    def embed(self, mels: Tensor) -> Tensor:
        """Vectors of length 1, (batch, 256), of mel spectra (batch, frames, 40).

        Examples:
            >>> import torch
            >>> SpeakerEncoder(speakers=6).embed(torch.rand(2, 5, 40)).shape
            torch.Size([2, 256])
        """
        _, (hidden, _) = self.lstm(mels)
        return functional.normalize(self.linear(hidden[-1]).relu(), dim=1)

    def forward(self, mels: Tensor) -> Tensor:
        similarities: Tensor = self.speakers(self.embed(mels))
        return similarities
