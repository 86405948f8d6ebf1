"""A cost says which sample it is of where samples differ."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from bitline import evaluate
from bitline.cost import gather_statistics, network_cost
from bitline.cost.sample_sizes import SampleSizes
from bitline.data.call import Call
from bitline.data.sample_list import SampleList


class Tagger(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embedded, self.fc, self.out = nn.Embedding(50, 8), nn.Linear(8, 8), nn.Linear(8, 2)

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        hidden = torch.relu(self.fc(self.embedded(input_ids)))
        weights = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        return self.out((hidden * weights[..., None]).sum(1) / weights.sum(1, keepdim=True))


def texts(*lengths: int, batch: int = 1) -> list[dict[str, Tensor]]:
    return [{"input_ids": torch.arange(batch * length).reshape(batch, length) % 50} for length in lengths]


def notes_of(inputs) -> list[str]:
    cost = network_cost(gather_statistics(Tagger().eval(), "sonos-a", inputs), "sonos-a")
    return [note for note in cost.notes if "first one" in note]


def test_a_note_names_the_size_that_a_cost_holds_for():
    """It was that of the first sample without a word: 15 times more for a long text than for a short one."""
    (short,), (long,) = notes_of(texts(4, 64, 64)), notes_of(texts(64, 4, 64))
    assert "those of the first one, with input_ids of shape (4,); another one has (64,)" in short
    assert "with input_ids of shape (64,); another one has (4,)" in long
    assert not notes_of(texts(64, 64, batch=3)) + notes_of(texts(64, batch=3) + texts(64, batch=2))


@pytest.mark.parametrize(("first", "real"), [(3, 3), (8, 8)])
def test_padding_is_named_where_it_costs(first, real):
    lengths = torch.tensor([first, 8, 5])
    mask = (torch.arange(8) < lengths[:, None]).long()
    inputs = {"input_ids": torch.arange(24).reshape(3, 8), "attention_mask": mask}
    (note,) = notes_of(inputs)
    assert f"of 8 positions, {real} of them real; padding costs what they cost" in note
    assert not notes_of({**inputs, "attention_mask": torch.ones_like(mask)})


def test_evaluations_say_so_too():
    loader = DataLoader([{**text, "labels": torch.tensor([0])} for text in texts(4, 9, 9, 9)], batch_size=None)
    result = evaluate(Tagger().eval(), "sonos-a", loader, calibration=loader, chips=1)
    assert any("with input_ids of shape (4,); another one has (9,)" in note for note in result.cost.notes)


def test_pictures_in_lists_and_steps_that_come_first():
    pictures = SampleList((torch.ones(3, 4, 4), torch.ones(3, 6, 4)))
    sizes = SampleSizes.of([Call((pictures,), {})])
    assert (sizes.shapes, sizes.others) == ((("", (3, 4, 4)),), (("", (3, 6, 4)),))
    steps_first = [Call((torch.ones(7, count, 3),), {"mask": torch.ones(count, 7)}, axis=1) for count in (4, 4, 2)]
    sizes = SampleSizes.of(steps_first)
    assert (sizes.shapes, sizes.notes) == ((("", (7, 3)), ("mask", (7,))), ())
