"""Gradients change nothing of what a chip computes."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.autograd import forward_ad
from torch.utils.checkpoint import checkpoint

from bitline import Design, convert, program
from bitline.errors import ConversionError
from bitline.nn.float_gradients import with_gradients_of

COARSE = Design.load("differential").with_settings({"cell.device.alpha": 0.3})
"""Programming errors that leave outputs far from those of the float layer."""


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(300, 64), nn.ReLU(), nn.Linear(64, 10)).eval()


def test_outputs_are_the_same_to_the_bit_with_gradients_and_for_any_batch(network):
    x = torch.randn(64, 300)
    analog = convert(network, COARSE, x)
    with torch.no_grad():
        expected = analog(x)
    assert torch.equal(analog(x), expected)
    assert torch.equal(torch.cat([analog(part) for part in x.split(1)]), expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_gradients_are_those_of_the_float_layer(network, dtype):
    x = torch.rand(8, 300, dtype=dtype, requires_grad=True)
    layer = convert(network, "differential", x.detach().float())[0].to(dtype)
    plain = nn.functional.linear(x, layer.weight, layer.bias)
    expected = torch.autograd.grad(plain.sum(), (x, layer.weight, layer.bias))
    got = torch.autograd.grad(layer(x).sum(), (x, layer.weight, layer.bias))
    for gradient, wanted in zip(got, expected, strict=True):
        torch.testing.assert_close(gradient, wanted)


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpoints_give_the_same_gradients_where_reads_repeat(network, reentrant):
    x = torch.rand(16, 300, requires_grad=True)
    analog = convert(network, "differential", x.detach())
    gradients = []
    for compute in (analog, lambda x: checkpoint(analog, x, use_reentrant=reentrant)):
        program(analog, chip=0)
        analog.zero_grad()
        compute(x).square().sum().backward()
        gradients.append(analog[0].weight.grad.clone())
        assert analog[0].reads == 16
    assert torch.equal(*gradients)


@pytest.mark.parametrize("reentrant", [False, True])
@pytest.mark.parametrize(
    "noise",
    [
        {"cell.read_noise": {"kind": "state-independent", "alpha": 0.1}},
        {"adc.noise_steps": 0.3},
        {"inputs.drivers": {"noise": 0.01}},
    ],
)
def test_checkpoints_are_refused_where_reads_have_noise(network, noise, reentrant):
    x = torch.rand(16, 300, requires_grad=True)
    analog = convert(network, Design.load("differential").with_settings(noise), x.detach())

    class Saving(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return checkpoint(analog[0], x, use_reentrant=reentrant)

    outputs = Saving()(x).square().sum()
    with pytest.raises(ConversionError, match="'0' is computed again in the backward pass"):
        outputs.backward()


def test_reads_in_a_backward_pass_are_not_counted(network):
    x = torch.rand(16, 300)
    analog = convert(network, "differential", x)
    layer = analog[0]
    checkpoint(layer, x.requires_grad_(), use_reentrant=False).sum().backward()
    assert layer.reads == 16


def test_gradients_have_gradients():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    outputs = with_gradients_of(x**3, torch.tensor([5.0, 7.0]))
    first = torch.autograd.grad(outputs.sum(), x, create_graph=True)[0]
    assert torch.autograd.grad(first.sum(), x)[0].tolist() == [6.0, 12.0]


def test_outputs_may_be_changed_in_place():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with_gradients_of(3 * x, torch.tensor([5.0, -7.0])).relu_().sum().backward()
    assert x.grad.tolist() == [3.0, 0.0]


def test_forward_mode_follows_the_float_layer():
    with forward_ad.dual_level():
        x = forward_ad.make_dual(torch.tensor([1.0]), torch.tensor([2.0]))
        value, tangent = forward_ad.unpack_dual(with_gradients_of(3 * x, torch.tensor([5.0])))
    assert (value.item(), tangent.item()) == (5.0, 6.0)


def test_jacobians_of_vectorised_backward_passes(network):
    x = torch.rand(2, 300)
    analog = convert(network, "differential", torch.rand(16, 300))
    jacobians = [torch.autograd.functional.jacobian(analog, x, vectorize=way) for way in (False, True)]
    torch.testing.assert_close(*jacobians)
