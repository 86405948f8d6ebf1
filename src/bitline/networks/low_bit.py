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
from bitline.nn.hooks import hooked
from bitline.quantize import straight_through

BITS = 4


def stepped(x: Tensor, step: Tensor, lowest: int, highest: int, count: int) -> Tensor:
    """Nearest multiple of a step between two codes; gradients as in Esser et al. 2020, eqs. 3 and 5.

    Args:
        x: weights or activations, any shape.
        step: difference of two levels, a scalar.
        lowest, highest: smallest and largest code.
        count: number of weights, or of activations of one sample, that share the step: its gradient is divided by the
            square root of `count` times `highest` (section 2.2 there).

    Examples:
        >>> stepped(torch.tensor([-0.4, 0.3, 9.0]), torch.tensor(0.5), lowest=0, highest=15, count=3)
        tensor([0.0000, 0.5000, 7.5000])
    """
    damping = 1.0 / math.sqrt(count * highest)
    learned = step.detach() + (step - step.detach()) * damping
    return straight_through(x, learned, lowest, highest)


class SteppedReLU(nn.Module):
    """ReLU whose output has 2^bits levels, 0 to (2^bits - 1) step.

    Args:
        bits: number of bits of the output.

    Examples:
        >>> SteppedReLU(bits=2).eval()(torch.tensor([-1.0, 0.6, 2.2, 9.0])).tolist()
        [0.0, 1.0, 2.0, 3.0]
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
        weight: the weights before training; they decide the first step.
        bits: number of bits of a weight, its sign included.

    Examples:
        >>> weight = torch.tensor([-1.0, 0.1, 0.5])
        >>> (SteppedWeight(weight, bits=4)(weight) / SteppedWeight(weight, bits=4).step).round().tolist()
        [-2.0, 0.0, 1.0]
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
        folded: a network with `SteppedReLU`s and without batch norms, with the weights of a trained network.
        images: normalised images.

    Returns:
        The steps, which are trained with the weights.

    Examples:
        >>> network = nn.Sequential(nn.Linear(4, 4), SteppedReLU(), nn.Linear(4, 4), SteppedReLU(), nn.Linear(4, 2))
        >>> steps = prepare_training(network, torch.rand(8, 4))  # of two ReLUs and the layer between them
        >>> len(steps)
        3
    """
    layers = [module for module in folded.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    relus = [module for module in folded.modules() if isinstance(module, SteppedReLU)]

    def begin(relu: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        assert isinstance(relu, SteppedReLU)
        active = arguments[0].clamp(min=0).mean()
        relu.step.data = 2 * active / math.sqrt(relu.highest)

    with torch.no_grad(), hooked(relu.register_forward_pre_hook(begin) for relu in relus):
        folded(images)
    steps = [relu.step for relu in relus]
    for layer in layers[1:-1]:
        weight = SteppedWeight(layer.weight)
        parametrize.register_parametrization(layer, "weight", weight)
        steps.append(weight.step)
    return steps


@torch.no_grad()
def finish_training(trained: nn.Module) -> nn.Module:
    """Leave the weights on their grids, with steps so short in binary that every level is exact in half precision.

    Args:
        trained: a network from `prepare_training`, trained; it is changed in place.

    Returns:
        `trained`.

    Examples:
        >>> network = nn.Sequential(nn.Linear(4, 4), SteppedReLU(), nn.Linear(4, 4), SteppedReLU(), nn.Linear(4, 2))
        >>> _ = prepare_training(network, torch.rand(8, 4))
        >>> weight = finish_training(network)[2].weight
        >>> bool((weight.half().float() == weight).all())
        True
    """
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
    """The embedded network with 4-bit weights and activations.

    Examples:
        >>> fashion_resnet_4bit().relu.highest
        15
    """
    return _folded(FashionResNet(SteppedReLU))


def cifar_resnet20_4bit() -> nn.Module:
    """ResNet-20 for CIFAR-10 with 4-bit weights and activations.

    Examples:
        >>> cifar_resnet20_4bit().relu.highest
        15
    """
    return _folded(CifarResNet(3, SteppedReLU))
