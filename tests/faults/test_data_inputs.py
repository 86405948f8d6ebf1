"""Data that people bring, and what goes wrong with it: each kind of fault that was reported in this field, once."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

from bitline import Design, evaluate
from bitline.data import Preprocess, load_dataset
from bitline.data.labels import class_numbers, labels_for
from bitline.errors import BitlineError, DataError
from bitline.evaluation.remedies import fine_tune
from bitline.networks import find_network
from bitline.study import Study
from bitline.study.workload import load

PLAIN = Preprocess((3, 8, 8), (0.0,) * 3, (1.0,) * 3)
GREY = Preprocess((1, 8, 8), (0.0,), (1.0,))
FREE = Preprocess(None, (0.0,), (1.0,))
RNG = np.random.default_rng(0)

INPUTS = torch.randn(20, 6, generator=torch.Generator().manual_seed(0))
with torch.random.fork_rng():
    torch.manual_seed(0)
    NETWORK = nn.Sequential(nn.Linear(6, 4)).eval()
LABELS = NETWORK(INPUTS).argmax(1)
DESIGN = Design(adc="none")


def picture(path, size=(8, 8), mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = RNG.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(path)


def arrays(path, **content):
    np.savez(path / "data.npz", **content)
    return path / "data.npz"


def refused(words, path, preprocess=PLAIN):
    """Reading ends in one line that holds the words."""
    with pytest.raises(DataError) as caught:
        load_dataset(path, preprocess)
    assert words in str(caught.value), str(caught.value)
    assert "\n" not in str(caught.value)


class Shaped(nn.Module):
    """The same network, with outputs of another form."""

    def __init__(self, form):
        super().__init__()
        self.linear = NETWORK[0]
        self.form = form

    def forward(self, x):
        return self.form(self.linear(x))


# Labels


@pytest.mark.parametrize(
    "labels",
    [LABELS[:, None], functional.one_hot(LABELS, 4), LABELS.tolist(), LABELS.numpy(), LABELS.float(), LABELS.short()],
    ids=["column", "one-hot", "list", "NumPy", "whole floats", "int16"],
)
def test_class_numbers_count_the_same_in_every_form(labels):
    """935963004/LaBraM #15: columns of labels gave accuracies above 100 %; one-hot labels and lists were tracebacks."""
    assert evaluate(NETWORK, DESIGN, INPUTS, labels, INPUTS, chips=1).float_accuracy == 1


def test_booleans_are_two_classes():
    """Labels of comparisons, (y > 0): the two classes are 0 and 1."""
    assert class_numbers(np.array([True, False, True]), 2).tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (LABELS - 1, "is -1, but the network has 4 outputs"),
        (torch.arange(20) % 4 + 1, "subtract 1"),
        (LABELS + 90, "0 .. 3"),
        (LABELS + 0.5, "targets of a regression"),
        (LABELS * torch.nan, "label 0 is nan"),
        (LABELS.reshape(20, 1, 1).expand(20, 8, 8), "labels of pixels"),
        (torch.ones(20, 4), "several labels"),
        (functional.one_hot(LABELS, 5), "5 columns, but the network has 4 outputs"),
        (np.zeros(20, dtype="datetime64[D]"), "datetime64"),
        (["cat"] * 20, "one class number"),
        ([[0], [0, 1]] * 10, "one class number"),
        (LABELS[:-1], "20 samples and 19 labels"),
        (None, "accuracy needs targets"),
    ],
)
def test_labels_that_are_no_classes_of_the_network_are_refused(labels, words):
    """Labels from 1, -1 for unknown, targets, masks of segmentation: an accuracy of 0.00 % or 6400 % was printed."""

    def never(what, done, total):
        raise AssertionError("work began before the labels were looked at")

    with pytest.raises(DataError, match=words.replace(".", r"\.")):
        evaluate(NETWORK, DESIGN, INPUTS, labels, INPUTS, chips=1, progress=never)
    with pytest.raises(DataError):
        fine_tune(NETWORK, DESIGN, INPUTS, labels, INPUTS) if labels is not None else class_numbers(labels, 4)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (lambda y: y[:, :1], "one output"),
        (lambda y: y[:, 0], r"shape \(2,\)"),
        (lambda y: y[:, :, None, None].expand(-1, -1, 3, 3), r"shape \(2, 4, 3, 3\)"),
        (lambda y: ("boxes", y), "a tuple"),
        (lambda y: {"scores": y, "loss": 0}, "a dict of scores, loss"),
        (lambda y: y @ y, "cannot take inputs of shape"),
        (lambda y: y * torch.nan, "NaN"),
    ],
)
def test_networks_that_are_no_classifiers_are_refused(form, words):
    """One logit is always class 0; tuples (Inception's second head) and dictionaries (transformers) were tracebacks."""
    with pytest.raises(BitlineError, match=words):
        evaluate(Shaped(form), DESIGN, INPUTS, LABELS, INPUTS, chips=1)


@pytest.mark.parametrize("form", [lambda y: (y, "state"), lambda y: {"logits": y, "loss": 0}])
def test_scores_may_be_the_first_of_several_outputs(form):
    assert evaluate(Shaped(form), DESIGN, INPUTS, LABELS, INPUTS, chips=1).float_accuracy == 1


def test_images_may_be_numpy_arrays():
    """float64 is NumPy's default: such images ended in AttributeError."""
    images = INPUTS.numpy().astype(np.float64)
    assert evaluate(NETWORK, DESIGN, images, LABELS, images, chips=1).float_accuracy == 1


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (np.array([[2], [0], [1]]), [2, 0, 1]),
        (np.eye(3)[[2, 0, 1]], [2, 0, 1]),
        (np.array(["wolf", "cat", "dog"]), [2, 0, 1]),
        (np.array([b"2", b"0", b"1"]), [2, 0, 1]),
        (np.array([0.9, 1.7, -0.3]), [0.9, 1.7, -0.3]),
    ],
)
def test_labels_of_files_are_numbered_or_left_as_they_are(tmp_path, labels, expected):
    """Words in .npz were a traceback, and targets of a regression were cut to whole numbers."""
    assert load_dataset(arrays(tmp_path, images=INPUTS[:3], labels=labels), FREE).labels.tolist() == expected


def test_named_classes_must_be_all_classes_of_the_network(tmp_path):
    """pytorch-image-models #2456, mmpretrain #819: 200 folders are not classes 0 to 199 of a network of 1000."""
    for name in ("n01", "n02", "n03"):
        picture(tmp_path / name / "a.png")
    data = load_dataset(tmp_path, PLAIN)
    with pytest.raises(DataError, match=r"3 classes \(n01, n02, n03\), but the network has 4 outputs"):
        labels_for(data, 4)
    assert labels_for(data, 3).tolist() == [0, 1, 2]


def test_studies_check_labels_before_they_begin(tmp_path):
    """A sweep over labels that no network output stands for measured 0 % for hours."""
    source = arrays(tmp_path, images=RNG.integers(0, 256, (30, 28, 28), dtype=np.uint8), labels=np.arange(30))
    with pytest.raises(DataError, match=r"0 \.\. 9"):
        load(Study(data={"source": str(source), "calibration_images": 5}))


# Folders


@pytest.mark.parametrize("extra", [".ipynb_checkpoints", "__MACOSX", ".git", "_logs"])
def test_folders_of_other_programs_are_no_classes(tmp_path, extra):
    """pytorch/vision #2831, mmpretrain #507, tensorflow #46595: every label moved by one."""
    for name in ("n01", "n02"):
        picture(tmp_path / name / "a.png")
    (tmp_path / extra).mkdir()
    (tmp_path / extra / "notes.txt").write_text("x")
    data = load_dataset(tmp_path, PLAIN)
    assert data.labels.tolist() == [0, 1]
    assert any(extra in note for note in data.notes)


def test_a_class_without_pictures_is_refused(tmp_path):
    """Removing the last picture of a class moved the labels of all classes after it."""
    picture(tmp_path / "a" / "1.png")
    (tmp_path / "b").mkdir()
    refused("b holds no pictures", tmp_path)


def test_parts_of_a_data_set_are_no_classes(tmp_path):
    """A folder with train/ and val/ was read as two classes, or as none."""
    for part in ("train", "val"):
        picture(tmp_path / "nested" / part / "n01" / "a.png")
        picture(tmp_path / "direct" / part / "a.png")
        picture(tmp_path / "deep" / "other" / "n01" / part / "a.png")
    refused("nested/val", tmp_path / "nested")
    refused("direct/val", tmp_path / "direct")
    refused("other holds folders (n01)", tmp_path / "deep")
    assert load_dataset(tmp_path / "nested" / "val", PLAIN).labels.tolist() == [0]


def test_pictures_of_all_formats_count_and_other_files_are_named(tmp_path):
    """.ppm (GTSRB), .tif, .gif and upper-case suffixes were left out without a word; a class could vanish."""
    names = ["n01/a.png", "n02/a.ppm", "n03/a.tif", "n04/a.gif", "n05/a.JPEG", "n06/a.webp"]
    for name in names:
        picture(tmp_path / name)
    for other in ("n01/Thumbs.db", "n02/._a.ppm", "README.md"):
        (tmp_path / other).write_text("x")
    data = load_dataset(tmp_path, PLAIN)
    assert data.labels.tolist() == [0, 1, 2, 3, 4, 5]
    note = next(note for note in data.notes if "left out" in note)
    assert "README.md" in note and "n01/Thumbs.db" in note and "._a" not in note


# Pictures


def test_sixteen_bits_are_scaled(tmp_path):
    """python-pillow/Pillow #3011: 16-bit greys were cut at 255, which makes nearly all of them white."""
    values = (np.arange(64).reshape(8, 8) * 1000).astype(np.uint16)
    (tmp_path / "a").mkdir()
    Image.fromarray(values).save(tmp_path / "a" / "1.png")
    got = load_dataset(tmp_path, GREY).images[0, 0]
    torch.testing.assert_close(got, torch.tensor(values / 65535).float(), atol=0.5 / 255 + 1e-6, rtol=0)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_picture_becomes_colour_or_grey(tmp_path, mode):
    """What torchvision's loader makes of palettes, transparency and inks; a grey picture has three equal channels."""
    grey = Image.fromarray(np.full((8, 8), 255, np.uint8))
    made = Image.fromarray(np.full((8, 8), 65535, np.uint16)) if mode == "I;16" else grey.convert(mode)
    (tmp_path / "a").mkdir()
    made.save(tmp_path / "a" / ("1.tif" if mode == "CMYK" else "1.png"))
    for preprocess in (PLAIN, GREY):
        assert load_dataset(tmp_path, preprocess).images.min() == 1


def test_values_without_a_known_range_are_refused(tmp_path):
    """32-bit and floating-point TIFF were cut at 255."""
    (tmp_path / "a").mkdir()
    Image.fromarray(np.ones((8, 8), np.float32)).save(tmp_path / "a" / "1.tif")
    refused("range is not known", tmp_path)


def test_damaged_pictures_are_named(tmp_path):
    """Cut-off downloads, empty files, pages of HTML named .png, flipped bits and bombs were tracebacks."""
    picture(tmp_path / "whole.png")
    whole = (tmp_path / "whole.png").read_bytes()

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0))
    damaged = {
        "cut": whole[: len(whole) // 2],
        "empty": b"",
        "html": b"<html>",
        "flipped": whole[:60] + bytes([whole[60] ^ 255]) + whole[61:],
        "bomb": whole[:8] + header + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b""),
    }
    for name, content in damaged.items():
        (tmp_path / name / "a").mkdir(parents=True)
        (tmp_path / name / "a" / "1.png").write_bytes(content)
        refused("a/1.png", tmp_path / name)


def test_pictures_that_do_not_fit_are_refused(tmp_path):
    """Pictures smaller than the input were padded with black; pictures of two sizes were a traceback."""
    picture(tmp_path / "small" / "a" / "1.png", (6, 8))
    refused("6 x 8 pixels, smaller than the 8 x 8", tmp_path / "small")
    for size in (8, 9):
        picture(tmp_path / "sizes" / "a" / f"{size}.png", (size, size))
    refused("9 x 9 pixels", tmp_path / "sizes", FREE)


# labels.csv

READ = {
    "plain": ("file,label\na.png,0\nb.png,1\n", [0, 1]),
    "other names": ("Filename,Class ID\na.png,0\nb.png,1\n", [0, 1]),
    "more columns": ("Width,ClassId,Path\n8,3,a.png\n8,1,b.png\n", [3, 1]),
    "semicolons": ("file;label\na.png;0\nb.png;1\n", [0, 1]),
    "Excel's first line": ("sep=;\nfile;label\na.png;0\nb.png;1\n", [0, 1]),
    "tabs": ("file\tlabel\na.png\t0\nb.png\t1\n", [0, 1]),
    "spaces": ('"file", "label"\n"a.png", "0"\nb.png , 1\n', [0, 1]),
    "mark": ("\ufefffile,label\na.png,0\nb.png,1\n", [0, 1]),
    "old Macintosh": ("file,label\ra.png,0\rb.png,1\r", [0, 1]),
    "blank rows": ("file,label\n\na.png,0\n,\nb.png,1\n", [0, 1]),
    "Windows paths": ("file,label\n.\\a.png,0\nb.png,1\n", [0, 1]),
    "names": ("file,label\na.png,dog\nb.png,cat\n", [1, 0]),
    "repeated": ("file,label\na.png,0\na.png,0\nb.png,1\n", [0, 1]),
}
REFUSED = {
    "columns": ("foo,bar\na.png,0\n", "the columns foo, bar"),
    "two labels": ("file,class,target\na.png,0,1\n", "the columns file, class, target"),
    "short": ("file,label\na.png,0\nb.png\n", "line 3"),
    "comma in a name": ("file,label\na,b.png,0\n", "line 2"),
    "absent": ("file,label\na.png,0\nc.png,1\n", "line 3: there is no file 'c.png'"),
    "contradiction": ("file,label\na.png,0\na.png,1\n", "line 3"),
    "no label": ("file,label\na.png,\n", "line 2: the label is missing"),
    "mixed": ("file,label\na.png,0\nb.png,cat\n", "line 3: 'cat' is a name"),
    "empty": ("", "(none)"),
    "no rows": ("file,label\n", "names no pictures"),
    "quote": ('file,label\n"a.png,0\n', "cannot read"),
    "huge": ("file,label\na.png," + "9" * 30 + "\n", "no class"),
}


def listed(path, text, form):
    """Two pictures and labels.csv, as a folder or packed."""
    for name in ("a.png", "b.png"):
        picture(path / "set" / name)
    (path / "set" / "labels.csv").write_bytes(text.encode())
    if form == "folder":
        return path / "set"
    with zipfile.ZipFile(path / "set.zip", "w") as archive:
        for file in sorted((path / "set").iterdir()):
            archive.write(file, file.name if form == "zip" else f"set/{file.name}")
    return path / "set.zip"


@pytest.mark.parametrize("form", ["folder", "zip", "packed folder"])
@pytest.mark.parametrize("name", READ)
def test_labels_are_read_as_spreadsheets_write_them(tmp_path, name, form):
    """Tables of Kaggle and Excel: byte-order marks, semicolons, other columns and words were KeyError or ValueError."""
    text, expected = READ[name]
    data = load_dataset(listed(tmp_path, text, form), PLAIN)
    assert data.labels.tolist() == expected
    assert data.classes == (("cat", "dog") if name == "names" else ())


@pytest.mark.parametrize("form", ["folder", "zip"])
@pytest.mark.parametrize("name", REFUSED)
def test_tables_that_are_not_clear_are_refused_by_line(tmp_path, name, form):
    """Short rows, missing files and two labels for one picture."""
    text, words = REFUSED[name]
    refused(words, listed(tmp_path, text, form))


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_tables_of_other_encodings_are_read(tmp_path, encoding):
    """Excel's "Unicode text", and tables of older programs: UnicodeDecodeError."""
    folder = listed(tmp_path, "", "folder")
    (folder / "labels.csv").write_bytes("file,label\na.png,Käse\nb.png,Ei\n".encode(encoding))
    assert load_dataset(folder, PLAIN).classes == ("Ei", "Käse")


def test_pictures_that_the_table_does_not_name_are_counted(tmp_path):
    """They were left out without a word."""
    data = load_dataset(listed(tmp_path, "file,label\na.png,0\n", "folder"), PLAIN)
    assert any("1 (b.png)" in note for note in data.notes)


# Archives


def test_an_archive_of_class_folders_is_a_folder_of_classes(tmp_path):
    """Packing a folder on a Macintosh adds __MACOSX."""
    for name in ("b", "a"):
        picture(tmp_path / "set" / name / "1.png")
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name in ("b", "a"):
            archive.write(tmp_path / "set" / name / "1.png", f"set/{name}/1.png")
        archive.writestr("__MACOSX/set/a/._1.png", "x")
    packed, loose = (load_dataset(tmp_path / name, PLAIN) for name in ("set.zip", "set"))
    assert packed.classes == loose.classes == ("a", "b")
    torch.testing.assert_close(packed.images, loose.images)


def test_archives_that_cannot_or_should_not_be_unpacked_are_refused(tmp_path):
    """1.5 MB that unpack to 1.5 GB, encrypted, damaged and cut-off archives: memory ran out, or a traceback."""
    path = listed(tmp_path, "file,label\na.png,0\nb.png,1\n", "zip")
    whole = path.read_bytes()
    head = whole.rindex(b"PK\x01\x02")  # of labels.csv in the directory
    changes = {"encrypted": (head + 8, 1, "is encrypted"), "method": (head + 10, 99, "packed with method 99")}
    for name, (place, value, words) in changes.items():
        (tmp_path / f"{name}.zip").write_bytes(whole[:place] + bytes([value]) + whole[place + 1 :])
        refused(words, tmp_path / f"{name}.zip")
    (tmp_path / "flipped.zip").write_bytes(whole[:80] + bytes([whole[80] ^ 255]) + whole[81:])
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    for name in ("flipped", "cut"):
        refused(f"{name}.zip", tmp_path / f"{name}.zip")
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("labels.csv", bytes(80 << 20))
    refused("more than data does", tmp_path / "bomb.zip")


# ProgrammedArrays


@pytest.mark.parametrize("shape", [(6, 5), (6, 9, 128), (6, 1, 64, 3), (6, 9, 128, 1), (6, 3, 3, 3), (6, 2, 5, 6, 7)])
@pytest.mark.parametrize("kind", [np.float32, np.float64, ">f4"])
def test_signals_stay_as_they_are(tmp_path, shape, kind):
    """EEG and sensor data, (n, channels, length) and (n, 1, length, 3), were transposed as if they were pictures."""
    values = RNG.random(shape).astype(kind)
    got = load_dataset(arrays(tmp_path, images=values, labels=np.zeros(6, int)), FREE).images
    torch.testing.assert_close(got, torch.tensor(values.astype(np.float32)))


@pytest.mark.parametrize("preprocess", [PLAIN, FREE])
def test_pictures_with_channels_last_are_said_to_be_turned(tmp_path, preprocess):
    """TensorFlow's order."""
    values = RNG.integers(0, 256, (4, 8, 8, 3), dtype=np.uint8)
    data = load_dataset(arrays(tmp_path, images=values, labels=np.zeros(4, int)), preprocess)
    torch.testing.assert_close(data.images, torch.tensor(values).permute(0, 3, 1, 2).float() / 255)
    assert any("channels last" in note for note in data.notes)


@pytest.mark.parametrize(
    ("images", "preprocess", "words"),
    [
        (np.zeros((4, 3, 8, 3), np.uint8), FREE, "channels first or last"),
        (np.zeros((4, 8, 8, 8), np.uint8), Preprocess((8, 8, 8), (0.0,), (1.0,)), "channels first or last"),
        (np.zeros((4, 64), np.uint8), GREY, "the network takes (1, 8, 8)"),
        (np.zeros((4, 3, 8, 8), np.int64), PLAIN, "is int64"),
        (np.zeros((4, 3, 8, 8), np.uint16), PLAIN, "is uint16"),
        (np.zeros((4, 3, 8, 8), np.complex64), PLAIN, "is complex64"),
        (np.zeros(4, np.float32), FREE, "has the shape (4,)"),
        (np.array([["a"]] * 4), FREE, "<U1"),
        (np.array([[None]] * 4), FREE, "Python objects"),
        (np.full((4, 5), np.nan), FREE, "NaN or infinite"),
        (np.full((4, 5), 1e300), FREE, "NaN or infinite"),
        (np.zeros((4, 1, 8, 8), np.uint8), Preprocess(None, (0.0,) * 3, (1.0,) * 3), "1 channels"),
    ],
)
def test_arrays_that_are_no_images_are_refused(tmp_path, images, preprocess, words):
    """Guessed orders, int64 pictures that were not normalised, imaginary parts that were dropped."""
    refused(words, arrays(tmp_path, images=images, labels=np.zeros(4, int)), preprocess)


def test_tables_of_bytes_keep_their_shape(tmp_path):
    """uint8 features, (n, features), became (1, n, features)."""
    data = load_dataset(arrays(tmp_path, images=np.full((4, 5), 255, np.uint8), labels=np.zeros(4, int)), FREE)
    torch.testing.assert_close(data.images, torch.ones(4, 5))


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.array([0, np.nan, 1, 1]), "NaN"),
        (np.zeros(4, "datetime64[D]"), "datetime64"),
        (np.zeros(4, complex), "complex"),
        (np.array([None] * 4), "Python objects"),
        (np.full(4, 2**63, np.uint64), "no class"),
        (np.array(3), "()"),
    ],
)
def test_label_arrays_that_say_no_class_are_refused(tmp_path, labels, words):
    """All of them gave an accuracy, or a traceback."""
    refused(words, arrays(tmp_path, images=np.zeros((4, 5), np.float32), labels=labels), FREE)


def test_damaged_arrays_are_refused(tmp_path):
    """BadZipFile of cut-off and flipped .npz files, .npy files by another name, headers that ask for terabytes."""
    whole = arrays(tmp_path, images=np.zeros((4, 500), np.float32), labels=np.zeros(4, int)).read_bytes()
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (10**9, 10**3)})
    with zipfile.ZipFile(tmp_path / "liar.npz", "w") as archive:
        archive.writestr("images.npy", header.getvalue())
        archive.writestr("labels.npy", b"garbage")
    (tmp_path / "cut.npz").write_bytes(whole[:300])
    (tmp_path / "flipped.npz").write_bytes(whole[:400] + bytes([whole[400] ^ 255]) + whole[401:])
    with (tmp_path / "other.npz").open("wb") as file:
        np.save(file, np.zeros(4))
    np.savez_compressed(tmp_path / "bomb.npz", images=np.zeros((4, 20 << 20), np.uint8), labels=np.zeros(4, int))
    for name in ("liar", "cut", "flipped", "other", "bomb"):
        refused(f"{name}.npz", tmp_path / f"{name}.npz", FREE)


def test_damaged_label_files_are_refused(tmp_path):
    """Garbage and pickled labels beside a sheet were tracebacks."""
    picture(tmp_path / "s.png")
    (tmp_path / "s_labels.npy").write_bytes(b"junk")
    refused("s_labels.npy", tmp_path / "s.png")
    np.save(tmp_path / "s_labels.npy", np.array([{}]), allow_pickle=True)
    refused("Python objects", tmp_path / "s.png")


@pytest.mark.parametrize("name", ["", " ", "\0", "x" * 5000, "/dev/null"])
def test_names_of_nothing_are_no_data(name):
    """`--data ""` (an unset variable of a shell) read the embedded images."""
    network = find_network("fashion-resnet")
    refused("there is no data", network.images(name), network.preprocess)
