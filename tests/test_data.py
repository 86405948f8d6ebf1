"""Labelled images from every format, in the order they were written."""

from __future__ import annotations

import csv
import io
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from bitline.data import Preprocess, load_dataset
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


def test_split_takes_calibration_images_from_elsewhere(tmp_path):
    data = load_dataset(write_arrays(tmp_path), PLAIN)
    part = data.split(3, 1)
    assert (len(part.images), len(part.labels), len(part.calibration)) == (3, 3, 1)
    sheet = load_dataset(write_sheet(tmp_path), PLAIN).split(3, 2)
    for calibration in sheet.calibration:
        assert float((sheet.images - calibration).abs().flatten(1).sum(1).min()) > 0


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
