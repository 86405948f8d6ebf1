"""What cannot be put on arrays, or computed there, is refused by name and with the right remedy."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, func, nn

from bitline import Design, conversion_of, convert, evaluate
from bitline.errors import ConversionError, NetworkError


def digital(name: str) -> Design:
    """A design with a rule that keeps one layer digital."""
    return Design.load("differential").with_settings({"layers": [{"match": name, "digital": True}]})


def deprecated(make: Callable[[], nn.Module]) -> nn.Module:
    """What PyTorch still makes, without its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make()


def quantised(layer: nn.Module) -> nn.Module:
    """A layer whose weights are packed."""
    return deprecated(lambda: torch.ao.quantization.quantize_dynamic(nn.Sequential(layer), {type(layer)})[0])


@pytest.mark.parametrize("layer", [nn.Linear(8, 5), nn.LSTMCell(8, 5)])
def test_quantised_layers_are_refused_or_named_among_what_stays_digital(layer):
    network = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), quantised(layer)).eval()
    kind = type(layer).__name__
    with pytest.raises(ConversionError, match=f"'2' is a quantised {kind}.*the float network.*match = \"2\""):
        convert(network, "differential", torch.rand(9, 6))
    notes = conversion_of(convert(network, digital("2"), torch.rand(9, 6))).notes
    assert f"2 ({kind}) stays digital" in notes
    assert any("products outside of the analog layers" in note for note in notes)


def test_layers_on_arrays_are_not_converted_again():
    x = torch.rand(9, 6)
    analog = convert(nn.Sequential(nn.Linear(6, 8)), "differential", x)
    whole = nn.Sequential(analog[0], nn.Linear(8, 3))
    labels = torch.zeros(9, dtype=torch.long)
    for attempt in (
        lambda: convert(analog, "isaac", x),
        lambda: convert(whole, "differential", x),
        lambda: convert(whole, digital("0"), x),
        lambda: evaluate(analog, "differential", x, labels, x, chips=1),
    ):
        with pytest.raises(ConversionError, match="'0' is on arrays already: give the float network"):
            attempt()
    recurrent = convert(nn.LSTM(6, 8), "differential", torch.rand(9, 4, 6))
    with pytest.raises(ConversionError, match="is on arrays already"):
        convert(recurrent, digital("*ih*"), torch.rand(9, 4, 6))


def test_compiled_parts_are_named():
    network = nn.Sequential(nn.Linear(6, 8), nn.Sequential(deprecated(lambda: torch.jit.script(nn.Linear(8, 2)))))
    with pytest.raises(NetworkError, match=r"'1\.0' of the network is a RecursiveScriptModule.*that it was made from"):
        convert(network, "differential", torch.rand(9, 6))


@pytest.mark.parametrize("layer", [nn.Linear(6, 3), nn.GRUCell(6, 3)])
@pytest.mark.parametrize(
    "transformed",
    [
        lambda network, x: func.vmap(network)(x[:, None]),
        lambda network, x: func.jacrev(network)(x),
        lambda network, x: func.jvp(network, (x,), (x,)),
        lambda network, x: func.grad(lambda weights: func.functional_call(network, weights, (x,)).sum())(
            dict(network.named_parameters())
        ),
    ],
)
def test_transforms_of_functions_are_refused(layer, transformed: Callable[[nn.Module, Tensor], object]):
    x = torch.rand(9, 6)
    analog = convert(nn.Sequential(layer), "differential", x)
    with pytest.raises(ConversionError, match=r"cannot be transformed by torch\.func.*torch\.autograd"):
        transformed(analog, x)
    assert func.functional_call(analog, dict(analog.named_parameters()), (x,)).shape == (9, 3)
