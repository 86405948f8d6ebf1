"""Residual networks for CIFAR-10 (He et al., CVPR 2016, section 4.2) with parameter-free shortcuts."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions; where the shape changes, the shortcut skips pixels and pads channels (option A).

    Args:
        inputs, outputs: numbers of channels.
        stride: step in pixels of the first convolution.
        relu: makes the activations.

    Examples:
        >>> import torch
        >>> BasicBlock(16, 32, stride=2)(torch.zeros(1, 16, 8, 8)).shape
        torch.Size([1, 32, 4, 4])
    """

    def __init__(self, inputs: int, outputs: int, stride: int, relu: Callable[[], nn.Module] = nn.ReLU) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.relu1, self.relu2 = relu(), relu()
        self.stride = stride
        self.missing = (outputs - inputs) // 2

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        if self.stride > 1:
            x = functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.missing, self.missing))
        out: Tensor = self.relu2(y + x)
        return out


class CifarResNet(nn.Module):
    """6 n + 2 layers for (batch, 3, 32, 32).

    State-dict keys: conv1, bn1, layer{1,2,3}.{i}.{conv1,bn1,conv2,bn2}, linear.

    Args:
        blocks: n, the number of blocks of each stage: 3 for ResNet-20, 5 for ResNet-32, 9 for ResNet-56.
        relu: makes the activations.

    Examples:
        >>> import torch
        >>> CifarResNet(blocks=1)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 10])
    """

    def __init__(self, blocks: int, relu: Callable[[], nn.Module] = nn.ReLU) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.relu = relu()
        self.layer1 = self._stage(16, 16, blocks, 1, relu)
        self.layer2 = self._stage(16, 32, blocks, 2, relu)
        self.layer3 = self._stage(32, 64, blocks, 2, relu)
        self.linear = nn.Linear(64, 10)

    @staticmethod
    def _stage(inputs: int, outputs: int, blocks: int, stride: int, relu: Callable[[], nn.Module]) -> nn.Sequential:
        rest = (BasicBlock(outputs, outputs, 1, relu) for _ in range(blocks - 1))
        return nn.Sequential(BasicBlock(inputs, outputs, stride, relu), *rest)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        scores: Tensor = self.linear(functional.adaptive_avg_pool2d(x, 1).flatten(1))
        return scores


def cifar_resnet20() -> CifarResNet:
    """ResNet-20, 0.27 M parameters.

    Examples:
        >>> sum(weight.numel() for weight in cifar_resnet20().parameters())
        269722
    """
    return CifarResNet(3)


def cifar_resnet32() -> CifarResNet:
    """ResNet-32, 0.46 M parameters.

    Examples:
        >>> len(cifar_resnet32().layer1)
        5
    """
    return CifarResNet(5)


def cifar_resnet56() -> CifarResNet:
    """ResNet-56, 0.85 M parameters.

    Examples:
        >>> len(cifar_resnet56().layer1)
        9
    """
    return CifarResNet(9)
