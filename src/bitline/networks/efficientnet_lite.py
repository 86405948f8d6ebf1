"""EfficientNet-Lite0 for ImageNet: depthwise convolutions and few weights, as in mobile networks.

Tan and Le, "EfficientNet", ICML 2019; the Lite variant has ReLU6 and no squeeze-and-excitation. State-dict names are
those of the package efficientnet-lite-pytorch; weights from TensorFlow pad strided convolutions below and at the right.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
"""Blocks, kernel, stride of the first block, expansion, output channels: Tan and Le 2019, Table 1."""


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)


def _strided(x: Tensor, kernel: int, stride: int) -> Tensor:
    """Padded as TensorFlow's SAME does for even sizes and stride 2; stride 1 is padded by the convolution."""
    missing = kernel - stride
    before = missing // 2
    return functional.pad(x, (before, missing - before, before, missing - before)) if stride > 1 else x


class InvertedResidual(nn.Module):
    """Expansion by a 1 x 1 convolution, a depthwise convolution, and a 1 x 1 projection without an activation.

    Args:
        inputs, outputs: numbers of channels.
        kernel: width of the depthwise kernel in pixels.
        stride: step in pixels of the depthwise convolution.
        expansion: channels of the depthwise convolution for each input channel.

    Examples:
        >>> import torch
        >>> InvertedResidual(16, 24, kernel=3, stride=2, expansion=6)(torch.zeros(2, 16, 8, 8)).shape
        torch.Size([2, 24, 4, 4])
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        width = inputs * expansion
        self.kernel, self.stride = kernel, stride
        self.expands, self.is_residual = expansion > 1, stride == 1 and inputs == outputs
        if self.expands:
            self._expand_conv = nn.Conv2d(inputs, width, 1, bias=False)
            self._bn0 = _norm(width)
        padding = kernel // 2 if stride == 1 else 0
        self._depthwise_conv = nn.Conv2d(width, width, kernel, stride, padding, groups=width, bias=False)
        self._bn1 = _norm(width)
        self._project_conv = nn.Conv2d(width, outputs, 1, bias=False)
        self._bn2 = _norm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        y = functional.relu6(self._bn1(self._depthwise_conv(_strided(y, self.kernel, self.stride))))
        z: Tensor = self._bn2(self._project_conv(y))
        return z + x if self.is_residual else z


class EfficientNetLite0(nn.Module):
    """EfficientNet-Lite0: inputs (batch, 3, 224, 224), outputs (batch, 1000); 4.7 M parameters.

    Examples:
        >>> import torch
        >>> with torch.device("meta"):  # shapes alone
        ...     sum(weight.numel() for weight in EfficientNetLite0().parameters())
        4652008
    """

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = nn.Conv2d(3, 32, 3, 2, bias=False)
        self._bn0 = _norm(32)
        blocks, channels = [], 32
        for count, kernel, stride, expansion, outputs in STAGES:
            for index in range(count):
                blocks.append(InvertedResidual(channels, outputs, kernel, 1 if index else stride, expansion))
                channels = outputs
        self._blocks = nn.Sequential(*blocks)
        self._conv_head = nn.Conv2d(channels, 1280, 1, bias=False)
        self._bn1 = _norm(1280)
        self._fc = nn.Linear(1280, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu6(self._bn0(self._conv_stem(_strided(x, 3, 2))))
        x = functional.relu6(self._bn1(self._conv_head(self._blocks(x))))
        scores: Tensor = self._fc(functional.adaptive_avg_pool2d(x, 1).flatten(1))
        return scores
