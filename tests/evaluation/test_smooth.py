"""Smoothing keeps what a network computes and helps where a few channels are large."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from bitline import Design, convert
from bitline.errors import ConversionError
from bitline.evaluation.remedies import smooth

COARSE = Design().with_settings(
    {"inputs.bits": 7, "weights.bits": 9, "adc": "none", "cell.device": "none", "inputs.range": {"percentile": 100.0}}
)


class Block(nn.Module):
    """A transformer layer whose norms come first, with two outlier channels."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True, norm_first=True)
        for norm in (self.layer.norm1, self.layer.norm2):
            norm.weight.data[[3, 7]] = 40.0

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_the_network_computes_the_same(strength):
    network, x = Block().eval(), torch.randn(16, 5, 16)
    smoothed = smooth(network, x, strength)
    with torch.no_grad():
        torch.testing.assert_close(smoothed(x), network(x), rtol=0, atol=1e-3)
    assert not torch.equal(smoothed.layer.norm1.weight, network.layer.norm1.weight)
    assert not torch.equal(smoothed.layer.norm2.weight, network.layer.norm2.weight)


def test_coarse_inputs_lose_less():
    network, x = Block().eval(), torch.randn(32, 5, 16)
    with torch.no_grad():
        wanted = network(x)
        before, after = (
            float((convert(each, COARSE, x)(x) - wanted).square().mean()) for each in (network, smooth(network, x))
        )
    assert after < before / 2


def test_norms_whose_outputs_go_around_a_layer_stay():
    class Around(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm, self.fc, self.last, self.head = (
                nn.LayerNorm(6),
                nn.Linear(6, 6),
                nn.LayerNorm(6),
                nn.Linear(6, 2),
            )

        def forward(self, x: Tensor) -> Tensor:
            x = self.norm(x)
            return self.head(self.last(x + self.fc(x)))

    torch.manual_seed(0)
    network, x = Around().eval(), torch.randn(16, 6)
    smoothed = smooth(network, x)
    assert torch.equal(smoothed.norm.weight, network.norm.weight)
    assert torch.equal(smoothed.fc.weight, network.fc.weight)
    assert not torch.equal(smoothed.last.weight, network.last.weight)


class AroundForLarge(nn.Module):
    """A norm whose output goes around the layer for large inputs only."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.fc, self.last = nn.LayerNorm(6), nn.Linear(6, 6), nn.LayerNorm(6)
        self.head = nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Tensor:
        normed = self.norm(x)
        return self.head(self.last(self.fc(normed) + torch.where(x[:, :1] > 2, normed, 0.0)))


@pytest.mark.parametrize("large", [[], [9], [0, 17]])
def test_all_calibration_inputs_are_compared(large):
    """Only the first two were, and a norm whose output went elsewhere for others changed what the network computes."""
    torch.manual_seed(0)
    network, x = AroundForLarge().eval(), torch.randn(20, 6).clamp(max=1.5)
    network.norm.weight.data[2] = network.last.weight.data[2] = 30.0
    x[large, 0] = 3.0
    smoothed = smooth(network, x)
    with torch.no_grad():
        torch.testing.assert_close(smoothed(x), network(x), rtol=0, atol=1e-3)
    assert torch.equal(smoothed.norm.weight, network.norm.weight) == bool(large)
    assert torch.equal(smoothed.fc.weight, network.fc.weight) == bool(large)
    assert not torch.equal(smoothed.last.weight, network.last.weight)


class Cross(nn.Module):
    """Attention whose queries and keys have a norm each."""

    def __init__(self, **settings: int) -> None:
        super().__init__()
        self.of_queries, self.of_keys = nn.LayerNorm(8), nn.LayerNorm(settings.get("kdim", 8))
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True, **settings)

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        keys = self.of_keys(memory)
        return self.attention(value=keys, key=keys, query=self.of_queries(x), need_weights=False)[0]


@pytest.mark.parametrize("settings", [{}, {"kdim": 6, "vdim": 6}])
def test_queries_and_keys_may_have_norms_of_their_own(settings):
    """They were refused, as having nothing to smooth."""
    torch.manual_seed(0)
    network, strength = Cross(**settings).eval(), 0.5
    network.of_queries.weight.data[3] = network.of_keys.weight.data[5] = 40.0
    x, memory = torch.randn(16, 5, 8), torch.randn(16, 7, settings.get("kdim", 8))
    smoothed = smooth(network, (x, memory), strength)
    with torch.no_grad():
        torch.testing.assert_close(smoothed(x, memory), network(x, memory), rtol=0, atol=1e-3)
        attention = network.attention
        q, k, v = (
            (attention.q_proj_weight, attention.k_proj_weight, attention.v_proj_weight)
            if settings
            else attention.in_proj_weight.chunk(3)
        )
        for name, inputs, matrices in (("of_queries", x, (q,)), ("of_keys", memory, (k, v))):
            norm = getattr(network, name)
            largest = norm(inputs).abs().amax((0, 1))
            weights = torch.cat([matrix.abs() for matrix in matrices]).amax(0)
            factors = largest**strength / weights ** (1 - strength)
            torch.testing.assert_close(getattr(smoothed, name).weight, norm.weight / factors)


def test_what_cannot_be_smoothed_is_refused():
    x = torch.randn(16, 6)
    with pytest.raises(ConversionError, match="there is nothing to smooth"):
        smooth(nn.Sequential(nn.Linear(6, 6), nn.ReLU()), x)
    with pytest.raises(ConversionError, match="strength of smoothing is 2"):
        smooth(nn.Sequential(nn.LayerNorm(6), nn.Linear(6, 6)), x, strength=2)
