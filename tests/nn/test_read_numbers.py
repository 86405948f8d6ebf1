"""Read noise belongs to samples: whatever the batch, the layout, and what comes before the samples."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from bitline import Design, conversion_of, convert, program

NOISY = Design().with_settings(
    {
        "weights.bits": 16,
        "inputs.bits": 16,
        "adc": "none",
        "cell.device": "none",
        "cell.read_noise": {"kind": "state-independent", "alpha": 0.1},
    }
)
"""Nothing but read noise."""
CUTS = ([6, 6], [7, 3, 2], [1] * 12, [5, 4, 3])


class Wrapped(nn.Module):
    """Some layers, called in some way."""

    def __init__(self, call: Callable[..., Tensor], **layers: nn.Module) -> None:
        super().__init__()
        self.call = call
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, *arguments: Any) -> Tensor:
        return self.call(self, *arguments)


def looped_cell(network: Any, x: Tensor) -> Tensor:
    state = None
    for step in x:
        state = network.cell(step, state)
    return network.head(state)[None]


def tagger(network: Any, x: Tensor) -> Tensor:
    return network.head(network.lstm(network.embed(x))[0])


def attend(network: Any, x: Tensor) -> Tensor:
    return network.head(network.encoder(x))


STEPS_FIRST = {
    "lstm": (lambda self, x: self.lstm(x)[0], {"lstm": nn.LSTM(5, 7, num_layers=2, bidirectional=True)}),
    "tagger": (tagger, {"embed": nn.Linear(5, 6), "lstm": nn.GRU(6, 7), "head": nn.Linear(7, 3)}),
    "cell": (looped_cell, {"cell": nn.GRUCell(5, 7), "head": nn.Linear(7, 3)}),
    "transformer": (
        attend,
        {"encoder": nn.TransformerEncoderLayer(5, 1, 6, dropout=0.0), "head": nn.Linear(5, 3)},
    ),
}


@pytest.mark.parametrize("steps", [3, 4, 5])
@pytest.mark.parametrize("kind", STEPS_FIRST)
def test_noise_does_not_depend_on_the_batch_where_steps_come_first(kind, steps):
    torch.manual_seed(0)
    call, layers = STEPS_FIRST[kind]
    x = torch.randn(steps, 12, 5)
    analog = convert(Wrapped(call, **copy.deepcopy(layers)).eval(), NOISY, x)
    with torch.no_grad():
        whole = analog(x)
        for cut in CUTS:
            program(analog, chip=0)
            parts = [analog(part) for part in x.split(cut, 1)]
            torch.testing.assert_close(torch.cat(parts, 1), whole, rtol=0, atol=1e-4)


def test_no_sequence_has_the_noise_of_another_pass():
    x = torch.randn(4, 1, 5).expand(4, 6, 5).contiguous()
    analog = convert(Wrapped(lambda self, x: self.lstm(x)[0], lstm=nn.LSTM(5, 7)).eval(), NOISY, torch.randn(4, 6, 5))
    with torch.no_grad():
        passes = torch.cat([analog(x), analog(x)], 1).transpose(0, 1).flatten(1)
    assert len(passes.unique(dim=0)) == 12
    assert analog.lstm.ih_l0.reads == 12


@pytest.mark.parametrize(
    ("first", "width"), [(torch.zeros(3, 3), 6), (torch.tensor(1.0), 6), (torch.zeros(4), 6), (torch.zeros(3, 3), 3)]
)
def test_what_comes_before_the_samples_does_not_number_them(first, width):
    torch.manual_seed(0)
    x = torch.randn(12, 3, 6) if width == 3 else torch.randn(12, 6)
    layers = {"a": nn.Linear(6, 8), "b": nn.Linear(8, 2)}
    network = Wrapped(lambda self, mask, x: self.b(torch.tanh(self.a(x) + mask.sum())), **layers)
    analog = convert(network.eval(), NOISY, (first, x))
    with torch.no_grad():
        whole = analog(first, x)
        for cut in CUTS:
            program(analog, chip=0)
            assert torch.equal(torch.cat([analog(first, part) for part in x.split(cut)]), whole)


def test_samples_in_a_dictionary_are_read_like_others():
    torch.manual_seed(0)
    x = torch.randn(12, 6)
    layer = nn.Linear(6, 6)
    known = conversion_of(convert(Wrapped(lambda self, x: self.a(self.a(x)), a=layer), NOISY, x)).calibration
    analog = convert(Wrapped(lambda self, inputs: self.a(self.a(inputs["x"])), a=layer).eval(), NOISY, known)
    with torch.no_grad():
        whole = analog({"x": x})
        program(analog, chip=0)
        assert torch.equal(torch.cat([analog({"x": part}) for part in x.split([7, 5])]), whole)


def test_copies_and_files_number_passes_by_themselves():
    torch.manual_seed(0)
    x = torch.randn(4, 12, 5)
    analog = convert(nn.LSTM(5, 7).eval(), NOISY, x)
    with torch.no_grad():
        whole = analog(x)[0]
        for other in (copy.deepcopy(analog), pickle.loads(pickle.dumps(analog))):
            program(other, chip=0)
            parts = [other(part)[0] for part in x.split([7, 5], 1)]
            torch.testing.assert_close(torch.cat(parts, 1), whole, rtol=0, atol=1e-4)


def same_parts(network: nn.Module, given: list[Any], whole: Any) -> None:
    """Let a network see its samples in parts, in the order of the whole."""
    program(network, chip=0)
    with torch.no_grad():
        parts = [network(part) for part in given]
    torch.testing.assert_close(torch.cat(parts), whole, rtol=0, atol=1e-5)


def test_tokens_have_the_same_noise_whatever_their_padding():
    """A batch is as long as its longest text; numbers that count on from text to text would depend on that."""
    torch.manual_seed(0)
    texts, lengths = torch.randn(6, 9, 5), [4, 9, 3, 3, 7, 9]
    analog = convert(nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 3)), NOISY, texts)
    with torch.no_grad():
        together = analog(texts)
        program(analog, chip=0)
        for text, length, expected in zip(texts, lengths, together, strict=True):
            torch.testing.assert_close(analog(text[None, :length])[0], expected[:length], rtol=0, atol=1e-5)


def test_no_two_tokens_share_their_noise():
    """Whatever the lengths of batches are, and whether a layer reads the tokens or what is left of them."""
    torch.manual_seed(0)

    def call(self: Any, x: Tensor) -> Tensor:
        tokens = self.layer(x)
        return torch.cat([tokens.flatten(0, 1), self.layer(x.mean(1)), self.layer(x[:, 0])])

    analog = convert(Wrapped(call, layer=nn.Linear(5, 1)).eval(), NOISY, torch.ones(8, 6, 5))
    with torch.no_grad():
        outputs = torch.cat([analog(torch.ones(3, length, 5)) for length in (6, 2, 5, 1)])
    assert len(outputs.unique()) == len(outputs)


def test_noise_of_pictures_in_a_list_does_not_depend_on_the_batch():
    """A detector reads the layers of its head once for each size of features."""
    torch.manual_seed(0)

    def detect(self: Any, pictures: list[Tensor]) -> Tensor:
        features = self.backbone(torch.stack([picture[:, :4, :4] for picture in pictures]))
        return torch.cat([self.head(features).flatten(1), self.head(features[:, :, ::2, ::2]).flatten(1)], 1)

    pictures = [torch.rand(2, 4 + index, 5) for index in range(6)]
    layers = {"backbone": nn.Conv2d(2, 3, 3), "head": nn.Conv2d(3, 2, 1)}
    analog = convert(Wrapped(detect, **layers).eval(), NOISY, [(pictures, [{}] * len(pictures))])
    with torch.no_grad():
        whole = analog(pictures)
    same_parts(analog, [pictures[:1], pictures[1:4], pictures[4:]], whole)
    same_parts(analog, [[picture] for picture in pictures], whole)


def test_noise_of_pictures_that_a_network_takes_one_by_one_does_not_depend_on_the_batch():
    torch.manual_seed(0)

    def detect(self: Any, pictures: list[Tensor]) -> Tensor:
        return torch.cat([self.layer(picture[None]).mean((2, 3)) for picture in pictures])

    pictures = [torch.rand(2, 3 + index, 4) for index in range(6)]
    analog = convert(Wrapped(detect, layer=nn.Conv2d(2, 3, 3)).eval(), NOISY, [(pictures, [{}] * len(pictures))])
    with torch.no_grad():
        whole = analog(pictures)
    same_parts(analog, [pictures[:1], pictures[1:4], pictures[4:]], whole)


def test_rows_that_belong_to_nobody_known_have_noise_of_their_own():
    torch.manual_seed(0)
    chosen = Wrapped(lambda self, x: self.layer(x.flatten(0, 1)[: 2 * len(x) + 1]), layer=nn.Linear(5, 3)).eval()
    analog = convert(chosen, NOISY, torch.ones(4, 6, 5))
    with torch.no_grad():
        outputs = torch.cat([analog(torch.ones(samples, 6, 5)) for samples in (4, 3, 4)])
    assert len(outputs.unique()) == outputs.numel()


@pytest.mark.parametrize("steps", [3, 6, 12, 24])
def test_noise_does_not_depend_on_the_batch_where_a_network_turns_its_axes(steps):
    """Behind a recurrent layer that takes steps first, a layer took steps for samples."""

    def turned(network: Any, x: Tensor) -> Tensor:
        return network.head(network.lstm(x.transpose(0, 1))[0]).transpose(0, 1)

    torch.manual_seed(0)
    x = torch.randn(12, steps, 5)
    analog = convert(Wrapped(turned, lstm=nn.LSTM(5, 7), head=nn.Linear(7, 3)).eval(), NOISY, x)
    with torch.no_grad():
        whole = analog(x)
        for cut in CUTS:
            program(analog, chip=0)
            parts = [analog(part) for part in x.split(cut)]
            torch.testing.assert_close(torch.cat(parts), whole, rtol=0, atol=1e-4)
