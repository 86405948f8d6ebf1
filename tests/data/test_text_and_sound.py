"""Texts, recordings and signals in files, for networks of the user's own."""

from __future__ import annotations

import io
import json
import wave
import zipfile

import numpy as np
import pytest
import torch
from command_line import results
from torch import nn

from bitline.data import load_dataset
from bitline.data._sounds import heard
from bitline.data.load_samples import sample_file
from bitline.data.preprocess import FASHION_MNIST, UNIT
from bitline.data.recordings import Recordings, resampled
from bitline.data.sentences import Sentences
from bitline.data.text_windows import TextWindows
from bitline.errors import DataError

LETTERS = TextWindows(lambda text: [ord(letter) % 32 for letter in text], length=4, most=8)


class Counting(nn.Module):
    """Takes tokens and their mask; its scores are how often each of four tokens is there."""

    def forward(self, input_ids, attention_mask):
        return (nn.functional.one_hot(input_ids, 4) * attention_mask[..., None]).sum(1).float()


def encode(texts, length):
    """Digits of texts as tokens, padded behind with 3."""
    cut = [text[:length] for text in texts]
    longest = max(map(len, cut))
    ids = [[*map(int, text), *[3] * (longest - len(text))] for text in cut]
    mask = [[1] * len(text) + [0] * (longest - len(text)) for text in cut]
    return {"input_ids": torch.tensor(ids), "attention_mask": torch.tensor(mask)}


def sentences(classes=("low", "high"), **options):
    return Sentences(encode, classes, **{"length": 8, "most": 10, **options})


def read(path, takes, network=None, images=None, calibration=None, length=None):
    return sample_file(str(path), takes, length).read(network or nn.Identity(), images, calibration)


# -- texts


def test_windows_follow_each_other_and_the_last_ones_set_ranges(tmp_path):
    (tmp_path / "a.txt").write_text("abcdefghijklmnopqrstuvw")
    data = read(tmp_path / "a.txt", LETTERS, images=3, calibration=2)
    (shown,) = data.samples.first(9).call.arguments
    (others,) = data.calibration.first(9).call.arguments
    assert shown.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]
    assert others.tolist() == [[13, 14, 15, 16], [17, 18, 19, 20]]
    assert data.notes[0].endswith("23 tokens, in 5 windows of 4; 3 at the end are left out")


def test_spaces_and_ends_of_lines_are_kept(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbf \r\n\xc3\xa4 b")  # the mark of UTF-8 is no text
    seen = []
    with pytest.raises(DataError, match="fewer than two windows"):
        read(tmp_path / "a.txt", TextWindows(lambda text: seen.append(text) or [1], length=4))
    assert seen == [" \r\nä b"]


@pytest.mark.parametrize(
    ("content", "length", "message"),
    [
        (b"", None, "is empty: give a text of two windows of 4 tokens"),
        (b" \n", None, "is empty"),
        (b"abcdefg", None, "has 7 tokens, fewer than two windows of 4, one to measure on and one to set ranges with"),
        (b"abc\xff", None, r"no text in UTF-8 \(byte 3\)"),
        (b"abcdefgh" * 4, 9, "length is 9 tokens, but the network takes 8 at most"),
        (b"abcdefgh" * 4, 1, "length is 1"),
    ],
)
def test_texts_that_are_refused(tmp_path, content, length, message):
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read(tmp_path / "a.txt", LETTERS, length=length)


def rows_of(batch):
    """Texts and labels of a batch."""
    inputs = batch.call.keywords
    for ids, mask, label in zip(inputs["input_ids"], inputs["attention_mask"], batch.targets, strict=True):
        yield "".join(map(str, ids[mask.bool()].tolist())), int(label)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", 'text,label\n"01",low\n"110",high\n"0",low\n11,HIGH\n0,low\n'),
        ("a.csv", "Label;ID;Sentence\nlow;1;01\nhigh;2;110\nlow;3;0\nhigh;4;11\nlow;5;0\n"),
        ("a.tsv", "question\tcategory\n01\t0\n110\t1\n0\t0\n11\t1\n0\t0\n"),
        ("a.jsonl", "\n".join(json.dumps({"text": t, "label": n}) for t, n in zip(
            ["01", "110", "0", "11", "0"], [0, 1, 0, "1", 0], strict=True)) + "\n\n"),
    ],
)  # fmt: skip
def test_tables_as_people_write_them(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    data = read(tmp_path / name, sentences(), Counting(), calibration=1)
    rows = [row for part in (data.samples, data.calibration) for row in rows_of(part.first(9))]
    expected = [("01", 0), ("0", 0), ("0", 0), ("11", 1), ("110", 1)]
    assert sorted(rows) == sorted(expected)


def test_tables_in_the_order_of_their_classes_give_a_fair_sample(tmp_path):
    rows = [f"{index % 2},{'low' if index < 20 else 'high'}" for index in range(40)]
    (tmp_path / "a.csv").write_text("text,label\n" + "\n".join(rows))
    data = read(tmp_path / "a.csv", sentences(), Counting(), images=10, calibration=10)
    assert data.samples.first(10).targets.sum() == data.calibration.first(10).targets.sum() == 5
    assert "drawn evenly over them" in data.notes[0]


def test_mostly_padding_is_told(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\n" + "0,low\n1,high\n" * 5 + "01010101,low\n")
    notes = read(tmp_path / "a.csv", sentences(), Counting()).notes
    assert any("80% of the work is padding, to the 8 tokens of the longest text" in note for note in notes)
    assert not any("is padding" in note for note in read(tmp_path / "a.csv", sentences(), Counting(), length=1).notes)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "id,words\n1,a\n", r"has the columns id, words: it needs one column 'text' \(or sentence, question"),
        ("a.csv", "", r"has the columns \(none\)"),
        ("a.csv", "text,label\n", "has no rows"),
        (
            "a.csv",
            "text,label\n01,low\n01,middle\n",
            "line 3: the label 'middle' is none of the network's 2 classes: low, ",
        ),
        ("a.csv", "text,label\n01,0\n01,2\n", "line 3: the label '2' is none of the network's 2 classes"),
        ("a.csv", "text,label\n01,\n", "line 2: the label is missing"),
        ("a.csv", "text,label\n ,low\n", "line 2: the text is missing"),
        ("a.csv", "text,label\n0,1,low\n", "line 2: 3 fields, but there are 2 columns"),
        ("a.csv", 'text,label\n"01,low\n', "cannot read .*a.csv"),
        ("a.jsonl", '{"text": "01", "label": 0}\nno\n', "line 2: no JSON"),
        ("a.jsonl", "[1]\n", r"line 1, has the columns \(none\)"),
        ("a.jsonl", '{"text": 1, "label": 0}\n', "line 1: write the text as a string"),
        ("a.csv", "text,label\n01,low\n", "gives 1 samples, and none to calibrate with"),
    ],
)
def test_tables_that_are_refused(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=message):
        read(tmp_path / name, sentences(), Counting())


# -- recordings


def wav(values, rate=8000, width=2, channels=1):
    """A .wav file of values between -1 and 1."""
    content = io.BytesIO()
    kind = {1: "u1", 2: "<i2", 4: "<i4"}[width]
    scaled = np.asarray(values, np.float64) * 2 ** (8 * width - 1)
    with wave.open(content, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes((scaled + 128 * (width == 1)).astype(kind).tobytes())
    return content.getvalue()


def put(folder, name, content):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def noise(length, seed):
    return np.random.default_rng(seed).integers(-99, 100, length) / 128


@pytest.mark.parametrize("width", [2, 4])
def test_plain_recordings_are_read_exactly(width):
    values = noise(60, 0)
    found, rate = heard(wav(values, 11025, width, channels=2), "a.wav")
    assert rate == 11025
    assert np.array_equal(found, values.reshape(30, 2).T.astype(np.float32))


@pytest.mark.needs("soundfile")
def test_soundfile_gives_the_same_numbers_and_reads_the_rest(tmp_path):
    import soundfile

    values = noise(60, 0)
    for name, kind in (("a.wav", "PCM_16"), ("b.wav", "FLOAT"), ("c.flac", "PCM_16"), ("d.wav", "PCM_U8")):
        soundfile.write(tmp_path / name, values, 8000, subtype=kind)
        found, rate = heard((tmp_path / name).read_bytes(), name)
        assert rate == 8000
        assert np.array_equal(found[0], values.astype(np.float32)), name
    with pytest.raises(DataError, match=r"cannot read e\.flac: it is damaged"):
        heard(b"fLaC no", "e.flac")


def test_what_needs_soundfile_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "soundfile", None)
    with pytest.raises(DataError, match=r"cannot read a.wav: without soundfile, .* pip install 'bitline\[audio\]'"):
        heard(wav(noise(9, 0), width=1), "a.wav")


def spoken(folder, length=64, classes=("no", "yes"), count=6):
    for number, name in enumerate(classes):
        for index in range(count):
            put(folder, f"{name}/{index}.wav", wav(noise(length, 10 * number + index)))


class Flat(nn.Module):
    """Takes waves (recordings, samples)."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(64, 2)

    def forward(self, x):
        return self.linear(x)


def convolutions(channels=1):
    """Takes waves (recordings, channels, samples) of any length from 20 on."""
    return nn.Sequential(
        nn.Conv1d(channels, 4, 20, 4), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(4, 2)
    )


@pytest.mark.parametrize(("network", "shape"), [(Flat(), (64,)), (convolutions(), (1, 64))])
@pytest.mark.parametrize("packed", [False, True])
def test_waves_have_the_shape_that_the_network_takes(tmp_path, network, shape, packed):
    spoken(tmp_path / "sounds")
    path = tmp_path / "sounds"
    if packed:
        path = tmp_path / "sounds.zip"
        with zipfile.ZipFile(path, "w") as file:
            for sound in sorted((tmp_path / "sounds").rglob("*.wav")):
                file.write(sound, sound.relative_to(tmp_path))
    data = read(path, UNIT, network, images=8, calibration=4)
    batch = data.samples.first(8)
    (waves,) = batch.call.arguments
    assert waves.shape == (8, *shape)
    assert sorted(batch.targets.tolist()) == [0] * 4 + [1] * 4
    known = {tuple(noise(64, 10 * label + index).astype(np.float32)): label for label in (0, 1) for index in range(6)}
    assert [known[tuple(each.flatten().tolist())] for each in waves] == batch.targets.tolist()
    assert "classes are numbered in the order of their names: 0 no, 1 yes" in data.notes


def test_recordings_of_several_lengths_are_not_padded(tmp_path):
    spoken(tmp_path / "a")
    put(tmp_path / "a", "no/long.wav", wav(noise(100, 77)))
    data = read(tmp_path / "a", UNIT, convolutions())
    lengths = [
        batch.call.arguments[0].shape[2] for part in (data.samples, data.calibration) for batch in part.batches(64)
    ]
    assert sorted(set(lengths)) == [64, 100]
    fixed = read(tmp_path / "a", UNIT, convolutions(), length=80)
    waves = torch.cat([part.first(9).call.arguments[0] for part in (fixed.samples, fixed.calibration)])
    assert waves.shape == (13, 1, 80)
    assert waves[..., 64:].any(2).sum() == 1  # all others end in silence


def test_stereo_has_two_channels(tmp_path):
    for number in range(4):
        put(tmp_path, f"{number % 2}/{number}.wav", wav(noise(80, number), channels=2))
    (waves,) = read(tmp_path, UNIT, convolutions(2)).samples.first(2).call.arguments
    assert waves.shape == (2, 2, 40)


def test_a_tone_stays_the_same_tone_at_another_rate():
    seconds = np.arange(800)[None] / 8000
    again = resampled(np.sin(2 * np.pi * 440 * seconds), 8000, 16000)
    wanted = np.sin(2 * np.pi * 440 * np.arange(1600)[None] / 16000)
    assert np.abs(again - wanted)[:, 100:-100].max() < 2e-3


def test_recordings_are_resampled_for_a_network_that_says_its_rate(tmp_path):
    spoken(tmp_path / "a", length=32)
    data = read(tmp_path / "a", Recordings(rate=16000), Flat())
    assert data.samples.first(2).call.arguments[0].shape == (2, 64)
    assert "recordings of 8,000 Hz were resampled to the 16,000 Hz of the network" in data.notes


def test_classes_have_the_numbers_of_the_network(tmp_path):
    spoken(tmp_path / "a")
    data = read(tmp_path / "a", Recordings(classes=("yes", "no")), Flat(), images=8)
    known = {
        tuple(noise(64, 10 * label + index).astype(np.float32)): 1 - label for label in (0, 1) for index in range(6)
    }
    batch = data.samples.first(8)
    assert [known[tuple(each.tolist())] for each in batch.call.arguments[0]] == batch.targets.tolist()
    with pytest.raises(DataError, match="a/no: the label 'no' is none of the network's 2 classes: yes, nope"):
        read(tmp_path / "a", Recordings(classes=("yes", "nope")), Flat())
    with pytest.raises(DataError, match="has 2 folders of classes, but the network has 3 classes without names"):
        read(tmp_path / "a", Recordings(classes=("LABEL_0", "LABEL_1", "LABEL_2")), Flat())


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("no/x.wav", wav(noise(64, 0), rate=16000), "has 8,000 Hz, and .* 16,000: give recordings that are alike"),
        ("no/x.wav", wav(noise(64, 0), channels=2), "has 1 channels, and .* 2"),
        ("no/x.wav", wav([]), "no/x.wav has no samples: leave it out"),
        (
            "no/x.wav",
            wav(noise(8, 0)),
            "the network cannot take .*x.wav, the shortest recording, of 8 samples: .*if it is",
        ),
    ],
)
def test_recordings_that_are_refused(tmp_path, name, content, message):
    spoken(tmp_path / "a")
    put(tmp_path / "a", name, content)
    with pytest.raises(DataError, match=message):
        read(tmp_path / "a", UNIT, convolutions())


def test_images_have_no_length_and_their_folders_stay_images(tmp_path):
    with pytest.raises(DataError, match=r"--length \(data.length in a study\) is that of texts and recordings"):
        sample_file("fashion-mnist", FASHION_MNIST, 5)
    spoken(tmp_path / "a")
    assert sample_file(str(tmp_path / "a"), FASHION_MNIST) is None
    with pytest.raises(DataError, match="pictures"):
        load_dataset(tmp_path / "a", FASHION_MNIST)


# -- signals, from the file to what a command prints

SIGNALS = """
import torch
from torch import nn

def build():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv1d({channels}, 4, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(4, 3))

def flat():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(30, 8), nn.ReLU(), nn.Linear(8, 3))
"""


@pytest.mark.parametrize("shape", [(40, 1, 30), (40, 2, 30), (40, 30)])
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int16])
@pytest.mark.parametrize("suffix", [".npz", ".npy"])
def test_signals_of_a_network_of_ones_own(bitline, tmp_path, monkeypatch, shape, kind, suffix):
    name = f"signals_{len(shape)}_{shape[1]}"
    (tmp_path / f"{name}.py").write_text(SIGNALS.format(channels=shape[1]))
    monkeypatch.syspath_prepend(str(tmp_path))
    values = (np.random.default_rng(0).normal(0, 50, shape)).astype(kind)
    labels = np.random.default_rng(1).integers(0, 3, len(values))
    if suffix == ".npz":
        np.savez(tmp_path / "data.npz", x=values, y=labels)
    else:
        np.save(tmp_path / "data.npy", values)
        np.save(tmp_path / "data_labels.npy", labels)
    build = "flat" if len(shape) == 2 else "build"
    source = ["--model", f"{name}:{build}", "--data", tmp_path / f"data{suffix}", "--out", tmp_path / "out"]
    sizes = ["--images", 30, "--calibration-images", 10, "--chips", 1, "--compared-images", 0]
    status, _, error = bitline("run", *source, *sizes)
    assert status == 0, error
    network = getattr(__import__(name), build)()
    with torch.no_grad():
        expected = (network(torch.from_numpy(values[:30]).float()).argmax(1).numpy() == labels[:30]).mean()
    assert results(tmp_path / "out")["accuracy"]["float"] == expected


def test_an_array_without_labels_says_where_they_belong(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((3, 4)))
    with pytest.raises(DataError, match=r"has no labels: put a_labels.npy beside it, or use an .npz with 'x' and 'y'"):
        load_dataset(tmp_path / "a.npy", UNIT)


def test_commands_take_recordings_for_a_network_of_ones_own(bitline, tmp_path, monkeypatch):
    (tmp_path / "listening.py").write_text(SIGNALS.format(channels=1))
    monkeypatch.syspath_prepend(str(tmp_path))
    spoken(tmp_path / "sounds", classes=("a", "b", "c"))
    source = ["--model", "listening:build", "--data", tmp_path / "sounds", "--calibration-images", 6]
    status, output, error = bitline("run", *source, "--chips", 1, "--compared-images", 0, "--out", tmp_path / "out")
    assert status == 0, error
    assert "accuracy" in output
    assert results(tmp_path / "out")["images"] == 12
    (tmp_path / "study.toml").write_text(
        '[model]\nname = "listening:build"\n[data]\nsource = "sounds"\ncalibration_images = 6\nlength = 40\n'
        '[run]\nchips = 1\n[[axes]]\nsetting = "adc.bits"\nvalues = [6, 8]\n'
    )
    status, output, error = bitline("sweep", tmp_path / "study.toml", "--allow-code")
    assert status == 0, error
    assert "2 designs" in output or "adc.bits" in output
