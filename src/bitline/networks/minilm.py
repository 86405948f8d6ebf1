"""The sentence encoder MiniLM-L6 with a linear probe (Wang et al., NeurIPS 2020), of the shapes of all-MiniLM-L6-v2."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

WIDTH, HEADS, HIDDEN, LAYERS = 384, 12, 1536, 6
WORDS, POSITIONS = 30522, 512


class EncoderLayer(nn.Module):
    """One layer of BERT (Devlin et al., NAACL 2019).

    Examples:
        >>> import torch
        >>> known = torch.ones(2, 1, 1, 5, dtype=torch.bool)
        >>> EncoderLayer()(torch.zeros(2, 5, 384), known).shape
        torch.Size([2, 5, 384])
    """

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value, self.dense = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH, 1e-12), nn.LayerNorm(WIDTH, 1e-12)
        self.up, self.down = nn.Linear(WIDTH, HIDDEN), nn.Linear(HIDDEN, WIDTH)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        q, k, v = (part(x).unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in (self.query, self.key, self.value))
        attended = functional.scaled_dot_product_attention(q, k, v, mask).transpose(1, 2).flatten(2)
        x = self.norm1(x + self.dense(attended))
        out: Tensor = self.norm2(x + self.down(functional.gelu(self.up(x))))
        return out


class MiniLM(nn.Module):
    """Scores of 77 intents from tokens, (batch, tokens); 0 is padding, cut off where all sentences have it.

    Args:
        classes: intents.

    Examples:
        >>> import torch
        >>> MiniLM()(torch.tensor([[101, 2054, 102, 0], [101, 102, 0, 0]])).shape
        torch.Size([2, 77])
    """

    def __init__(self, classes: int = 77) -> None:
        super().__init__()
        self.words, self.positions = nn.Embedding(WORDS, WIDTH), nn.Embedding(POSITIONS, WIDTH)
        self.types, self.norm = nn.Embedding(2, WIDTH), nn.LayerNorm(WIDTH, 1e-12)
        self.layers = nn.ModuleList(EncoderLayer() for _ in range(LAYERS))
        self.probe = nn.Linear(WIDTH, classes)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens[:, : int((tokens != 0).sum(1).max())].long()
        known = tokens != 0
        x = self.norm(self.words(tokens) + self.positions.weight[: tokens.shape[1]] + self.types.weight[0])
        for layer in self.layers:
            x = layer(x, known[:, None, None])
        share = known[..., None] / known.sum(1)[:, None, None]
        scores: Tensor = self.probe(functional.normalize((x * share).sum(1), dim=-1))
        return scores
