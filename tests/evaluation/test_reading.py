"""What a measure compares is decided once, over all samples, and by what the network does."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from bitline import evaluate
from bitline.data.samples import samples_of
from bitline.errors import DataError
from bitline.evaluation.reading import Reading
from bitline.evaluation.remedies import fine_tune
from bitline.measures import measure_of


def float_value(network, data, metric, **options):
    return evaluate(network.eval(), "ideal", data, metric=metric, calibration=data, chips=1, **options).float_value


class Copy(nn.Module):
    def forward(self, input_ids, attention_mask):
        return input_ids


@pytest.mark.parametrize(("labels", "missing"), [(torch.ones(2, 3).long(), -100), (torch.ones(2, 3), float("nan"))])
def test_targets_of_padding_do_not_count(labels, missing):
    mask = torch.tensor([[1, 1, 0], [1, 0, 0]])
    data = {"input_ids": torch.ones(2, 3).long(), "attention_mask": mask, "labels": labels}
    samples = samples_of(data, None, Copy())
    (batch,) = samples.batches(8)
    reading = Reading.of(Copy(), measure_of("mse"), lambda: samples.batches(8))
    expected = torch.where(mask.bool(), 1.0, missing)
    assert torch.equal(reading.targets_of(batch).double().nan_to_num(-1), expected.double().nan_to_num(-1))


@pytest.mark.parametrize("batch", [1, 2, 64])
def test_a_tagger_is_no_language_model(batch):
    """Samples whose labels are their tokens by chance were shifted where they were a batch: 95 % of right answers."""

    class Parity(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(2, 2)

        def forward(self, tokens):
            return self.fc(nn.functional.one_hot(tokens.cumsum(1) % 2, 2).float())

    network = Parity().eval()
    with torch.no_grad():
        network.fc.weight.copy_(5 * torch.eye(2))
        network.fc.bias.zero_()
    tokens = torch.randint(0, 2, (60, 3), generator=torch.Generator().manual_seed(0))
    loader = DataLoader(TensorDataset(tokens, tokens.cumsum(1) % 2), batch_size=batch)
    result = evaluate(network, "ideal", loader, metric="position-accuracy", calibration=tokens, chips=1, batch=batch)
    assert result.float_value == 1 and not any("next token" in note for note in result.notes)


class SourceAndTarget(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.head = nn.Embedding(12, 16), nn.Linear(16, 12)

    def forward(self, src, tgt, src_key_padding_mask=None, tgt_key_padding_mask=None):
        read = self.embedding(src).masked_fill(src_key_padding_mask[..., None], 0)
        return self.head(self.embedding(tgt) + read.mean(1, keepdim=True))


@pytest.mark.parametrize("by_place", [False, True])
def test_padding_of_a_source_is_none_of_the_target(by_place):
    """Sources and targets of one length: 100 % of targets of which half are wrong."""
    torch.manual_seed(0)
    network = SourceAndTarget().eval()
    src, tgt = torch.randint(1, 12, (20, 8)), torch.randint(1, 12, (20, 8))
    mask = (torch.arange(8) > 3).expand(20, 8)
    with torch.no_grad():
        labels = network(src, tgt, mask).argmax(-1)
    labels[:, 4:] = (labels[:, 4:] + 1) % 12
    data = (src, tgt, mask, labels) if by_place else {"src": src, "tgt": tgt, "src_key_padding_mask": mask}
    if not by_place:
        data["labels"] = labels
        with_own = data | {"tgt_key_padding_mask": mask}
        assert float_value(network, with_own, "position-accuracy") == 1
    assert float_value(network, data, "position-accuracy") == 0.5


@pytest.mark.parametrize("with_types", [False, True])
def test_inputs_are_found_that_have_the_positions_of_the_mask(with_types):
    """A decoder by another name has positions of its own; token types have those of the tokens."""

    class Decoder(SourceAndTarget):
        def forward(self, src, types_or_answer, attention_mask):
            if not with_types:
                return super().forward(src, types_or_answer, attention_mask == 0)
            return self.head((self.embedding(src) + self.embedding(types_or_answer)) * attention_mask[..., None])

    torch.manual_seed(0)
    network, mask = Decoder().eval(), (torch.arange(8) < 4).expand(20, 8).long()
    data = {name: torch.randint(1, 12, (20, 8)) for name in ("src", "types_or_answer")} | {"attention_mask": mask}
    with torch.no_grad():
        labels = network(**data).argmax(-1)
    labels[:, 4:] = (labels[:, 4:] + 1) % 12
    found = float_value(network, data | {"labels": labels}, "position-accuracy")
    assert found == (1 if with_types else 0.5)


@pytest.mark.parametrize("length", [None, 6])
@pytest.mark.parametrize("outputs", [6, 7])
def test_as_many_outputs_as_positions_are_no_positions(outputs, length):
    class Mean(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, outputs)

        def forward(self, x, attention_mask):
            if length is not None and x.shape[1] != length:
                raise ValueError("another length")
            return self.fc((x * attention_mask[..., None]).sum(1) / attention_mask.sum(1, keepdim=True))

    network, mask = Mean().eval(), torch.ones(20, 6)
    mask[:, 3:] = 0
    data = {"x": torch.rand(20, 6, 4), "attention_mask": mask}
    with torch.no_grad():
        labels = network(**data)
    labels[:, 3:] += 1
    found = float_value(network, data | {"labels": labels}, "mse")
    assert found == pytest.approx((outputs - 3) / outputs, rel=1e-5)


@pytest.mark.parametrize("length", [None, 6])
@pytest.mark.parametrize("zeroed", [False, True])
def test_outputs_at_positions_are_known_by_what_padding_does(length, zeroed):
    class Each(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 1)

        def forward(self, x, attention_mask):
            if length is not None and x.shape[1] != length:
                raise ValueError("another length")
            return self.fc(x)[..., 0] * (attention_mask if zeroed else 1)

    network, mask = Each().eval(), torch.ones(20, 6)
    mask[:, 3:] = 0
    data = {"x": torch.rand(20, 6, 4), "attention_mask": mask}
    with torch.no_grad():
        labels = network(**data)
    labels[:, 3:] += 1
    assert float_value(network, data | {"labels": labels}, "mse") == pytest.approx(0, abs=1e-10)


class Frames(nn.Module):
    """Scores of classes last, or second, of as many positions as classes."""

    def __init__(self, classes, axis, length=None):
        super().__init__()
        self.fc, self.axis, self.length = nn.Linear(4, classes), axis, length

    def forward(self, x):
        if self.length is not None and x.shape[1] != self.length:
            raise ValueError("another length")
        return self.fc(x).movedim(-1, self.axis)


@pytest.mark.parametrize("axis", [1, -1])
@pytest.mark.parametrize("shape", [(9,), (10,), (10, 10)])
@pytest.mark.parametrize("metric", ["position-accuracy", "iou", "f1"])
def test_the_axis_of_the_classes_is_found_by_what_the_network_does(axis, shape, metric):
    """A right network was right in 14 % of its positions where these were as many as classes."""
    torch.manual_seed(0)
    network, inputs = Frames(10, axis).eval(), torch.randn(20, *shape, 4)
    with torch.no_grad():
        labels = network(inputs).argmax(axis)
    assert float_value(network, (inputs, labels), metric) == 1


@pytest.mark.parametrize("axis", [1, -1])
def test_training_takes_the_same_axis_of_classes(axis):
    torch.manual_seed(0)
    inputs = torch.randn(60, 5, 4)
    labels = inputs.argmax(-1)
    network = Frames(5, axis).eval()
    tuned = fine_tune(
        network, "ideal", inputs, labels, metric="position-accuracy", epochs=15, learning_rate=0.1, batch=10
    )
    assert float_value(tuned.network, (inputs, labels), "position-accuracy") > 0.9


def test_an_axis_of_classes_that_stays_open_is_refused():
    inputs = torch.randn(20, 10, 4)
    with pytest.raises(DataError, match="the second axis or the last"):
        float_value(Frames(10, -1, length=10), (inputs, torch.zeros(20, 10).long()), "position-accuracy")
    for axis in (1, -1):  # a label where the classes are says which it is
        network = Frames(10, axis, length=10).eval()
        with torch.no_grad():
            labels = network(inputs).argmax(axis, keepdim=True)
        assert float_value(network, (inputs, labels), "position-accuracy") == 1


@pytest.mark.parametrize("value", [-1e4, 0.5])
def test_a_mask_that_is_added_to_scores_is_refused(value):
    """All of its values that are not 0 were real: only padding was measured."""

    class Masked(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 3)

        def forward(self, x, attention_mask=None):
            return self.fc(x)

    mask = torch.zeros(20, 5)
    mask[:, 3:] = value
    data = {"x": torch.rand(20, 5, 4), "attention_mask": mask, "labels": torch.zeros(20, 5).long()}
    with pytest.raises(DataError, match=f"'attention_mask' holds {value:g}, and says by whole numbers"):
        float_value(Masked(), data, "position-accuracy")
