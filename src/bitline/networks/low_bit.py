"""Networks trained for few bits: ReLUs with learned steps, weights on a grid with a learned step.

Learned step sizes: Esser et al., "Learned Step Size Quantization", ICLR 2020. As in section 7 of Xiao et al. 2022,
batch norms are folded, the first and the last layer keep 8 bits, and everything between has few.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from bitline.networks.cifar_resnet import CifarResNet
from bitline.networks.fashion_resnet import FashionResNet
from bitline.nn.fold import fold_batch_norm

BITS = 4


def stepped(x: Tensor, step: Tensor, lowest: int, highest: int, count: int) -> Tensor:
    """Nearest multiple of a step between two codes; gradients as in Esser et al. 2020, eqs. 3 and 5.

    Args:
        x: any shape.
        step: scalar.
        lowest, highest: codes.
        count: weights, or activations of one sample, that share the step: its gradient is divided by the square root
            of this and `highest` (section 2.2 there).
    """
    damping = 1.0 / math.sqrt(count * highest)
    learned = step.detach() + (step - step.detach()) * damping
    codes = (x / learned).clamp(lowest, highest)
    return (codes + (codes.round() - codes).detach()) * learned


class SteppedReLU(nn.Module):
    """ReLU whose output has 2^bits levels, 0 to (2^bits - 1) step.

    Args:
        bits: of the output.
    """

    def __init__(self, bits: int = BITS) -> None:
        super().__init__()
        self.highest = 2**bits - 1
        self.step = nn.Parameter(torch.tensor(1.0))

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            return stepped(x, self.step, 0, self.highest, x[0].numel())
        return (x / self.step).clamp(0, self.highest).round() * self.step


class SteppedWeight(nn.Module):
    """Parametrisation that puts a weight on 2^bits - 1 levels around zero while it is trained.

    Args:
        weight: to begin with.
        bits: sign included.
    """

    def __init__(self, weight: Tensor, bits: int = BITS) -> None:
        super().__init__()
        self.highest = 2 ** (bits - 1) - 1
        self.step = nn.Parameter(2 * weight.detach().abs().mean() / math.sqrt(self.highest))

    def forward(self, weight: Tensor) -> Tensor:
        return stepped(weight, self.step, -self.highest, self.highest, weight.numel())


def prepare_training(folded: nn.Module, images: Tensor) -> list[nn.Parameter]:
    """Put steps on a network's weights and set those of its ReLUs from images.

    Args:
        folded: a network of `SteppedReLU`s without batch norms, with weights of a trained network.
        images: normalised.

    Returns:
        The steps, which are trained with the weights.
    """
    layers = [module for module in folded.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    relus = [module for module in folded.modules() if isinstance(module, SteppedReLU)]

    def begin(relu: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        assert isinstance(relu, SteppedReLU)
        active = arguments[0].clamp(min=0).mean()
        relu.step.data = 2 * active / math.sqrt(relu.highest)

    handles = [relu.register_forward_pre_hook(begin) for relu in relus]
    with torch.no_grad():
        folded(images)
    for handle in handles:
        handle.remove()
    steps = [relu.step for relu in relus]
    for layer in layers[1:-1]:
        weight = SteppedWeight(layer.weight)
        parametrize.register_parametrization(layer, "weight", weight)
        steps.append(weight.step)
    return steps


@torch.no_grad()
def finish_training(trained: nn.Module) -> nn.Module:
    """Leave the weights on their grids, with steps so short in binary that half precision holds every level exactly."""
    for module in list(trained.modules()):
        if parametrize.is_parametrized(module):
            (stepper,) = module.parametrizations.weight  # type: ignore[union-attr, misc]
            assert isinstance(stepper, SteppedWeight)
            stepper.step.copy_(_short(stepper.step))
            parametrize.remove_parametrizations(module, "weight")
        elif isinstance(module, SteppedReLU):
            module.step.copy_(_short(module.step))
    return trained


def _short(step: Tensor) -> Tensor:
    mantissa, exponent = torch.frexp(step)
    return torch.ldexp((mantissa * 128).round() / 128, exponent)


def _folded(network: nn.Module) -> nn.Module:
    fold_batch_norm(network.eval())
    return network


def fashion_resnet_4bit() -> nn.Module:
    """The embedded network with 4-bit weights and activations."""
    return _folded(FashionResNet(SteppedReLU))


def cifar_resnet20_4bit() -> nn.Module:
    """ResNet-20 for CIFAR-10 with 4-bit weights and activations."""
    return _folded(CifarResNet(3, SteppedReLU))
