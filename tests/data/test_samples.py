"""Whatever users give, the network sees the same samples."""

from __future__ import annotations

import warnings
from collections import UserDict

import numpy as np
import pandas
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, StackDataset, TensorDataset

import bitline.data
from bitline.data.samples import samples_of
from bitline.errors import DataError, LeftOutWarning
from bitline.nn import Inputs

GENERATOR = torch.Generator().manual_seed(0)
INPUTS = torch.randn(23, 4, generator=GENERATOR)
TARGETS = torch.randint(0, 3, (23,), generator=GENERATOR)
NETWORK = nn.Linear(4, 3)


class Items(Dataset):
    """A data set of dictionaries, as those of Hugging Face."""

    def __len__(self):
        return len(INPUTS)

    def __getitem__(self, place):
        return {"input": INPUTS[place].tolist(), "labels": int(TARGETS[place]), "idx": place}


FORMS = {
    "tensors": (INPUTS, TARGETS),
    "arrays": (INPUTS.numpy(), TARGETS.numpy()),
    "lists": (list(INPUTS), TARGETS.tolist()),
    "a tuple": ((INPUTS, TARGETS), None),
    "double precision": ((INPUTS.double(), TARGETS), None),
    "a mapping": ({"input": INPUTS, "labels": TARGETS, "idx": torch.arange(23)}, None),
    "a batch of Hugging Face": (UserDict({"input": INPUTS, "labels": TARGETS}), None),
    "a data set": (TensorDataset(INPUTS, TARGETS), None),
    "a data set of dictionaries": (Items(), None),
    "pairs": (list(zip(INPUTS, TARGETS, strict=True)), None),
    "a loader": (DataLoader(TensorDataset(INPUTS, TARGETS), batch_size=5), None),
    "a loader of dictionaries": (
        DataLoader(list({"input": x, "labels": y} for x, y in zip(INPUTS, TARGETS, strict=True)), batch_size=5),
        None,
    ),
    "a generator": ((batch for batch in DataLoader(TensorDataset(INPUTS, TARGETS), batch_size=5)), None),
    "a data set of bitline": (bitline.data.Dataset(INPUTS, TARGETS), None),
    "tables": (pandas.DataFrame(INPUTS.numpy()), pandas.Series(TARGETS.numpy(), index=range(100, 123))),
    "samples": (samples_of(INPUTS, TARGETS, NETWORK), None),
}


def together(samples, size):
    batches = list(samples.batches(size))
    assert all(0 < len(batch) <= size for batch in batches)
    targets = [torch.as_tensor(batch.targets) for batch in batches]
    return torch.cat([batch.call.tensors()[0] for batch in batches]), torch.cat(targets)


class Masked(nn.Linear):
    def forward(self, input, attention_mask=None):
        return super().forward(input)


@pytest.mark.parametrize("given", [{"idx": torch.arange(23)}, {"idx": torch.arange(23), "text": list("a" * 23)}])
def test_entries_that_the_network_has_no_argument_for_are_told(given):
    for take in (lambda: samples_of({"input": INPUTS, "labels": TARGETS, **given}, None, NETWORK),
                 lambda: Inputs.of({"input": INPUTS, "labels": TARGETS, **given}, NETWORK),
                 lambda: Inputs.of([{"input": INPUTS, "labels": TARGETS, **given}], NETWORK)):  # fmt: skip
        with pytest.warns(LeftOutWarning, match="Linear has no argument for .*, which are left out: 'idx'"):
            take()


def test_targets_are_not_left_out_and_arguments_are_not_told():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        samples_of({"input": INPUTS, "targets": TARGETS}, None, NETWORK)
        Inputs.of({"input": INPUTS, "attention_mask": torch.ones(23, 4), "y": TARGETS}, Masked(4, 3))


def test_a_misspelt_argument_is_refused():
    given = {"input": INPUTS, "labels": TARGETS, "attention_masks": torch.ones(23, 4)}
    for take in (lambda: samples_of(given, None, Masked(4, 3)), lambda: Inputs.of(given, Masked(4, 3))):
        with pytest.raises(DataError, match="no argument called 'attention_masks': did you mean 'attention_mask'"):
            take()


@pytest.mark.parametrize("name", FORMS)
def test_all_forms_are_the_same_samples(name):
    samples = samples_of(*FORMS[name], NETWORK)
    assert len(samples) == 23
    for part, first, last in ((samples, 0, 23), (samples.part(4, 17).part(2, None), 6, 17)):
        inputs, targets = together(part, 3)
        assert torch.allclose(inputs, INPUTS[first:last]) and inputs.dtype == torch.float32
        assert torch.equal(targets.long(), TARGETS[first:last])
    again = together(samples, 8)[0]
    assert torch.equal(again, together(samples, 64)[0])


def test_samples_of_other_lengths_are_never_padded():
    sentences = [torch.arange(1, 1 + length) for length in (3, 3, 5, 2)]
    samples = samples_of([{"input": each, "labels": each} for each in sentences], None, NETWORK)
    assert [tuple(batch.targets.shape) for batch in samples.batches(64)] == [(2, 3), (1, 5), (1, 2)]


def test_a_loader_that_yields_something_else_is_noticed():
    torch.manual_seed(0)
    samples = samples_of(DataLoader(TensorDataset(INPUTS, TARGETS), batch_size=5, shuffle=True), None, NETWORK)
    with pytest.raises(DataError, match="not the same when it is read again, from batch 0 on: give a DataLoader"):
        list(samples.batches(8))

    class Shrinking(list):
        def __iter__(self):
            yield from [(INPUTS, TARGETS)] * len(self)
            self.clear()

        __getitem__ = None

    shrinking = Shrinking([1])
    with pytest.raises(DataError, match="not the same"):
        list(samples_of(iter_only(shrinking), None, NETWORK).batches(8))


def iter_only(source):
    """Something that can be iterated, and nothing else."""

    class Loader:
        def __iter__(self):
            return iter(source)

    return Loader()


@pytest.mark.parametrize(
    ("data", "labels", "words"),
    [
        (INPUTS, TARGETS[:5], "23 samples and 5 labels"),
        ((INPUTS, TARGETS[:5]), None, "23 samples and 5 labels"),
        (TensorDataset(INPUTS, TARGETS), TARGETS, "labels are given apart: they go with a tensor"),
        ((INPUTS, INPUTS, TARGETS), None, "Linear takes 1 inputs, and there are 2"),
        (
            {"x": INPUTS, "labels": TARGETS},
            None,
            "no argument called x: use one of input",
        ),
        (INPUTS * float("nan"), TARGETS, "NaN or infinite"),
        ([(INPUTS[0] * float("inf"), 1)], None, "NaN or infinite"),
        ([], None, "yields no sample"),
        (zip(INPUTS, TARGETS, strict=True), None, "4 samples and a single label: .* single samples, give a DataLoader"),
        (DataLoader(TensorDataset(INPUTS, TARGETS), batch_size=None), None, "a DataLoader that makes batches of them"),
        (
            DataLoader([(INPUTS[0], {"boxes": 1, "id": 2})] * 3),
            None,
            "the labels are a dict of boxes, id: give a tensor",
        ),
        (["text"], None, "samples are tensors or arrays"),
        ("images.npz", None, "the data is a str"),
        (7, TARGETS, "the data is an int"),
    ],
)
def test_what_is_no_data_is_refused(data, labels, words):
    with pytest.raises(DataError, match=words):
        samples_of(data, labels, NETWORK)


def test_a_data_set_that_fails_is_named():
    class Failing(Dataset):
        def __len__(self):
            return 3

        def __getitem__(self, place):
            raise OSError("disk on fire")

    with pytest.raises(DataError, match=r"the data fails with OSError: disk on fire \(.*test_samples.py:\d+\)"):
        samples_of(Failing(), None, NETWORK)


def test_arrays_of_another_byte_order_and_numbers_of_half_precision():
    swapped = INPUTS.numpy().astype(">f4")
    assert torch.equal(together(samples_of(swapped, TARGETS, NETWORK), 64)[0], INPUTS)
    half = samples_of(INPUTS.half(), TARGETS, NETWORK).first(3).call.tensors()[0]
    assert half.dtype == torch.float32 and np.allclose(half, INPUTS[:3], atol=1e-2)


def cut(*tensors):
    """Batches as `list(loader)` has them."""
    return [list(batch) for batch in zip(*(tensor.split(5) for tensor in tensors), strict=True)]


IMAGES = torch.randn(23, 3, 6, 6, generator=GENERATOR)
CLASSIFIER = nn.Sequential(nn.Conv2d(3, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(32, 3))


@pytest.mark.parametrize(
    "given",
    [
        cut(IMAGES, TARGETS),
        cut(IMAGES),
        list(IMAGES.split(5)),
        [{"input": images, "labels": classes} for images, classes in cut(IMAGES, TARGETS)],
        list(zip(IMAGES, TARGETS, strict=True)),
        list(IMAGES),
        list(zip(IMAGES, IMAGES, strict=True)),  # as many channels as targets
    ],
)
def test_a_list_is_read_as_what_the_network_takes(given):
    """Six batches were measured as six samples, with other intervals."""
    before = CLASSIFIER[1].running_mean.clone()
    samples = samples_of(given, None, CLASSIFIER)
    assert len(samples) == 23
    inputs = torch.cat([batch.call.tensors()[0] for batch in samples.batches(4)])
    assert torch.equal(inputs, IMAGES) and torch.equal(CLASSIFIER[1].running_mean, before)


@pytest.mark.parametrize("given", [cut(INPUTS, TARGETS), cut(INPUTS), list(INPUTS.split(5))])
def test_a_list_of_batches_or_sequences_is_refused(given):
    with pytest.raises(DataError, match="5 rows, which Linear takes as a batch and as one sample: give batches as a"):
        samples_of(given, None, NETWORK)
    assert len(samples_of(DataLoader(TensorDataset(INPUTS, TARGETS), batch_size=5), None, NETWORK)) == 23
    lengths = [5, 3, 8, 7]  # no loader makes such batches
    ragged = list(zip(INPUTS.split(lengths), TARGETS.split(lengths), strict=True))
    assert len(samples_of(ragged, None, NETWORK)) == 4
    sequences = samples_of(StackDataset(INPUTS.split(5), TARGETS.split(5)), None, NETWORK)
    assert [len(batch) for batch in sequences.batches(8)] == [4, 1]
