"""Images are read where they are used, decoded once, and shared; whatever happens to the cache, they are the same."""

from __future__ import annotations

import os
import pickle
import zipfile
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from bitline import evaluate
from bitline.data import Preprocess, load_dataset
from bitline.data.cache import Cache
from bitline.data.preprocess import CIFAR10, FASHION_MNIST, IMAGENET
from bitline.data.stored_images import StoredImages
from bitline.errors import DataError
from bitline.study import Study
from bitline.study.workload import load

RNG = np.random.default_rng(0)
COUNT = 24
PICTURES = RNG.integers(0, 256, (COUNT, 9, 8, 3), dtype=np.uint8)
CROPPED = Preprocess((3, 8, 8), (0.4, 0.5, 0.6), (0.2, 0.3, 0.7))
EXPECTED = CROPPED(torch.tensor(PICTURES[:, :8]).permute(0, 3, 1, 2).contiguous())
LABELS = [0, 1, 2, 2, 1, 0, 1, 0, 2, 0, 2, 1] * 2


@pytest.fixture
def source(tmp_path):
    """A folder of pictures in random order."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index, picture in enumerate(PICTURES):
        Image.fromarray(picture).save(folder / f"{index:02}.png")
    rows = "".join(f"{index:02}.png,{label}\n" for index, label in enumerate(LABELS))
    (folder / "labels.csv").write_text("file,label\n" + rows)
    return folder


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache that keeps the smallest images, too."""
    monkeypatch.setenv("BITLINE_CACHE", str(tmp_path / "cache"))
    for module in ("_picture_pixels", "_digests"):
        monkeypatch.setattr(f"bitline.data.{module}.SMALL", 0)
    monkeypatch.setattr("bitline.data._digests.SETTLED", 0)
    return Cache(tmp_path / "cache")


@pytest.fixture
def decoded_names(monkeypatch):
    """Names of the pictures that are decoded."""
    names = []
    module = import_module("bitline.data._picture_pixels")
    original = module.cropped

    def watched(content, name, wanted):
        names.append(name.rsplit("/", 1)[-1])
        return original(content, name, wanted)

    monkeypatch.setattr(module, "cropped", watched)
    return names


def read(source, count=None, calibration=4):
    part = load_dataset(source, CROPPED).split(count, calibration)
    return part.stored.decoded()


def exact(images, expected):
    assert torch.equal(images.tensor(), expected)
    assert torch.equal(torch.cat(list(images.split(3))), expected)


def test_only_pictures_that_are_asked_for_are_decoded(source, decoded_names):
    part = load_dataset(source, CROPPED).split(5, 4)
    assert torch.equal(part.images, EXPECTED[:5]) and torch.equal(part.calibration, EXPECTED[-4:])
    assert {int(name[:2]) for name in decoded_names} == {*range(5), *range(20, 24)}


def test_a_damaged_picture_is_met_where_it_is_used(source):
    (source / "07.png").write_bytes(b"nothing")
    assert torch.equal(load_dataset(source, CROPPED).split(7, 4).images, EXPECTED[:7])
    with pytest.raises(DataError, match=r"cannot read the picture .*07\.png: it is damaged"):
        _ = load_dataset(source, CROPPED).split(8, 4).images


def test_arrays_are_normalised_batch_by_batch(tmp_path):
    np.savez(tmp_path / "a.npz", images=PICTURES[:, :8], labels=LABELS)
    part = load_dataset(tmp_path / "a.npz", CROPPED).split(10, 4)
    exact(part.stored.decoded(), EXPECTED[:10])
    exact(part.stored[2:5], EXPECTED[2:5])
    assert part.stored.decoded().pixels.values.dtype == torch.uint8


@pytest.mark.parametrize("preprocess", [FASHION_MNIST, CIFAR10, IMAGENET, CROPPED])
def test_tables_of_inputs_are_those_of_the_arithmetic(preprocess):
    """What graphics cards look up: they divide by a constant in another way."""
    channels = preprocess.shape[0]
    every = torch.arange(256, dtype=torch.uint8).repeat(2 * channels).reshape(2, channels, 16, 16)
    assert torch.equal(preprocess.looked_up(every), preprocess(every))
    features = torch.arange(256, dtype=torch.uint8).reshape(64, 4)
    plain = Preprocess(None, (0.1, 0.2, 0.3, 0.4), (0.5, 0.6, 0.7, 0.8))
    assert torch.equal(plain.looked_up(features), plain(features))


def test_evaluation_of_stored_images_is_that_of_tensors(source):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(192, 3)).eval()
    part = load_dataset(source, CROPPED).split(12, 4)
    rest = (part.labels, part.calibration)
    stored = evaluate(network, "differential", part.stored, *rest, chips=2, batch=5)
    assert stored.to_dict() == evaluate(network, "differential", part.images, *rest, chips=2, batch=5).to_dict()


# The cache


def test_pictures_are_decoded_once(source, cache, decoded_names):
    exact(read(source, 10), EXPECTED[:10])
    assert len(cache.files("pixels")) == 1
    decoded_names.clear()
    exact(read(source, 10), EXPECTED[:10])
    exact(read(source, 6), EXPECTED[:6])
    assert set(decoded_names) <= {"00.png", "01.png"}  # which show whether the source is of the right kind
    decoded_names.clear()
    exact(read(source, 15), EXPECTED[:15])
    assert set(decoded_names) <= {"00.png", "01.png", *(f"{number}.png" for number in range(10, 15))}
    assert len(cache.files("pixels")) == 1  # the larger file has all of the smaller one


def test_a_changed_picture_is_decoded_again(source, cache):
    """Neither its size nor its time says so."""
    read(source, 10)
    path = source / "03.png"
    before = path.stat()
    content = bytearray(path.read_bytes())
    other = source.parent / "other.png"
    Image.fromarray(255 - PICTURES[3]).save(other)
    changed = other.read_bytes()
    assert len(changed) == len(content)
    path.write_bytes(changed)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    got = read(source, 10).tensor()
    wanted = CROPPED(torch.tensor(255 - PICTURES[3:4, :8]).permute(0, 3, 1, 2))
    assert torch.equal(got[3:4], wanted) and torch.equal(got[4:], EXPECTED[4:10])


DAMAGE = {
    "a pixel": lambda content: content[:-1] + bytes([content[-1] ^ 1]),
    "its head": lambda content: content[:30] + bytes([content[30] ^ 1]) + content[31:],
    "cut off": lambda content: content[:-100],
    "another kind": lambda content: b"<html>" * 1000,
    "empty": lambda content: b"",
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("kind", ["pixels", "digests"])
def test_damaged_files_are_never_trusted(source, cache, kind, damage):
    read(source, 10)
    (file,) = cache.files(kind)
    file.write_bytes(DAMAGE[damage](file.read_bytes()))
    exact(read(source, 10), EXPECTED[:10])
    exact(read(source, 10), EXPECTED[:10])


def test_other_processes_map_the_same_file(source, cache):
    images = read(source, 10)
    sent = pickle.dumps(images.share_memory_())
    assert len(sent) < 8000  # without the pixels
    exact(pickle.loads(sent), EXPECTED[:10])
    held = pickle.loads(sent)
    assert len(held[:1].tensor())
    for file in cache.files("pixels"):
        file.unlink()
    exact(held, EXPECTED[:10])  # its file is open
    exact(pickle.loads(sent), EXPECTED[:10])  # decoded again


def test_machines_that_do_not_see_the_files_get_bytes(source, cache):
    sent = read(source, 10).in_memory()
    assert sent.pixels.values.dtype == torch.uint8
    for file in (*cache.files("pixels"), *source.iterdir()):
        file.unlink()
    exact(pickle.loads(pickle.dumps(sent)), EXPECTED[:10])


def test_several_may_decode_at_once(source, cache):
    with ThreadPoolExecutor(4) as pool:
        for images in pool.map(lambda count: read(source, count), [10, 12, 10, 12]):
            exact(images, EXPECTED[: len(images)])
    assert all(not file.name.endswith(".part") for file in cache.files("pixels"))


def test_what_was_not_used_for_longest_goes_first(source, cache, monkeypatch):
    read(source, 10)
    (first,) = cache.files("pixels")
    os.utime(first, (1, 1))
    monkeypatch.setattr("bitline.data.cache.LARGEST", 3 * 4096)
    part = load_dataset(source, CROPPED).split(10, 10)
    exact(part.stored_calibration.decoded(), EXPECTED[-10:])
    assert first not in cache.files("pixels") and len(cache.files("pixels")) == 1


@pytest.mark.parametrize("place", ["off", "", "labels.csv"])
def test_there_need_not_be_a_cache(source, cache, monkeypatch, place):
    """Switched off, or where there is no folder."""
    monkeypatch.setenv("BITLINE_CACHE", str(source / place) if "." in place else place)
    exact(read(source, 10), EXPECTED[:10])
    assert cache.files("pixels") == []


def test_a_full_disk_is_no_fault(source, cache, monkeypatch):
    monkeypatch.setattr("bitline.data.cache.FREE", 1 << 60)
    exact(read(source, 10), EXPECTED[:10])
    assert cache.files("pixels") == [] and read(source, 10).notes == ()
    monkeypatch.setattr("bitline.data._picture_pixels.LARGE", 0)
    (note,) = read(source, 10).notes
    assert str(cache.folder) in note and "no room" in note


# What tells data sets apart


def test_a_digest_is_of_all_images_and_of_how_they_are_read(source, cache):
    digest = load_dataset(source, CROPPED).digest()
    with zipfile.ZipFile(source.parent / "packed.zip", "w") as packed:
        for file in sorted(source.iterdir()):
            packed.write(file, f"inside/{file.name}")
    assert load_dataset(source.parent / "packed.zip", CROPPED).digest() == digest
    other = Preprocess((3, 8, 8), (0.4, 0.5, 0.6), (0.2, 0.3, 0.8))
    assert load_dataset(source, other).digest() != digest
    Image.fromarray(255 - PICTURES[-1]).save(source / "23.png")
    assert load_dataset(source, CROPPED).digest() != digest


def test_a_store_may_get_more_images(tmp_path, cache):
    """The facts of a study do not depend on how many images it classifies."""
    for index, picture in enumerate(RNG.integers(0, 256, (30, 28, 28), dtype=np.uint8)):
        (tmp_path / "set" / f"{index % 10}").mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(tmp_path / "set" / f"{index % 10}" / f"{index}.png")
    few, more = (
        load(Study(data={"source": str(tmp_path / "set"), "images": count, "calibration_images": 5})).facts
        for count in (10, 20)
    )
    assert few == more


def test_tensors_stay_as_they_are():
    images = StoredImages.of(torch.rand(5, 2))
    assert torch.equal(images[torch.tensor([3, 1])].tensor(), images.tensor()[[3, 1]])
