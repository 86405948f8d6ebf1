"""Residual networks for ImageNet (He et al., CVPR 2016) with torchvision's state-dict names."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions (ResNet-18).

    Args:
        inputs: number of input channels.
        width: number of channels of the convolutions.
        stride: step in pixels of the first convolution.

    Examples:
        >>> import torch
        >>> BasicBlock(16, 32, stride=2)(torch.zeros(1, 16, 8, 8)).shape
        torch.Size([1, 32, 4, 4])
    """

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _shortcut(inputs, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(y)) + self.downsample(x))


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3 and 1 x 1 convolutions; the stride is in the 3 x 3 one (version 1.5).

    Args:
        inputs: number of input channels.
        width: number of channels of the 3 x 3 convolution; the block has four times as many outputs.
        stride: step in pixels of the 3 x 3 convolution.

    Examples:
        >>> import torch
        >>> Bottleneck(16, 8, stride=2)(torch.zeros(1, 16, 8, 8)).shape
        torch.Size([1, 32, 4, 4])
    """

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = width * self.expansion
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = _shortcut(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(y)))
        return functional.relu(self.bn3(self.conv3(y)) + self.downsample(x))


class ImageNetResNet(nn.Module):
    """A residual network with four stages: inputs (batch, 3, 224, 224), outputs (batch, 1000).

    Args:
        block: class of the residual blocks.
        blocks: number of blocks of each stage.

    Examples:
        >>> import torch
        >>> with torch.device("meta"):  # shapes alone
        ...     network = ImageNetResNet(Bottleneck, (3, 4, 6, 3))
        >>> [len(network.get_submodule(f"layer{stage}")) for stage in (1, 2, 3, 4)], network.fc.in_features
        ([3, 4, 6, 3], 2048)
    """

    def __init__(self, block: type[BasicBlock] | type[Bottleneck], blocks: Sequence[int]) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        channels = 64
        for stage, count in enumerate(blocks):
            width = 64 << stage
            layers = []
            for index in range(count):
                layers.append(block(channels, width, 2 if stage and not index else 1))
                channels = width * block.expansion
            self.add_module(f"layer{stage + 1}", nn.Sequential(*layers))
        self.fc = nn.Linear(channels, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(functional.relu(self.bn1(self.conv1(x))))
        x = self.get_submodule("layer4")(
            self.get_submodule("layer3")(self.get_submodule("layer2")(self.get_submodule("layer1")(x)))
        )
        scores: Tensor = self.fc(functional.adaptive_avg_pool2d(x, 1).flatten(1))
        return scores


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Module:
    if inputs == outputs and stride == 1:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


def resnet18() -> ImageNetResNet:
    """ResNet-18, 11.7 M parameters.

    Examples:
        >>> import torch
        >>> with torch.device("meta"):
        ...     sum(weight.numel() for weight in resnet18().parameters())
        11689512
    """
    return ImageNetResNet(BasicBlock, (2, 2, 2, 2))


def resnet50() -> ImageNetResNet:
    """ResNet-50 v1.5, 25.6 M parameters.

    Examples:
        >>> import torch
        >>> with torch.device("meta"):
        ...     sum(weight.numel() for weight in resnet50().parameters())
        25557032
    """
    return ImageNetResNet(Bottleneck, (3, 4, 6, 3))
