"""Training reads data as measuring does, in a new order in every pass."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, IterableDataset

from bitline import Design, convert, evaluate
from bitline.data.batch import Batch
from bitline.errors import CalibrationError, DataError
from bitline.evaluation.remedies import fine_tune
from bitline.evaluation.remedies.training import TrainingData
from bitline.measures import ACCURACY

TOKENS = torch.randint(0, 11, (40, 6), generator=torch.Generator().manual_seed(0))


class Tokens(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.head = nn.Embedding(11, 8), nn.Linear(8, 3)

    def forward(self, input_ids: Tensor) -> Tensor:
        return self.head(self.embedding(input_ids).mean(1))


class Items(Dataset):
    def __init__(self, items: list) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, number: int):
        return self.items[number]


class Stream(IterableDataset):
    def __iter__(self):
        return iter([(torch.ones(8), number % 3) for number in range(20)])


class CountedStream(Stream):
    def __len__(self) -> int:
        return 20


def read(data: object, network: nn.Module, seed: int = 0, size: int = 8) -> tuple[int, list[Batch]]:
    found = TrainingData.of(data, None, network, size, ACCURACY)
    return found.steps, list(found.batches(torch.Generator().manual_seed(seed)))


def test_lists_of_numbers_are_samples_and_not_their_places():
    """PyTorch's own batches of lists hold the first number of all samples, then the second one, ..."""
    lists = Items([{"input_ids": row.tolist(), "labels": number % 3} for number, row in enumerate(TOKENS)])
    tensors = Items([{"input_ids": row, "labels": number % 3} for number, row in enumerate(TOKENS)])
    for found, wanted in zip(read(lists, Tokens())[1], read(tensors, Tokens())[1], strict=True):
        assert found.call.keywords["input_ids"].shape == (8, 6)
        assert torch.equal(found.call.keywords["input_ids"], wanted.call.keywords["input_ids"])
        assert torch.equal(found.targets, wanted.targets)


def as_list(items: list) -> list:
    return items


@pytest.mark.parametrize("kind", [Items, as_list])
def test_items_of_several_lengths_are_batches_of_one_length(kind):
    items = [(row[: 2 + number % 3], number) for number, row in enumerate(TOKENS)]
    orders = []
    for seed in (0, 1):
        steps, batches = read(kind(items), Tokens(), seed)
        assert len(batches) == steps == 6  # 14, 13 and 13 items, 8 at once
        orders.append([int(number) for batch in batches for number in batch.targets])
        for batch in batches:
            (tokens,) = batch.call.arguments
            for row, number in zip(tokens, batch.targets, strict=True):
                assert torch.equal(row, items[int(number)][0])
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(40)) and orders[0] != orders[1]
    labelled = [(row[: 2 + number % 3], number % 3) for number, row in enumerate(TOKENS)]
    history = fine_tune(Tokens().eval(), Design(), kind(labelled), epochs=2, batch=8).history
    assert len(history) == 2 and evaluate(Tokens().eval(), Design(), kind(labelled), chips=1).images == 20


def test_lists_are_read_in_the_order_of_data_sets():
    items = [(row, number) for number, row in enumerate(torch.rand(40, 5))]
    for found, wanted in zip(read(items, nn.Linear(5, 3))[1], read(Items(items), nn.Linear(5, 3))[1], strict=True):
        assert torch.equal(found.targets, wanted.targets)
    assert [len(batch) for batch in read(items, nn.Linear(5, 3), size=30)[1]] == [30, 10]


UNCOUNTED = "does not say how many batches it has"
SINGLE = "where data yields single samples, give a DataLoader"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (Stream(), f"the Stream {UNCOUNTED}"),
        (DataLoader(Stream(), batch_size=4), f"the DataLoader {UNCOUNTED}"),
        (iter([]), UNCOUNTED),
        (CountedStream(), SINGLE),
        (Items([]), "the data is empty"),
        (Items([None, None]), "the data fails with TypeError"),
    ],
)
def test_unusable_data_is_refused(data, words):
    with pytest.raises(DataError, match=words):
        fine_tune(nn.Linear(8, 3).eval(), Design(), data, epochs=1)


def test_counted_streams_are_read_from_first_to_last():
    assert len(fine_tune(nn.Linear(8, 3).eval(), Design(), DataLoader(CountedStream(), 4), epochs=1).history) == 1
    convert(nn.Linear(8, 3).eval(), Design(), DataLoader(CountedStream(), 4))
    with pytest.raises(DataError, match=SINGLE):
        evaluate(nn.Linear(8, 3).eval(), Design(), CountedStream(), calibration=torch.rand(4, 8))
    with pytest.raises(CalibrationError, match="Linear cannot compute inputs"):
        convert(nn.Linear(8, 3).eval(), Design(), CountedStream())


class Failing(Items):
    def __getitem__(self, number: int):
        raise KeyError("picture 7")


def test_data_that_fails_is_named():
    with pytest.raises(CalibrationError, match="calibration inputs cannot be read, KeyError: 'picture 7'"):
        convert(nn.Linear(8, 3).eval(), Design(), Failing([1]))
    with pytest.raises(DataError, match="the data fails with KeyError: 'picture 7'"):
        fine_tune(nn.Linear(8, 3).eval(), Design(), Failing([1]))


def test_labels_that_are_given_twice_are_refused():
    network, x, labels = nn.Linear(4, 3).eval(), torch.rand(6, 4), torch.arange(6) % 3
    inside = {"input": x, "labels": labels}
    for data, apart in ((inside, labels), ((inside, labels), None)):
        with pytest.raises(DataError, match="labels are given twice"):
            evaluate(network, Design(), data, apart, x)
    assert evaluate(network, Design(), ({"input": x}, labels), None, x, chips=1).images == 6
