"""Parts of a data set count what the whole counts."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from bitline import Design
from bitline.evaluation.measured_samples import MeasuredSamples
from bitline.evaluation.prepared import Prepared

GENERATOR = torch.Generator().manual_seed(0)
IMAGES = torch.randn(50, 6, generator=GENERATOR)
CLASSES = torch.randint(0, 3, (50,), generator=GENERATOR)
DATA = MeasuredSamples.labelled(IMAGES, CLASSES, batch=8)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return nn.Linear(6, 3).eval()


@pytest.mark.parametrize("batch", [1, 7, 50, 100])
def test_the_count_is_that_of_all_images_at_once(network, batch):
    right = int((network(IMAGES).argmax(1) == CLASSES).sum())
    data = MeasuredSamples.labelled(IMAGES, CLASSES, batch)
    assert data.values(network).sum() == right
    assert data.value(network) == right / 50


def test_parts_know_their_place_and_what_their_images_show():
    part = DATA.part(10, 30).part(5, 99)
    assert (part.first, len(part), part.batch) == (15, 15, 8)
    assert torch.equal(part.samples.first(99).call.tensors()[0], IMAGES[15:30])
    assert torch.equal(part.samples.first(99).targets, CLASSES[15:30])


def test_progress_counts_images(network):
    seen = []
    DATA.part(0, 20).values(network, seen.append)
    assert seen == [8, 16, 20]


def test_parts_meet_the_read_noise_of_the_whole(network):
    noisy = Design().with_settings({"cell.read_noise": {"kind": "state-independent", "alpha": 0.3}})
    prepared = Prepared.of(network, noisy, IMAGES, 0, IMAGES)
    prepared.program(2)
    whole = prepared.values(DATA).sum()
    last, rest = DATA.part(30, 50), prepared.values(DATA.part(0, 30)).sum()
    assert prepared.values(last).sum() + rest == whole
    assert prepared.values(replace(last, first=0)).sum() + rest != whole  # other reads, other noise
