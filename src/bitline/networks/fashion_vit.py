"""A small vision transformer for Fashion-MNIST, so that attention is tried without downloads."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class TransformerBlock(nn.Module):
    """Attention and a feed-forward network, each after a layer norm and around a sum (Dosovitskiy et al., ICLR 2021).

    Args:
        width: features of a token.
        heads: of the attention.
        hidden: features between the two layers of the feed-forward network.

    Examples:
        >>> TransformerBlock(width=8, heads=2, hidden=16)(torch.zeros(1, 5, 8)).shape
        torch.Size([1, 5, 8])
    """

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.norm2 = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, hidden)
        self.gelu = nn.GELU()
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm1(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        out: Tensor = x + self.fc2(self.gelu(self.fc1(self.norm2(x))))
        return out


class FashionViT(nn.Module):
    """Four transformer blocks of 64 features and 4 heads on 25 overlapping patches; 140,426 parameters.

    Inputs: (batch, 1, 28, 28), normalised; outputs: (batch, 10), from the mean of all tokens.

    Examples:
        >>> FashionViT()(torch.zeros(2, 1, 28, 28)).shape
        torch.Size([2, 10])
    """

    def __init__(self) -> None:
        super().__init__()
        width, heads, hidden, depth, patches = 64, 4, 128, 4, 25
        self.patches = nn.Conv2d(1, width, kernel_size=8, stride=5)
        self.positions = nn.Parameter(nn.init.normal_(torch.empty(1, patches, width), std=0.02))
        self.blocks = nn.Sequential(*(TransformerBlock(width, heads, hidden) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.patches(x).flatten(2).transpose(1, 2) + self.positions
        scores: Tensor = self.head(self.norm(self.blocks(tokens)).mean(1))
        return scores
