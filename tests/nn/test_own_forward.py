"""Layers with a `forward` of their own: the product in it lies on arrays, and what stands around it is digital."""

from __future__ import annotations

import copy
import io

import pytest
import torch
from torch import nn
from torch.nn import functional

from bitline import Design, conversion_of, convert
from bitline.errors import ConversionError
from bitline.nn.own_forward import OwnForward

FINE = Design.load("ideal").with_settings(
    {"weights.bits": 12, "inputs.bits": 14, "inputs.range": {"kind": "percentile", "percentile": 100.0}}
)


class Same(nn.Conv2d):
    """Padding that depends on the size of the image, as TensorFlow has it."""

    def forward(self, x):
        sizes = zip(x.shape[2:], self.stride, self.kernel_size, strict=True)
        high, wide = (max((-(-size // step) - 1) * step + reach - size, 0) for size, step, reach in sizes)
        x = functional.pad(x, [wide // 2, wide - wide // 2, high // 2, high - high // 2])
        return functional.conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class Causal(nn.Conv1d):
    def forward(self, x):
        return super().forward(functional.pad(x, (2, 0)))


class Standardised(nn.Conv2d):
    """Weights with a mean of 0 and a deviation of 1 for each output (Qiao et al., arXiv 1903.10520)."""

    def forward(self, x):
        mean, deviation = (find((1, 2, 3), keepdim=True) for find in (self.weight.mean, self.weight.std))
        weight = (self.weight - mean) / deviation
        return functional.conv2d(x, weight, self.bias, self.stride, padding=self.padding, groups=self.groups)


class Scaled(nn.Linear):
    """Weights and bias times a gain, keyword by keyword, and something after the product."""

    def forward(self, x):
        return functional.linear(input=x, weight=self.weight * 3, bias=self.bias * 2).sigmoid()


class Adapted(nn.Linear):
    """A low-rank correction beside the product, which stays digital."""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.down, self.up = nn.Parameter(torch.rand(2, sizes[0])), nn.Parameter(torch.rand(sizes[1], 2))

    def forward(self, x):
        return super().forward(x) + functional.linear(functional.linear(x, self.down), self.up)


def network_of(layer):
    torch.manual_seed(0)
    return nn.Sequential(layer, nn.ReLU(), nn.Flatten(), nn.LazyLinear(4)).eval()


CASES = {
    "same": (lambda: Same(3, 6, 3, stride=2), (12, 3, 7, 7)),
    "causal": (lambda: Causal(3, 6, 3), (12, 3, 9)),
    "standardised": (lambda: Standardised(4, 6, 3, padding=1, groups=2), (12, 4, 5, 5)),
    "scaled": (lambda: Scaled(8, 6), (12, 8)),
    "adapted": (lambda: Adapted(8, 6), (12, 8)),
}


@pytest.fixture(params=CASES)
def case(request):
    torch.manual_seed(0)
    make, shape = CASES[request.param]
    x, network = torch.rand(shape), network_of(make())
    network(x)
    return network, x


def test_the_product_lies_on_arrays(case):
    network, x = case
    analog = convert(network, FINE, x)
    assert conversion_of(analog).analog == ("0", "3")
    assert isinstance(analog[0], OwnForward) and isinstance(analog[0], type(network[0]))
    assert analog[0].weight.requires_grad
    torch.testing.assert_close(analog(x), network(x), atol=2e-3, rtol=0)


def test_errors_of_cells_reach_the_product_alone(case):
    network, x = case
    noisy = FINE.with_settings({"cell.device": {"kind": "state-independent", "alpha": 0.1}})
    rule = {"layers": [{"match": "3", "digital": True}]}
    exact, analog = (convert(network, design.with_settings(rule), x) for design in (FINE, noisy))
    assert (analog[0](x) - network[0](x)).abs().max() > 20 * (exact[0](x) - network[0](x)).abs().max()


def test_copies_and_files_compute_the_same(case):
    network, x = case
    analog, file = convert(network, "differential", x), io.BytesIO()
    torch.save(analog, file)
    file.seek(0)
    for again in (copy.deepcopy(analog), torch.load(file, weights_only=False), torch.compile(analog)):
        assert torch.equal(again(x), analog(x))
    state, other = analog.state_dict(), convert(network, "differential", x)
    other.load_state_dict(state)
    assert torch.equal(other(x), analog(x))


def test_gradients_are_those_of_the_float_network(case):
    network, x = case
    analog = convert(network, FINE, x)
    small = (0.7 * x).requires_grad_()  # where nothing is clipped, in either layer
    got, wanted = (torch.autograd.grad(each(small).square().sum(), small)[0] for each in (analog, network))
    assert (got - wanted).norm() < 0.02 * wanted.norm()


def test_the_calibration_of_another_conversion_is_enough(case):
    network, x = case
    analog = convert(network, "differential", x)
    again = convert(network, "differential", conversion_of(analog).calibration)
    assert torch.equal(again(x), analog(x))


def test_float_weights_that_the_layer_does_not_multiply_with_are_refused():
    torch.manual_seed(0)
    network = nn.Sequential(Scaled(8, 6), nn.Linear(6, 2)).eval()
    analog = convert(network, "ideal", torch.rand(12, 8))
    with pytest.raises(RuntimeError, match="hold what its own forward makes of its weights, which float weights do"):
        analog.load_state_dict(network.state_dict())
    plain = nn.Sequential(Adapted(8, 6), nn.Linear(6, 2)).eval()
    convert(plain, "ideal", torch.rand(12, 8)).load_state_dict(plain.state_dict())


class Mixed(nn.Linear):
    """Weights that depend on the inputs."""

    def forward(self, x):
        return functional.linear(x, self.weight * x.mean())


class Repeated(nn.Linear):
    def forward(self, x):
        return super().forward(super().forward(x))


class Wrapped(nn.Conv2d):
    """Other padding than the layer says."""

    def forward(self, x):
        return functional.conv2d(functional.pad(x, (1, 1, 1, 1), "circular"), self.weight, self.bias)


@pytest.mark.parametrize("layer", [Mixed(8, 8), Repeated(8, 8), Wrapped(2, 3, 3, padding=1)])
def test_layers_that_do_not_multiply_once_with_weights_of_their_own_are_refused(layer):
    x = torch.rand(6, 2, 5, 5) if isinstance(layer, nn.Conv2d) else torch.rand(6, 8)
    with pytest.raises(ConversionError, match=r"\(its own forward\): register a form of yours in ANALOG_LAYERS"):
        convert(nn.Sequential(layer).eval(), "ideal", x)
