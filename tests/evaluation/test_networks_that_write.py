"""Networks that write into tensors they were given, as `inplace=True` and `x.sub_(mean)` do."""

import pytest
import torch
from torch import nn

from bitline import convert, evaluate
from bitline.cost import gather_statistics
from bitline.evaluation.remedies import fine_tune
from bitline.nn import Inputs, conversion_of


class Normalising(nn.Module):
    """Normalises its inputs, in place or not."""

    def __init__(self, in_place):
        super().__init__()
        self.in_place = in_place
        self.layer, self.head = nn.Linear(8, 8), nn.Linear(8, 3)

    def forward(self, images):
        images = images.sub_(0.5).div_(0.25) if self.in_place else (images - 0.5) / 0.25
        return self.head(self.layer(images).relu())


def normalising(in_place):
    torch.manual_seed(0)
    return Normalising(in_place).eval()


@pytest.fixture
def images():
    return torch.rand(24, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def labels():
    return torch.arange(24) % 3


USES = {
    "evaluate": lambda network, images, labels: evaluate(network, "sonos-a", images, labels, images, chips=1),
    "convert": lambda network, images, labels: convert(network, "sonos-a", images),
    "statistics": lambda network, images, labels: gather_statistics(network, "sonos-a", images),
    "fine_tune": lambda network, images, labels: fine_tune(network, "sonos-a", images, labels, images, epochs=1),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("network", [normalising(True), nn.Sequential(nn.ReLU(inplace=True), nn.Linear(8, 3)).eval()])
def test_inputs_stay_as_they_were(network, use, images, labels):
    given = images - 0.5
    before = given.clone()
    USES[use](network, given, labels)
    assert torch.equal(given, before)


def test_a_network_that_normalises_in_place_is_like_one_that_does_not(images, labels):
    results = [evaluate(normalising(flag), "sonos-a", images, labels, images, chips=2) for flag in (True, False)]
    assert results[0] == results[1]
    analog = [convert(normalising(flag), "sonos-a", images) for flag in (True, False)]
    assert conversion_of(analog[0]).calibration == conversion_of(analog[1]).calibration
    assert all(torch.equal(call.arguments[0], images[:8]) for call in Inputs.of(images, analog[0]).calls[:1])


class Residual(nn.Module):
    """Two convolutions and what they add to, as in torchvision."""

    def __init__(self, in_place):
        super().__init__()
        self.in_place = in_place
        self.first, self.second = nn.Conv2d(3, 3, 3, padding=1), nn.Conv2d(3, 3, 3, padding=1)
        self.norm, self.relu = nn.BatchNorm2d(3), nn.ReLU(inplace=in_place)

    def forward(self, images):
        outputs = self.norm(self.second(self.relu(self.first(images))))
        if self.in_place:
            outputs += images
            return self.relu(outputs)
        return self.relu(outputs + images)


@pytest.mark.parametrize("design", ["sonos-a", "ideal"])
def test_errors_of_layers_are_those_of_what_the_layers_gave(design, labels):
    images = torch.randn(24, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    found = []
    for in_place in (True, False):
        torch.manual_seed(0)
        network = nn.Sequential(Residual(in_place), Residual(in_place), nn.Flatten(), nn.Linear(108, 3)).eval()
        found.append(evaluate(network, design, images, labels, images, chips=2).layers)
    assert found[0] == found[1]
    first = found[0][0]
    assert first.accumulated_db == first.own_db  # nothing is before it
