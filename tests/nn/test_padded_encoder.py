"""PyTorch's encoders give zeros at padding in eval mode, by way of nested tensors; converted ones do so, too."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from bitline import Design, convert, evaluate

FINE = Design().with_settings(
    {"weights.bits": 16, "inputs.bits": 16, "adc": "none", "inputs.range": {"percentile": 100.0}}
)
POOLS = {
    "mean": lambda hidden: hidden.mean(1),
    "max": lambda hidden: hidden.amax(1),
    "last": lambda hidden: hidden[:, -1],
    "positions": lambda hidden: hidden,
}
pytestmark = pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")


class Pooled(nn.Module):
    def __init__(self, pool: str, norm: nn.Module | None = None):
        super().__init__()
        layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        self.encoder, self.head = nn.TransformerEncoder(layer, 2, norm), nn.Linear(16, 3)
        self.pool = pool

    def forward(self, x: Tensor, src_key_padding_mask: Tensor | None = None) -> Tensor:
        return self.head(POOLS[self.pool](self.encoder(x, src_key_padding_mask=src_key_padding_mask)))


def network(pool: str, norm: nn.Module | None = None) -> nn.Module:
    torch.manual_seed(0)
    return Pooled(pool, norm).eval()


def samples() -> dict[str, Tensor]:
    """The first two have no padding, and no sample is as long as the inputs from the third on."""
    lengths = torch.tensor([6, 6, *[2 + place % 4 for place in range(10)]])
    x = torch.randn(12, 6, 16, generator=torch.Generator().manual_seed(0))
    return {"x": x, "src_key_padding_mask": torch.arange(6) >= lengths[:, None]}


@pytest.mark.parametrize("norm", [None, nn.LayerNorm(16)], ids=["bare", "normed"])
@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("first", [0, 2], ids=["padding-later", "padding-first"])
def test_converted_encoders_give_zeros_at_padding(pool, norm, first):
    model, data = network(pool, copy.deepcopy(norm)), {name: value[first:] for name, value in samples().items()}
    analog = convert(model, FINE, data)
    with torch.no_grad():
        expected = model(**data)
        torch.testing.assert_close(analog(**data), expected, rtol=0, atol=5e-3)
    torch.testing.assert_close(analog(**data), expected, rtol=0, atol=5e-3)  # with gradients, too


def test_masks_that_are_not_nested_stay_as_they_are():
    model, data = network("positions"), samples()
    padded_left = {"x": data["x"], "src_key_padding_mask": data["src_key_padding_mask"].flip(1)}
    analog = convert(model, FINE, padded_left)
    with torch.no_grad():
        real, found = ~padded_left["src_key_padding_mask"], analog(**padded_left)
        torch.testing.assert_close(found[real], model(**padded_left)[real], rtol=0, atol=5e-3)
        assert bool((found[~real].std(0) > 0.1).all())
    without = convert(model, FINE, data["x"])
    with torch.no_grad():
        torch.testing.assert_close(without(data["x"]), model(data["x"]), rtol=0, atol=5e-3)


def test_accuracy_is_that_of_the_float_network():
    model, data = network("mean"), samples()
    with torch.no_grad():
        labels = model(**data).argmax(-1)
    result = evaluate(model, FINE, {**data, "labels": labels}, calibration=data, chips=1)
    assert (result.float_value, result.reference_value, result.mean) == (1.0, 1.0, 1.0)
