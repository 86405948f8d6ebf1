"""Recalibration of samples with padding, and of images in any precision."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bitline import Design, analog_layers, conversion_of, convert, evaluate
from bitline.design import reference
from bitline.evaluation.remedies import Recalibrate

NOISY = Design().with_settings({"cell.device": {"kind": "state-independent", "alpha": 0.1}})


class Recurrent(nn.Module):
    """Its layers see positions side by side, and step by step."""

    def __init__(self) -> None:
        super().__init__()
        self.into, self.steps, self.out = nn.Linear(4, 8), nn.LSTM(8, 6, batch_first=True), nn.Linear(6, 3)

    def forward(self, x: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        return self.out(self.steps(torch.relu(self.into(x)))[0])


def corrections(samples: dict[str, Tensor]) -> dict[str, tuple[Tensor, Tensor]]:
    torch.manual_seed(0)
    network, calibration = Recurrent().eval(), {**samples, "x": samples["x"].clamp(-4, 4)}
    analog, exact = convert(network, NOISY, calibration), convert(network, reference(NOISY), calibration)
    Recalibrate(samples)(analog, exact)
    return {layer.name: (layer.correction.gain, layer.correction.offset) for layer in analog_layers(analog)}


def test_padding_does_not_count():
    x, mask = torch.randn(20, 5, 4, generator=torch.Generator().manual_seed(0)), torch.ones(20, 5)
    mask[:, 3:] = 0
    other = torch.where(mask.bool()[..., None], x, 30.0)
    found, wanted = (corrections({"x": each, "attention_mask": mask}) for each in (other, x))
    cut = corrections({"x": x[:, :3], "attention_mask": mask[:, :3]})
    assert "steps.ih_l0" in wanted
    for name, pair in wanted.items():
        for value, same, short in zip(pair, found[name], cut[name], strict=True):
            torch.testing.assert_close(same, value, rtol=0, atol=1e-6)
            if name in ("into", "steps.ih_l0"):  # one more step reads what the last real one leaves
                torch.testing.assert_close(short, value, rtol=0, atol=1e-5)


def test_images_are_taken_in_the_precision_of_the_network():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(8, 16), nn.LayerNorm(16), nn.Linear(16, 3)).eval()
    x = torch.randn(40, 8)
    given = network, NOISY, x, x[:, :3].argmax(1), x
    values = [
        evaluate(*given, chips=2, after_programming=Recalibrate(each)).chip_accuracies for each in (x, x.double())
    ]
    assert values[0] == values[1]


class Dropping(nn.Module):
    def forward(self, inputs: Tensor) -> Tensor:
        return nn.functional.dropout(inputs, 0.5, training=True)


def test_both_networks_draw_the_same_random_numbers():
    """A chip without errors was corrected by what other random numbers gave."""
    torch.manual_seed(0)
    network, x = nn.Sequential(nn.Linear(4, 4), Dropping(), nn.Linear(4, 3)).eval(), torch.randn(40, 4)
    exact = Design.load("ideal")
    analog = convert(network, exact, x)
    Recalibrate(x)(analog, convert(network, reference(exact), conversion_of(analog).calibration))
    for layer in analog_layers(analog):
        torch.testing.assert_close(layer.correction.gain, torch.ones_like(layer.correction.gain))
