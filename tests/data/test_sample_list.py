"""Pictures of several sizes with their objects, as loaders for detection have them."""

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from bitline import Design, convert, evaluate
from bitline.data.samples import samples_of
from bitline.evaluation.remedies.fine_tune import fine_tune
from bitline.nn import Inputs

NOISY = Design().with_settings({"cell.device": {"kind": "state-proportional", "alpha": 0.1}, "adc.bits": 5})


class Finder(nn.Module):
    """The place of each picture where a score is largest, with the score."""

    def __init__(self):
        super().__init__()
        self.score = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 1, 1))

    def forward(self, pictures):
        found = []
        for picture in pictures:
            scores = self.score(picture[None])[0, 0]
            row, column = divmod(int(scores.argmax()), scores.shape[1])
            found.append({"place": torch.tensor([row, column]), "score": scores.max()})
        return found


def distance(outputs, targets):
    pairs = zip(outputs, targets, strict=True)
    return torch.stack([(each["place"] - there["places"]).abs().sum(1).min().double() for each, there in pairs])


@pytest.fixture
def network():
    torch.manual_seed(0)
    return Finder().eval()


@pytest.fixture
def items():
    draws = torch.Generator().manual_seed(0)
    return [
        (
            torch.rand(3, 6 + number % 3 // 2, 5, generator=draws),
            {"places": torch.randint(0, 5, (1 + number % 2, 2), generator=draws)},
        )
        for number in range(12)
    ]


def lists(items):
    return tuple(zip(*items, strict=True))


FORMS = {
    "whole": lambda items: {"data": lists(items)},
    "apart": lambda items: {"data": list(lists(items)[0]), "labels": lists(items)[1]},
    "items": lambda items: {"data": items},
    "loader": lambda items: {"data": DataLoader(items, batch_size=5, collate_fn=lists)},
    "batches": lambda items: {"data": list(DataLoader(items, batch_size=5, collate_fn=lists))},
    "one at once": lambda items: {"data": lists(items), "batch": 1},
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_pictures_and_objects_means_the_same(network, items, form):
    evaluated = {"metric": distance, "calibration": lists(items[:4]), "chips": 2}
    found = evaluate(network, NOISY, **FORMS[form](items), **evaluated)
    pictures, objects = lists(items)
    with torch.no_grad():
        assert found.float_value == pytest.approx(float(distance(network(list(pictures)), objects).mean()))
        analog = convert(network, NOISY, lists(items[:4]))
        first = float(distance(analog(list(pictures)), objects).mean())
    assert found.chip_values[0] == pytest.approx(first)
    assert found.layers == evaluate(network, NOISY, lists(items), **evaluated).layers


@pytest.mark.parametrize("form", ["whole", "items", "loader"])
def test_samples_with_other_objects_have_another_digest(network, items, form):
    def digest():
        return samples_of(FORMS[form](items)["data"], None, network).digest()

    before = digest()
    assert digest() == before
    items[3] = items[3][0], {"places": items[3][1]["places"] + 1}
    assert digest() != before


def test_calibration_takes_a_few_pictures_at_once(network, items):
    inputs = Inputs.of(lists(items), network)
    assert [call.samples for call in inputs.calls] == [8, 4]
    assert [call.samples for call in inputs.at_most(3).calls] == [3, 3, 2, 3, 1]
    assert [tensor.shape[1] for tensor in inputs.calls[1].tensors()] == [7, 6, 6, 7]


def test_a_network_learns_from_pictures_of_several_sizes(network, items):
    def loss(outputs, targets):
        numbers = torch.tensor([len(each["places"]) for each in targets])
        return nn.functional.mse_loss(torch.stack([each["score"] for each in outputs]), numbers.float())

    options = {"loss": loss, "metric": distance, "calibration": lists(items), "epochs": 4, "learning_rate": 0.01}
    for data in (items, DataLoader(items, batch_size=5, collate_fn=lists)):
        history = fine_tune(network, NOISY, data, **options).history
        assert history[-1].loss < history[0].loss
