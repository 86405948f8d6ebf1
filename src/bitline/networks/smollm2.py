"""The language model SmolLM2-135M (Allal et al., 2025), a small Llama, in the names and the layout of GGUF files."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH, HIDDEN, LAYERS, HEADS, PAIRED_HEADS, WORDS = 576, 1536, 30, 9, 3, 49152
HEAD = WIDTH // HEADS


class DecoderLayer(nn.Module):
    """One layer of Llama: attention with rotated queries and keys, three queries to a key, and a gated network.

    Examples:
        >>> DecoderLayer()(torch.zeros(2, 5, 576), torch.ones(5, 32, dtype=torch.complex64)).shape
        torch.Size([2, 5, 576])
    """

    def __init__(self) -> None:
        super().__init__()
        self.attn_norm, self.ffn_norm = nn.RMSNorm(WIDTH, 1e-5), nn.RMSNorm(WIDTH, 1e-5)
        self.attn_q, self.attn_output = nn.Linear(WIDTH, WIDTH, False), nn.Linear(WIDTH, WIDTH, False)
        self.attn_k, self.attn_v = (nn.Linear(WIDTH, PAIRED_HEADS * HEAD, False) for _ in range(2))
        self.ffn_gate, self.ffn_up = nn.Linear(WIDTH, HIDDEN, False), nn.Linear(WIDTH, HIDDEN, False)
        self.ffn_down = nn.Linear(HIDDEN, WIDTH, False)

    def forward(self, x: Tensor, turn: Tensor) -> Tensor:
        y = self.attn_norm(x)
        q, k, v = (
            part(y).unflatten(-1, (-1, HEAD)).transpose(1, 2) for part in (self.attn_q, self.attn_k, self.attn_v)
        )
        q, k = _turned(q, turn), _turned(k, turn)
        attended = functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        x = x + self.attn_output(attended.transpose(1, 2).flatten(2))
        y = self.ffn_norm(x)
        out: Tensor = x + self.ffn_down(functional.silu(self.ffn_gate(y)) * self.ffn_up(y))
        return out


def _turned(x: Tensor, turn: Tensor) -> Tensor:
    """Neighbouring features, as the file pairs them, turned by the angle of their position (Su et al., 2021)."""
    return torch.view_as_real(torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous()) * turn).flatten(-2)


class SmolLM2(nn.Module):
    """Scores of the next token, (batch, tokens, 49152), of tokens (batch, tokens).

    The embedding is also the matrix of the outputs.

    Examples:
        >>> with torch.device("meta"):
        ...     network = SmolLM2()
        >>> sum(weight.numel() for weight in network.parameters())
        134515008
    """

    def __init__(self) -> None:
        super().__init__()
        self.token_embd = nn.Embedding(WORDS, WIDTH)
        self.blk = nn.ModuleList(DecoderLayer() for _ in range(LAYERS))
        self.output_norm = nn.RMSNorm(WIDTH, 1e-5)

    def forward(self, tokens: Tensor) -> Tensor:
        frequencies = 100_000.0 ** (-torch.arange(0, HEAD, 2, device=tokens.device) / HEAD)
        angles = torch.outer(torch.arange(tokens.shape[1], device=tokens.device), frequencies)
        x, turn = self.token_embd(tokens), torch.polar(torch.ones_like(angles), angles)
        for layer in self.blk:
            x = layer(x, turn)
        return functional.linear(self.output_norm(x), self.token_embd.weight)
