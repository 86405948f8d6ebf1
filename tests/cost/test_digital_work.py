"""Work outside the arrays, counted by hand."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
import torch
from small_cost import statistics
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from bitline import Design, convert
from bitline.cost import gather_statistics, network_cost
from bitline.cost._digital_work import DigitalWork, count_work
from bitline.nn import Inputs


def test_work_outside_the_arrays_is_counted():
    digital = statistics().digital
    assert digital.activations == 6 * 64 + 6 * 16
    assert digital.poolings == 6 * 16
    assert digital.unknown == ()


LAYERS = [
    (nn.Linear(7, 5), (3, 7)),
    (nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2), (4, 9, 8)),
    (nn.Conv1d(3, 2, 4, dilation=2), (3, 20)),
    (nn.ConvTranspose2d(8, 4, 2, stride=1), (8, 4, 4)),
    (nn.ConvTranspose2d(8, 4, 2, stride=2), (8, 4, 4)),
    (nn.ConvTranspose2d(8, 4, 4, stride=4), (8, 4, 4)),
    (nn.ConvTranspose2d(8, 6, 3, stride=2, padding=1, output_padding=1, groups=2), (8, 4, 5)),
    (nn.ConvTranspose1d(3, 2, 5, stride=3, dilation=2), (3, 7)),
    (nn.ConvTranspose3d(2, 3, 2, stride=2), (2, 2, 3, 3)),
]


@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=lambda value: str(value)[:40])
def test_multiplications_are_those_that_pytorch_counts(layer, shape):
    """On arrays and digitally; zeros that are put between the inputs of a transposed convolution are no operations."""
    images = torch.rand(4, *shape)
    with FlopCounterMode(display=False) as counter:
        outputs = layer(images[:1])
    network = nn.Sequential(layer, nn.Flatten(), nn.Linear(outputs.numel(), 1))
    on_arrays = gather_statistics(network, "differential", images)
    assert 2 * on_arrays.layers[0].macs == counter.get_total_flops()
    digital = Design.load("differential").with_settings({"layers": [{"match": "0", "digital": True}]})
    assert 2 * gather_statistics(network, digital, images).digital.macs == counter.get_total_flops()


def test_inserted_zeros_cost_energy_and_are_no_work():
    """A stride of 4 gives 16 outputs for each input of a kernel of 4 x 4: what arrays do is what they did before."""
    layer, images = nn.ConvTranspose2d(8, 4, 4, stride=4), torch.rand(8, 8, 4, 4)
    statistics = gather_statistics(nn.Sequential(layer), "differential", images)
    cost = network_cost(statistics, "differential")
    assert cost.macs == 16 * 8 * 4 * 16
    assert statistics.layers[0].products == 16 * 16
    assert cost.totals()["conversions"] == 16 * 16 * 4
    assert cost.energy_per_mac_fJ == pytest.approx(1e9 * cost.energy_uJ / 8192)


class Attending(nn.Module):
    """Attention of two heads, whose averaged weights are used, in some way or none."""

    def __init__(self, used):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.used = used

    def forward(self, tokens):
        attended, weights = self.attention(tokens, tokens, tokens)
        return attended if self.used is None else self.used(attended, weights)


@dataclass
class Answer:
    """What PyTorch cannot look into."""

    attended: torch.Tensor
    weights: torch.Tensor


USES = {
    "not": (None, 0),
    "returned": (lambda attended, weights: (attended, weights), 98),
    "a view returned": (lambda attended, weights: {"some": [weights[:, 0]]}, 98),
    "in an answer": (Answer, 98),
    "multiplied": (lambda attended, weights: weights @ attended, 98),
    "viewed": (lambda attended, weights: (attended, weights.transpose(1, 2).unsqueeze(0)[0].shape)[0], 0),
    "viewed and used": (lambda attended, weights: attended + weights.transpose(1, 2)[..., :1], 98),
}


@pytest.mark.parametrize("digital", [False, True], ids=["on arrays", "digital"])
@pytest.mark.parametrize(("used", "poolings"), USES.values(), ids=USES)
def test_averaged_weights_of_attention_are_work_where_they_are_used(used, poolings, digital):
    """7 x 7 weights of two heads: they were counted in networks that throw them away."""
    rules = [{"match": "1.attention*", "digital": True}] if digital else []
    network, tokens = nn.Sequential(nn.Linear(8, 8), Attending(used)), torch.rand(3, 7, 8)
    call = Inputs.of(tokens, network).first(1).calls[0]
    assert count_work(convert(network, Design(layers=rules), tokens), call)[1].poolings == poolings


class Spectral(nn.Module):
    """A product of complex numbers between Fourier transforms, as in Fourier neural operators, and a linear layer."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.weight, self.end = nn.Parameter(torch.randn(8, 8, 5, 2)), nn.Linear(16, 3)

    def forward(self, x):
        spectrum = torch.fft.rfft(x)
        kept = torch.einsum("bix,iox->box", spectrum[..., :5], torch.view_as_complex(self.weight))
        return self.end(torch.fft.irfft(kept, n=16))


def test_complex_products_are_four_real_ones_and_fourier_transforms_are_named():
    """320 products of complex numbers, which were none, and so was a transform with a complex result."""
    digital = gather_statistics(Spectral(), "differential", torch.rand(4, 8, 16)).digital
    assert digital.macs == 4 * 320
    assert {"_fft_r2c", "_fft_c2r"} <= set(digital.unknown)


ROTATION = torch.polar(torch.ones(4), torch.arange(4.0))
ARITHMETIC = {
    "turned": (lambda x: torch.view_as_real(torch.view_as_complex(x) * ROTATION), {"scalings": 4 * 4}),
    "scaled": (lambda x: torch.view_as_real(torch.view_as_complex(x) * 0.5), {"scalings": 2 * 4}),
    "conjugate": (lambda x: torch.view_as_real(torch.view_as_complex(x).conj().resolve_conj()), {}),
    "added": (lambda x: torch.view_as_real(torch.view_as_complex(x) + ROTATION), {"additions": 8, "written": 8}),
    "mean": (lambda x: torch.view_as_real(torch.view_as_complex(x).mean(1)), {"poolings": 2 * 4, "written": 2}),
    "activation": (lambda x: torch.view_as_real(torch.view_as_complex(x).tanh()), {"unknown": ("tanh",)}),
}


@pytest.mark.parametrize(("of", "work"), ARITHMETIC.values(), ids=ARITHMETIC)
def test_complex_numbers_are_two_real_ones(of, work):
    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(8, 8)

        def forward(self, x):
            return of(self.first(x).unflatten(1, (4, 2)))

    digital = gather_statistics(Network(), "differential", torch.rand(4, 8)).digital
    assert digital == DigitalWork(**work)


@pytest.mark.parametrize("before", [(), (2,)], ids=["tokens", "heads of tokens"])
def test_attention_has_a_weight_for_every_query_and_key(before):
    """Of 5 queries and 7 keys, whatever axes stand before them."""

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(8, 8)

        def forward(self, x):
            keys = torch.ones(*x.shape[:-2], 7, 8)
            return functional.scaled_dot_product_attention(self.first(x), keys, keys)

    digital = gather_statistics(Network(), "differential", torch.rand(3, *before, 5, 8)).digital
    assert digital.activations == math.prod(before) * 5 * 7
