"""Batch norms folded into the layers before them."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from bitline import conversion_of, convert
from bitline.nn import fold_batch_norm


def lively(module: nn.Module) -> nn.Module:
    """Random batch-norm statistics, as after training."""
    generator = torch.Generator().manual_seed(1)
    for one in module.modules():
        if isinstance(one, nn.BatchNorm1d | nn.BatchNorm2d) and one.running_var is not None:
            one.running_mean.copy_(torch.randn(one.num_features, generator=generator))
            one.running_var.copy_(torch.rand(one.num_features, generator=generator) + 0.3)
            if one.weight is not None:
                one.weight.data.copy_(torch.randn(one.num_features, generator=generator))
                one.bias.data.copy_(torch.randn(one.num_features, generator=generator))
    return module.eval()


def test_norms_of_several_processes_are_folded_like_others():
    network = nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 4))
    network = nn.SyncBatchNorm.convert_sync_batchnorm(lively(network)).eval()
    x = torch.rand(9, 2, 6, 6)
    expected = network(x)
    assert fold_batch_norm(network).folded == (("0", "1"),)
    torch.testing.assert_close(network(x), expected)


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm_first = nn.BatchNorm2d(4)
        self.one = nn.Conv2d(4, 8, 3, padding=1, groups=2, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.short = nn.Conv2d(4, 8, 1)
        self.short_norm = nn.BatchNorm2d(8, affine=False)
        self.head = nn.Linear(8, 3)
        self.head_norm = nn.BatchNorm1d(3)

    def forward(self, x):
        x = self.norm_first(x)
        x = self.norm(self.one(x)).relu() + self.short_norm(self.short(x))
        return self.head_norm(self.head(x.mean((2, 3))))


class Branching(Residual):
    """Not traceable: the path depends on data."""

    def forward(self, x):
        return super().forward(2 * x if x.sum() > 1e9 else x)


class UsedTwice(nn.Module):
    """The convolution's output is used before its norm: folding would change it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 1)
        self.norm = nn.BatchNorm2d(4)

    def forward(self, x):
        y = self.conv(x)
        return self.norm(y) + y


@pytest.mark.parametrize("make", [Residual, UsedTwice])
def test_folding_keeps_the_outputs(make):
    model = lively(make())
    x = torch.randn(3, 4, 6, 6)
    before = model(x)
    report = fold_batch_norm(model)
    torch.testing.assert_close(model(x), before, rtol=1e-4, atol=1e-5)
    assert not report.message
    if make is Residual:
        folded = {norm for _, norm in report.folded}
        assert folded == {"norm", "short_norm", "head_norm"}
        assert report.kept == ("norm_first",)
        assert not any(isinstance(one, nn.BatchNorm1d) for one in model.modules())
    else:
        assert report.folded == ()
        assert report.kept == ("norm",)


def test_networks_that_cannot_be_traced_are_folded_by_order_and_say_so():
    model = lively(Branching())
    x = torch.randn(3, 4, 6, 6)
    before = model(x)
    report = fold_batch_norm(model)
    torch.testing.assert_close(model(x), before, rtol=1e-4, atol=1e-5)
    assert "cannot trace Branching" in report.message


def test_norms_without_statistics_stay():
    model = nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3, track_running_stats=False)).eval()
    original = copy.deepcopy(model)
    assert fold_batch_norm(model).kept == ("1",)
    torch.testing.assert_close(model[0].weight, original[0].weight)


def test_networks_without_batch_norms_are_told_nothing_of_tracing():
    class Deciding(nn.Module):
        """What torch.fx cannot trace."""

        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 3)

        def forward(self, x):
            return self.layer(x) if x.sum() > 0 else self.layer(-x)

    assert fold_batch_norm(Deciding().eval()).message == ""


def test_norms_after_layers_that_run_twice_stay_with_the_reason():
    """A shared encoder, as in Siamese networks."""

    class Siamese(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(64, 3))

        def forward(self, x, y):
            return self.encoder(x) - self.encoder(y)

    network, images = lively(Siamese()), torch.rand(8, 1, 6, 6)
    found = conversion_of(convert(network, "ideal", (images, images.flip(0))))
    reason = "batch norm 'encoder.1' stays digital, as layer 'encoder.0' before it runs 2 times in a pass"
    assert found.folding.kept == ("encoder.1",)
    assert reason in found.notes
