"""Labelled images from every format, in the order they were written."""

from __future__ import annotations

import csv
import io
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from bitline.data import Dataset, Preprocess, load_dataset
from bitline.data.preprocess import CIFAR10, UNIT
from bitline.errors import DataError

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)
LABELS = np.array([2, 0, 1, 2, 0, 1])
PLAIN = Preprocess((3, 8, 8), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
EXPECTED = torch.tensor(PICTURES).permute(0, 3, 1, 2).float() / 255


def write_arrays(path):
    np.savez(path / "data.npz", images=PICTURES, labels=LABELS, calibration=PICTURES[:2])
    return path / "data.npz"


def write_sheet(path):
    sheet = PICTURES.reshape(2, 3, 8, 8, 3).transpose(0, 2, 1, 3, 4).reshape(16, 24, 3)
    Image.fromarray(sheet).save(path / "test.png")
    np.save(path / "test_labels.npy", LABELS)
    return path / "test.png"


def write_zip(path):
    with zipfile.ZipFile(path / "data.zip", "w") as archive:
        table = io.StringIO()
        writer = csv.writer(table)
        writer.writerow(["file", "label"])
        for index, (picture, label) in enumerate(zip(PICTURES, LABELS, strict=True)):
            content = io.BytesIO()
            Image.fromarray(picture).save(content, "png")
            archive.writestr(f"{index}.png", content.getvalue())
            writer.writerow([f"{index}.png", label])
        archive.writestr("labels.csv", table.getvalue())
    return path / "data.zip"


def write_listed_folder(path):
    folder = path / "listed"
    folder.mkdir()
    for index, picture in enumerate(PICTURES):
        Image.fromarray(picture).save(folder / f"{index}.png")
    rows = "".join(f"{index}.png,{label}\n" for index, label in enumerate(LABELS))
    (folder / "labels.csv").write_text("file,label\n" + rows)
    return folder


@pytest.mark.parametrize("write", [write_arrays, write_sheet, write_zip, write_listed_folder])
def test_images_and_labels_come_back_in_order(tmp_path, write):
    data = load_dataset(write(tmp_path), PLAIN)
    torch.testing.assert_close(data.images, EXPECTED)
    assert data.labels.tolist() == LABELS.tolist()


def test_a_folder_of_classes_is_read_class_by_class(tmp_path):
    for index, (picture, label) in enumerate(zip(PICTURES, LABELS, strict=True)):
        folder = tmp_path / f"class{label}"
        folder.mkdir(exist_ok=True)
        Image.fromarray(picture).save(folder / f"{index}.png")
    data = load_dataset(tmp_path, PLAIN)
    # spread over the classes or class by class: each image must still have its own label
    for image, label in zip(data.images, data.labels, strict=True):
        index = int((EXPECTED - image).abs().flatten(1).sum(1).argmin())
        assert LABELS[index] == int(label)
    assert sorted(data.labels.tolist()) == sorted(LABELS.tolist())


def test_images_are_normalised_once(tmp_path):
    np.savez(tmp_path / "a.npz", x=RNG.integers(0, 256, (2, 32, 32, 3), dtype=np.uint8), y=[0, 1])
    plain = load_dataset(tmp_path / "a.npz", Preprocess((3, 32, 32), (0, 0, 0), (1, 1, 1))).images
    mean = torch.tensor(CIFAR10.mean).reshape(3, 1, 1)
    deviation = torch.tensor(CIFAR10.deviation).reshape(3, 1, 1)
    torch.testing.assert_close(load_dataset(tmp_path / "a.npz", CIFAR10).images, (plain - mean) / deviation)


def test_larger_pictures_are_cropped_in_the_middle(tmp_path):
    large = np.zeros((1, 12, 8, 3), dtype=np.uint8)
    large[:, 2:10] = PICTURES[:1]
    (tmp_path / "a").mkdir()
    Image.fromarray(large[0]).save(tmp_path / "a" / "x.png")
    data = load_dataset(tmp_path, PLAIN)
    torch.testing.assert_close(data.images, EXPECTED[:1])
    assert any("8 x 12 pixels, and the network takes 8 x 8: their edges are cut off" in note for note in data.notes)


def test_split_takes_calibration_images_from_elsewhere(tmp_path):
    data = load_dataset(write_arrays(tmp_path), PLAIN)
    part = data.split(3, 1)
    assert (len(part.images), len(part.labels), len(part.calibration)) == (3, 3, 1)
    sheet = load_dataset(write_sheet(tmp_path), PLAIN).split(3, 2)
    for calibration in sheet.calibration:
        assert float((sheet.images - calibration).abs().flatten(1).sum(1).min()) > 0


def by_class(path, count=30, classes=10):
    """An archive in the order of its classes; each image says its class and its place."""
    labels = np.arange(classes).repeat(count)
    images = np.stack([labels, np.arange(len(labels))], 1).astype(np.float32)
    np.savez(path / "sorted.npz", images=images, labels=labels, calibration=images + 1000)
    np.savez(path / "whole.npz", images=images, labels=labels)
    return path


@pytest.mark.parametrize("images", [10, 25, 100])
def test_a_subset_has_every_class_in_its_share(tmp_path, images):
    part = load_dataset(by_class(tmp_path) / "whole.npz", UNIT).split(images, 50)
    for labels in (part.labels, part.calibration_labels):
        counts = torch.bincount(labels, minlength=10)
        assert int(counts.max() - counts.min()) <= 1
    assert part.images[:, 0].tolist() == part.labels.tolist()
    assert not set(part.images[:, 1].tolist()) & set(part.calibration[:, 1].tolist())
    assert len(part.calibration) == 50
    assert any("order of its classes" in note for note in part.notes)


def test_shares_of_unequal_classes_are_kept():
    labels = torch.tensor([0] * 5 + [1] * 50 + [2] * 500)
    data = Dataset(torch.arange(555)[:, None].float(), labels)
    for images, expected in {111: [1, 10, 100], 333: [3, 30, 300]}.items():
        found = torch.bincount(data.split(images, 0).labels, minlength=3)
        assert (found - torch.tensor(expected)).abs().max() <= 1
    assert sorted(data.spread().images.flatten().tolist()) == list(range(555))


def test_a_subset_depends_on_source_and_seed_only(tmp_path):
    data, again = (load_dataset(by_class(tmp_path) / "sorted.npz", UNIT) for _ in range(2))
    torch.testing.assert_close(data.split(40, 20).images, again.split(40, 20).images)
    torch.testing.assert_close(data.split(40, 20).images, data.split(60, 5).images[:40])
    torch.testing.assert_close(data.split(40, 20).images, data.spread().split(40, 20).images)
    assert not torch.equal(data.split(40, 20).images, data.split(40, 20, seed=1).images)


def test_calibration_images_without_labels_are_drawn(tmp_path):
    data = load_dataset(by_class(tmp_path) / "sorted.npz", UNIT)
    drawn = data.split(40, 60).calibration
    assert len(set(drawn[:, 0].tolist())) > 5
    assert len(set(drawn[:, 1].tolist())) == 60


def test_images_in_random_order_stay_in_their_order(tmp_path):
    labels = RNG.integers(0, 10, 300)
    np.savez(tmp_path / "mixed.npz", images=np.arange(600.0).reshape(300, 2), labels=labels)
    data = load_dataset(tmp_path / "mixed.npz", UNIT)
    part = data.split(100, 50)
    torch.testing.assert_close(part.images, data.images[:100])
    torch.testing.assert_close(part.calibration, data.images[-50:])
    assert part.notes == ()


def test_the_published_images_stay_the_same(fashion):
    """The embedded images are in random order: numbers in the documentation are of the first ones."""
    data = fashion[1]
    part = data.split(200, 100)
    torch.testing.assert_close(part.images, data.images[:200])
    torch.testing.assert_close(part.calibration, data.calibration[:100])


def test_enough_images_are_left_to_count():
    data = Dataset(torch.arange(100)[:, None].float(), torch.arange(100) * 7 % 10)
    part = data.split(None, 200)
    assert (len(part.images), len(part.calibration)) == (50, 50)
    assert any("only 50 of the 100" in note for note in part.notes)
    assert len(data.split(1, 99).calibration) == 99


def test_fewer_images_than_are_asked_for_are_told():
    data = Dataset(torch.arange(100)[:, None].float(), torch.arange(100) * 7 % 10)
    assert data.split(60, 40).notes == data.split(None, 40).notes == ()
    part = data.split(90, 40)
    assert len(part.images) == 60 and part.notes == ("only 60 images are there to measure on, not 90",)
    known = data.with_changes(calibration=data.stored[:20], calibration_labels=data.labels[:20])
    assert known.split(100, 30).notes == ("only 20 images are there to set ranges with, not 30",)


def test_unusable_data_is_refused_in_one_message(tmp_path):
    np.savez(tmp_path / "keys.npz", pictures=PICTURES)
    np.savez(tmp_path / "shape.npz", images=PICTURES[:, :4], labels=LABELS)
    np.savez(tmp_path / "count.npz", images=PICTURES, labels=LABELS[:4])
    np.savez(tmp_path / "nan.npz", images=np.full((2, 3, 8, 8), np.nan, np.float32), labels=[0, 1])
    (tmp_path / "text.npz").write_text("nothing")
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("nothing")
    Image.fromarray(PICTURES[0, :5]).save(tmp_path / "odd.png")
    np.save(tmp_path / "odd_labels.npy", LABELS)
    Image.fromarray(PICTURES[0]).save(tmp_path / "unlabelled.png")
    words = {
        "keys.npz": "needs 'images' and 'labels'",
        "shape.npz": "the network takes (3, 8, 8)",
        "count.npz": "6 images and 4 labels",
        "nan.npz": "NaN or infinite",
        "text.npz": "cannot read",
        "empty": "holds no pictures",
        "notes.txt": "cannot read images",
        "absent.npz": "there is no data",
        "odd.png": "not a whole number of 8 x 8 tiles",
        "unlabelled.png": "has no labels",
    }
    for name, expected in words.items():
        with pytest.raises(DataError) as caught:
            load_dataset(tmp_path / name, PLAIN)
        assert expected in str(caught.value), str(caught.value)
        assert "\n" not in str(caught.value)


def test_any_shape_is_welcome_where_the_network_does_not_say(tmp_path):
    np.savez(tmp_path / "free.npz", images=RNG.random((4, 7)).astype(np.float32), labels=[0, 1, 0, 1])
    assert load_dataset(tmp_path / "free.npz", UNIT).images.shape == (4, 7)


def test_a_scale_that_nobody_named_is_told(tmp_path):
    """A network that wants normalised pixels was right on 15 % of them, without a word."""
    images, labels = np.full((5, 3, 8, 8), 51, np.uint8), np.arange(5)
    np.savez(tmp_path / "bytes.npz", x=images, y=labels)
    np.savez(tmp_path / "numbers.npz", x=images / np.float32(255), y=labels)
    told = [
        any(note.startswith("pixels count from 0 to 1") for note in load_dataset(tmp_path / name, preprocess).notes)
        for name, preprocess in (
            ("bytes.npz", UNIT),
            ("numbers.npz", UNIT),
            ("bytes.npz", Preprocess(None, (0.5,), (0.5,))),
        )
    ]
    assert told == [True, False, False]
