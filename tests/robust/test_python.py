"""Bad values given to functions, settings and files are refused with bitline's own errors."""

from __future__ import annotations

import json
import math
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from bitline import Design, convert, evaluate, evaluate_times, program
from bitline.config import toml
from bitline.data import Preprocess, load_dataset
from bitline.design.settings import flat
from bitline.errors import BitlineError, CalibrationError, DataError, DesignError, NetworkError, StudyError
from bitline.networks.weights import load_weights
from bitline.nn.calibration_file import load_calibration
from bitline.study import Study, plan, sweep

INPUTS = torch.randn(8, 6, generator=torch.Generator().manual_seed(0))
with torch.random.fork_rng():
    torch.manual_seed(0)
    NETWORK = nn.Sequential(nn.Linear(6, 4)).eval()
LABELS = NETWORK(INPUTS).argmax(1)
DESIGN = Design(adc="none")
FREE = Preprocess(None, (0.0,), (1.0,))
SMALL = {"data": {"images": 2, "calibration_images": 2}, "run": {"chips": 1}}


def accuracy(model=NETWORK, design=DESIGN, images=INPUTS, labels=LABELS, calibration=INPUTS, **options):
    return evaluate(model, design, images, labels, calibration, **{"chips": 1, **options}).float_accuracy


# Evaluations

INDIRECT = [INPUTS.to_sparse(), INPUTS.to("meta"), torch.nested.nested_tensor([INPUTS[0], INPUTS[1, :3]]),
            torch.quantize_per_tensor(INPUTS, 0.1, 0, torch.qint8), INPUTS.double() * 1e300,
            np.ma.masked_greater(INPUTS.numpy(), 0)]  # fmt: skip
"""Tensors that do not hold a number of the network's precision for each element."""


class Exits(nn.Linear):
    """A network that ends Python."""

    def forward(self, inputs):
        raise SystemExit(7)


BAD_ARGUMENTS = {
    "model": [None, abs, nn.Linear, "resnet18", nn.Linear(6, 4, device="meta"),
              nn.Linear(6, 4, dtype=torch.complex64), torch.jit.trace(NETWORK, INPUTS), Exits(6, 4)],
    "design": [None, 3, {}, [], "nope", ""],
    "images": [None, "abc", 3, INPUTS.tolist(), INPUTS * math.nan, INPUTS[:0], INPUTS.to(torch.complex64), *INDIRECT],
    "labels": [None, "abc", 3, [], LABELS - 9, LABELS + 99, LABELS + 0.5, LABELS.to(torch.complex64),
               LABELS.to_sparse(), LABELS.to("meta"), torch.tensor(1), np.ma.masked_greater(LABELS.numpy(), 0),
               set(range(8))],
    "calibration": ["abc", 3, INPUTS * math.nan, INPUTS[:0], INPUTS[:, :2], *INDIRECT],
    "metric": [None, 3, "acuracy", "os:abort", "nowhere:f", [], nn.Linear, lambda outputs, targets: outputs.nothing],
    "chips": [-1, 0, 1.5, "2", None, True, math.nan],
    "batch": [-1, 0, 1.5, "2", None, True, math.nan],
    "seed": [1.5, "2", None, True, math.nan],
}  # fmt: skip


class Walks(nn.Module):
    """A network of one layer that returns several things."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, inputs):
        outputs = self.layer(inputs, inputs, inputs) if hasattr(self.layer, "num_heads") else self.layer(inputs)
        return outputs[0] if isinstance(outputs, tuple) else outputs


SEQUENCES = torch.rand(3, 5, 4, generator=torch.Generator().manual_seed(1))
LAYERS = {
    "linear": (nn.Linear(4, 2), SEQUENCES),
    "convolution": (nn.Conv1d(5, 2, 3), SEQUENCES),
    "transposed": (nn.ConvTranspose1d(5, 2, 3), SEQUENCES),
    "attention": (nn.MultiheadAttention(4, 2, batch_first=True), SEQUENCES),
    "lstm": (nn.LSTM(4, 3, batch_first=True), SEQUENCES),
    "gru": (nn.GRU(4, 3, batch_first=True), SEQUENCES),
    "rnn": (nn.RNN(4, 3, batch_first=True), SEQUENCES),
    "lstm cell": (nn.LSTMCell(4, 3), SEQUENCES[0]),
    "gru cell": (nn.GRUCell(4, 3), SEQUENCES[0]),
    "rnn cell": (nn.RNNCell(4, 3), SEQUENCES[0]),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", LAYERS)
def test_layers_refuse_what_holds_no_plain_numbers(name):
    """Recurrent layers let PyTorch's RuntimeError of sparse tensors through, all of them that of nested ones."""
    layer, inputs = LAYERS[name]
    analog = convert(Walks(layer).eval(), Design(), inputs)
    given = {
        "sparse": inputs.to_sparse(),
        "nested": torch.nested.nested_tensor(list(inputs)),
        "quantise": torch.quantize_per_tensor(inputs, 0.1, 0, torch.qint8),
        "masked": torch.masked.masked_tensor(inputs, inputs > 0.5),
        "complex": inputs + 1j,
        "meta": inputs.to("meta"),
        "tensors, not a list": inputs.tolist(),
        "tensors, not an ndarray": inputs.numpy(),
    }
    for words, value in given.items():
        with pytest.raises(BitlineError, match=words):
            analog(value)


@pytest.mark.parametrize("argument", BAD_ARGUMENTS)
def test_evaluations_refuse_bad_arguments(argument):
    """Of 93 tried, 23 ended in AttributeError and the like, and 11 gave an accuracy."""
    for value in BAD_ARGUMENTS[argument]:
        with pytest.raises(BitlineError):
            accuracy(**{argument: value})


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_networks_and_images_of_any_precision_are_evaluated(dtype):
    """Double and half networks ended in RuntimeError."""
    assert accuracy(images=INPUTS.to(dtype), calibration=INPUTS.to(dtype)) > 0.8
    copy = nn.Sequential(nn.Linear(6, 4)).eval()
    copy.load_state_dict(NETWORK.state_dict())
    assert accuracy(model=copy.to(dtype)) > 0.8
    assert copy[0].weight.dtype == dtype


@pytest.mark.parametrize(
    "same",
    [
        lambda x: x.numpy().astype(np.longdouble),
        lambda x: x.numpy().astype(">f4"),
        lambda x: x.numpy()[::-1].copy()[::-1],
        lambda x: x.T.contiguous().T,
        lambda x: torch.complex(torch.zeros_like(x), -x).conj().imag,
        lambda x: x.clone().requires_grad_(),
        nn.Parameter,
        list,
    ],
)
def test_numbers_are_the_same_however_they_lie_in_memory(same):
    """Long doubles and views with a pending minus sign ended in errors of PyTorch."""
    expected = evaluate(NETWORK, Design(), INPUTS, LABELS, INPUTS, chips=1)
    found = evaluate(NETWORK, Design(), same(INPUTS), LABELS, same(INPUTS), chips=1)
    assert found.layers == expected.layers


def test_eight_bit_floats_are_numbers():
    eight = INPUTS.to(torch.float8_e4m3fn)
    assert accuracy(images=eight, calibration=eight) == accuracy(images=eight.float(), calibration=eight.float())


def test_a_batch_may_be_larger_than_anything():
    """10^30 ended in an overflow of PyTorch's integers."""
    assert accuracy(batch=10**30) == 1


def test_other_functions_refuse_bad_arguments(tmp_path):
    """Chips of no number were taken, and -1 workers did nothing without a word."""
    analog = convert(NETWORK, DESIGN, INPUTS)
    study = Study(**SMALL)
    for refused in (
        lambda: convert(abs, DESIGN, INPUTS),
        lambda: program(analog, chip=1.5),
        lambda: program(analog, chip=1, seed="a"),
        lambda: evaluate_times(NETWORK, DESIGN, INPUTS, LABELS, INPUTS, times=()),
        lambda: evaluate_times(NETWORK, DESIGN, INPUTS, LABELS, INPUTS, times="1 day"),
        lambda: Design.load(None),
        lambda: Design().with_settings(3),
        lambda: Design().with_settings({1: 2}),
        lambda: sweep(None, tmp_path / "s.sqlite"),
        *(lambda count=count: sweep(study, tmp_path / "s.sqlite", workers=count) for count in (-1, 0, 1.5, "2")),
        *(lambda count=count: plan(study, tmp_path / "s.sqlite", count) for count in (-1, 0, 1.5, "2")),
    ):  # fmt: skip
        with pytest.raises(BitlineError):
            refused()
    assert not list(tmp_path.iterdir())


# Settings

SETTINGS = flat(Design(cell={"device": {"kind": "state-proportional", "alpha": 0.1}}).model_dump())
NUMBERS = [name for name, value in SETTINGS.items() if isinstance(value, (int, float)) and not isinstance(value, bool)]


@pytest.mark.parametrize("name", NUMBERS)
def test_settings_that_are_numbers_take_nothing_else(name):
    """`adc.bits = true` was 1, and '8' was 8."""
    texts = [] if name == "cell.time" else ["8", "0.5"]  # a time is also a text
    for value in (True, math.nan, "nan", -math.inf, -1, "x", [], {}, object(), *texts):
        with pytest.raises(DesignError):
            Design().with_settings({"cell.device": {"kind": "state-proportional", "alpha": 0.1}, name: value})


def test_files_of_windows_editors_are_read(tmp_path):
    """The mark of the encoding that they put first was invalid TOML."""
    (tmp_path / "chip.toml").write_bytes(b"\xef\xbb\xbfname = 'x'\r\n[adc]\r\nbits = 6\r\n")
    assert Design.load(tmp_path / "chip.toml").adc.bits == 6


def test_infinity_is_for_ratios():
    """Infinite rates and temperatures were taken."""
    assert Design().with_settings({"cell.on_off_ratio": "inf"}).cell.on_off_ratio == math.inf
    with pytest.raises(DesignError, match="finite"):
        Design().with_settings({"adc.rate_MS_per_s": math.inf})


@pytest.mark.parametrize("text", ["x = " + "[" * 5000 + "]" * 5000, "x = " + "[" * 60 + "]" * 60, f"x = {'9' * 5000}"])
def test_toml_of_absurd_depth_and_length_is_refused(text):
    """RecursionError, and Python's limit on digits."""
    with pytest.raises(DesignError):
        toml.parse(text, "bomb.toml")


def test_conditions_name_settings(tmp_path):
    """With a misspelt name the axis was left out without a word."""
    axis = {"setting": "adc.bits", "values": [6, 7]}
    for name in ("nope", "adc.bit", "inputs.bits "):
        with pytest.raises(StudyError, match="its condition names"):
            Study(axes=[{**axis, "when": {name: 8}}], **SMALL).points()
    assert len(Study(axes=[{**axis, "when": {"inputs.bits": 8}}], **SMALL).points()) == 2


# Files


def test_members_unpack_to_no_more_than_they_say(tmp_path):
    """1.5 MB that unpack to 1.5 GB: also where the archive says that it is little."""
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", bytes(100 << 20))
        archive.writestr("labels.npy", b"")
    content = bytearray((tmp_path / "bomb.npz").read_bytes())
    place = content.rindex(b"PK\x01\x02", 0, content.rindex(b"PK\x01\x02"))
    content[place + 24 : place + 28] = (1000).to_bytes(4, "little")
    (tmp_path / "liar.npz").write_bytes(content)
    for name in ("bomb.npz", "liar.npz"):
        with pytest.raises(DataError):
            load_dataset(tmp_path / name, FREE)
        with pytest.raises(NetworkError):
            load_weights(nn.Linear(3, 2), tmp_path / name)


def weights(**changed):
    return {**nn.Linear(3, 2).state_dict(), **changed}


@pytest.mark.parametrize(
    "content",
    [
        [1, 2],
        {1: torch.zeros(2)},
        torch.zeros(3),
        weights(weight=torch.zeros(2, 3, dtype=torch.complex64)),
        weights(weight=torch.zeros(2, 3, dtype=torch.bool)),
        weights(weight=torch.zeros(3, 2)),
        weights(weight=torch.full((2, 3), math.nan)),
        weights(weight=torch.full((2, 3), 1e300, dtype=torch.float64)),
        {"weight.codes_matrix": torch.tensor([9]), "weight.codebook": torch.zeros(2, 3), "bias": torch.zeros(2)},
        {"weight.codes_matrix": torch.tensor([0]), "bias": torch.zeros(2)},
        nn.Linear(3, 2),
    ],
)
def test_weights_that_are_none_are_refused(tmp_path, content):
    """Integer keys and codes beyond the codebook were tracebacks, imaginary parts were dropped."""
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(NetworkError) as caught:
        load_weights(nn.Linear(3, 2), tmp_path / "w.pt")
    assert "weights_only" not in str(caught.value) and "\n" not in str(caught.value)


def test_calibration_files_hold_numbers(tmp_path):
    """Lists in place of tables were tracebacks, and numbers were believed."""
    from bitline.nn import conversion_of
    from bitline.nn.calibration_file import save_calibration

    path = tmp_path / "known.json"
    design = Design()
    save_calibration(path, conversion_of(convert(NETWORK, design, INPUTS)).calibration, NETWORK, design, INPUTS)
    whole = json.loads(path.read_text())
    layer = whole["layers"]["0"]
    bad = [
        [],
        3,
        None,
        {**whole, "made for": []},
        {**whole, "layers": [1]},
        {**whole, "folded": 3},
        {**whole, "layers": {"0": []}},
    ]
    for inputs in ({"step": "x"}, {"step": math.nan}, {"step": -1}, {"magnitude_bits": 1.5}, {"nope": 1}):
        bad.append({**whole, "layers": {"0": {**layer, "inputs": {**layer["inputs"], **inputs}}}})
    bad.append({**whole, "layers": {"0": {**layer, "levels": {**layer["levels"], "low": ["x"]}}}})
    for content in bad:
        path.write_text(json.dumps(content))
        with pytest.raises(CalibrationError):
            load_calibration(path, NETWORK, design, INPUTS)


def test_float_pictures_of_bytes_are_noted(tmp_path):
    """Values of 0 .. 255 in floating point were taken as normalised without a word."""
    grey = Preprocess((1, 8, 8), (0.5,), (0.5,))
    for largest in (255.0, 1.0):  # and those of 0 .. 1, where the network takes black for a negative number
        np.savez(tmp_path / "a.npz", images=np.full((4, 1, 8, 8), largest), labels=np.zeros(4, int))
        assert any("uint8" in note for note in load_dataset(tmp_path / "a.npz", grey).notes)


# Names


@pytest.mark.parametrize("name", ["=1+1 [/bold]x \x1b[31mred <!--<script>", "a_b^c$ $\\frac{$"])
def test_names_are_data(bitline, tmp_path, monkeypatch, name):
    """Names of designs in tables, pages, figures and tables of spreadsheets."""
    monkeypatch.chdir(tmp_path)
    Path("chip.toml").write_text(Design(name=name, description=name).to_toml())
    few = ["--calibration-images", "4"]
    for line in (["run", "--images", "4", "--chips", "1", *few], ["ranges", "--layer", "fc", *few],
                 ["adc", "--converters", "2"], ["cost", "--images", "4", "--csv"],
                 ["array", "--set", "array={kind='row-driven',rows=8,bit_line={segment=1e-4}}"]):  # fmt: skip
        status, output, errors = bitline(*line, "--design", "chip.toml")
        assert status == 0, errors
        assert "\x1b" not in output + errors and "\n=1" not in output
    page = Path("results/report.html").read_text(encoding="utf-8")
    assert "<!--<script>" not in page
    html = evaluate(NETWORK, Design(name=name, adc="none"), INPUTS, LABELS, INPUTS, chips=1)._repr_html_()
    assert "<!--" not in html
