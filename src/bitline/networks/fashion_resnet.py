"""The embedded default network: a small residual network for Fashion-MNIST."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn


class ResidualBlock(nn.Module):
    """Basic residual block (He et al., CVPR 2016) with a 1 x 1 convolution as shortcut where the shape changes.

    Args:
        inputs, outputs: numbers of channels.
        stride: step in pixels of the first convolution.
        relu: makes the activations.

    Examples:
        >>> import torch
        >>> ResidualBlock(16, 32, stride=2)(torch.zeros(1, 16, 8, 8)).shape
        torch.Size([1, 32, 4, 4])
    """

    def __init__(self, inputs: int, outputs: int, stride: int, relu: Callable[[], nn.Module] = nn.ReLU) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.relu1, self.relu2 = relu(), relu()
        same = inputs == outputs and stride == 1
        self.shortcut: nn.Module = (
            nn.Identity()
            if same
            else nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu1(self.bn1(self.conv1(x)))
        out: Tensor = self.relu2(self.bn2(self.conv2(y)) + self.shortcut(x))
        return out


class FashionResNet(nn.Module):
    """Three stages of one block with 16, 32 and 64 channels; 77,754 parameters.

    Inputs: (batch, 1, 28, 28), normalised; outputs: (batch, 10).

    Args:
        relu: makes the activations.

    Examples:
        >>> import torch
        >>> FashionResNet()(torch.zeros(2, 1, 28, 28)).shape
        torch.Size([2, 10])
    """

    def __init__(self, relu: Callable[[], nn.Module] = nn.ReLU) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.relu = relu()
        self.stage1 = ResidualBlock(16, 16, 1, relu)
        self.stage2 = ResidualBlock(16, 32, 2, relu)
        self.stage3 = ResidualBlock(32, 64, 2, relu)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.stage3(self.stage2(self.stage1(x)))
        scores: Tensor = self.fc(self.pool(x).flatten(1))
        return scores
