"""Products with parameters of modules are those of layers, however a network asks for them."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional

from bitline import Design, analog_layers, conversion_of, convert
from bitline.cost import gather_statistics, network_cost
from bitline.errors import ConversionError, LeftOutWarning
from bitline.nn.calibration_file import load_calibration, save_calibration

X = torch.randn(40, 5, 8, generator=torch.Generator().manual_seed(0))
FINE = Design.load("ideal").with_settings(
    {"weights.bits": 12, "inputs.bits": 14, "inputs.range": {"kind": "percentile", "percentile": 100.0}}
)


class Asking(nn.Module):
    """A layer, and then a product with a parameter: one matrix, or three of which each has its own vectors."""

    def __init__(self, ask, *shape):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.ask = nn.Linear(8, 8), ask
        self.weight = nn.Parameter(torch.randn(*shape) / 3)

    def forward(self, x):
        return self.ask(self.first(x), self.weight)


ONE = {
    "x @ W": (lambda x, w: x @ w, 8, 6),
    "x @ W.T": (lambda x, w: x @ w.T, 6, 8),
    "W @ x": (lambda x, w: w @ x.mT, 6, 8),
    "W.T @ x": (lambda x, w: w.T @ x.mT, 8, 6),
    "linear": (lambda x, w: functional.linear(x, w, torch.ones(6)), 6, 8),
    "mm": (lambda x, w: torch.mm(x.flatten(0, 1), w), 8, 6),
    "addmm": (lambda x, w: torch.addmm(torch.ones(6), x.flatten(0, 1), w), 8, 6),
    "einsum": (lambda x, w: torch.einsum("bnd,de->bne", x, w), 8, 6),
    "mm, by name": (lambda x, w: torch.mm(input=x.flatten(0, 1), mat2=w), 8, 6),
    "addmm with scales": (lambda x, w: torch.addmm(torch.ones(6), x.flatten(0, 1), w, beta=0.5, alpha=2), 8, 6),
    "addmm to nothing": (lambda x, w: torch.addmm(torch.full((6,), torch.nan), x.flatten(0, 1), w, beta=0), 8, 6),
    "einsum of any axes": (lambda x, w: torch.einsum("...d,de->...e", x, w), 8, 6),
    "einsum without result": (lambda x, w: torch.einsum("bnd,de", [x, w]), 8, 6),
    "tensordot": (lambda x, w: torch.tensordot(x, w, 1), 8, 6),
    "tensordot of named axes": (lambda x, w: torch.tensordot(w, x, ([-1], [2])), 6, 8),
    "einsum, weight first": (lambda x, w: torch.einsum("ed, bnd -> enb", w, x), 6, 8),
}
SEVERAL = {
    "bmm": (lambda x, w: torch.bmm(x.flatten(0, 1).expand(3, -1, -1), w), 3, 8, 6),
    "bmm, turned": (lambda x, w: torch.bmm(w, x.flatten(0, 1).mT.expand(3, -1, -1)), 3, 6, 8),
    "baddbmm": (lambda x, w: torch.baddbmm(torch.ones(3, 1, 6), x.flatten(0, 1).expand(3, -1, -1), w), 3, 8, 6),
    "every vector times every matrix": (lambda x, w: x.flatten(0, 1) @ w, 3, 8, 6),
    "batches": (lambda x, w: x[:, :3, None] @ w, 3, 8, 6),
    "one after the other": (lambda x, w: torch.stack([x @ matrix for matrix in w]), 3, 8, 6),
    "unbind": (lambda x, w: sum(functional.linear(x, matrix) for matrix in w.unbind()), 3, 6, 8),
}


PARTS = {
    "chunks": (lambda x, w: torch.cat([functional.linear(x, part) for part in w.chunk(3)], -1), (12, 8), (
        "0_4_by_0_8", "4_8_by_0_8", "8_12_by_0_8")),
    "rows, with a bias": (lambda x, w: functional.linear(x, w[4:8], torch.ones(4)), (12, 8), ("4_8_by_0_8",)),
    "columns": (lambda x, w: x @ w[:, 2:7], (8, 9), ("0_8_by_2_7",)),
    "features": (lambda x, w: functional.linear(x[..., 3:], w[:, 3:]), (6, 8), ("0_6_by_3_8",)),
    "features and outputs": (lambda x, w: x[..., 3:] @ w[3:, :5], (8, 6), ("3_8_by_0_5",)),
    "all and a part": (lambda x, w: functional.linear(x, w)[..., :4] + functional.linear(x, w[:4]), (6, 8), (
        "matrix", "0_4_by_0_8")),
}  # fmt: skip
KERNELS = {
    "conv1d": (lambda x, w: functional.conv1d(x.mT, w, torch.ones(6), padding=1), (6, 8, 3), 1),
    "conv1d, several steps": (lambda x, w: functional.conv1d(x.mT, w, None, 2, dilation=2), (6, 8, 2), 1),
    "conv2d": (lambda x, w: functional.conv2d(x[:, None], w, stride=(1, 2), padding="valid"), (6, 1, 3, 2), 1),
    "depthwise": (lambda x, w: functional.conv2d(x[..., None], w, groups=5, padding="same"), (10, 1, 3, 1), 1),
    "conv3d": (lambda x, w: functional.conv3d(x[:, None, None], w, padding=(0, 1, 1)), (6, 1, 1, 3, 3), 1),
    "in two ways": (
        lambda x, w: functional.conv1d(x.mT, w)[..., :2] + functional.conv1d(x.mT, w, stride=2),
        (6, 8, 3),
        2,
    ),
}
"""What is asked for, the shape of the parameter, and layers."""


@pytest.mark.parametrize(("ask", "names"), [(ask, ("weight_matrix",)) for ask in ONE.values()] + [
    (ask, tuple(f"weight_matrices.{index}" for index in range(3))) for ask in SEVERAL.values()
] + [
    ((ask, *shape), tuple(f"weight_{part}" for part in parts)) for ask, shape, parts in PARTS.values()
] + [
    ((ask, *shape), ("weight_kernels", "weight_kernels_other_way")[:ways]) for ask, shape, ways in KERNELS.values()
], ids=[*ONE, *SEVERAL, *PARTS, *KERNELS])  # fmt: skip
def test_products_with_parameters_lie_on_arrays(ask, names):
    network = Asking(*ask).eval()
    analog = convert(network, FINE, X)
    assert conversion_of(analog).analog == ("first", *names)
    assert not any("digital" in note for note in conversion_of(analog).notes)
    torch.testing.assert_close(analog(X), network(X), atol=4e-3, rtol=0)
    for each in (analog, network):
        each(0.7 * X).square().sum().backward()
    got, wanted = (each.weight.grad for each in (analog, network))
    assert (got - wanted).norm() < 0.02 * wanted.norm()


@pytest.mark.parametrize("ask", [ONE["x @ W"], SEVERAL["bmm"]])
def test_they_have_errors_and_costs_of_their_own_and_are_saved(ask):
    network = Asking(*ask).eval()
    noisy = FINE.with_settings({"layers": [{"match": "weight_*", "set": {"cell.device": {
        "kind": "state-independent", "alpha": 0.1}}}]})  # fmt: skip
    analog = convert(network, noisy, X)
    assert (analog(X) - network(X)).abs().max() > 0.1
    again = convert(network, noisy, X, seed=1)
    again.load_state_dict(analog.state_dict())
    assert torch.equal(again(X), analog(X))
    cost = network_cost(gather_statistics(network, "sonos-a", X), "sonos-a")
    assert cost.macs == 5 * 8 * 8 + 5 * 8 * 6 * (1 if network.weight.ndim == 2 else 3)


class Tied(nn.Module):
    """A language model whose words are looked up and scored by one matrix."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.words, self.middle = nn.Embedding(30, 8), nn.Linear(8, 8)

    def forward(self, tokens):
        return self.middle(self.words(tokens)) @ self.words.weight.T


def test_a_table_that_scores_lies_on_arrays_and_is_looked_up():
    tokens = torch.arange(60).reshape(4, 15) % 30
    network = Tied().eval()
    analog = convert(network, FINE, tokens)
    assert set(conversion_of(analog).analog) == {"middle", "words.weight_matrix"}
    torch.testing.assert_close(analog(tokens), network(tokens), atol=3e-2, rtol=0)
    assert torch.equal(analog.words(tokens), network.words(tokens))


class BothWays(nn.Module):
    """An autoencoder with one matrix."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.weight = nn.Parameter(torch.randn(8, 4) / 3)

    def forward(self, x):
        return (x @ self.weight).relu() @ self.weight.T


def test_a_matrix_that_is_used_both_ways_lies_on_arrays_twice():
    network = BothWays().eval()
    analog = convert(nn.Sequential(network, nn.Linear(8, 2)), FINE, X)
    assert set(conversion_of(analog).analog) == {"1", "0.weight_matrix", "0.weight_matrix_other_way"}
    torch.testing.assert_close(analog[0](X), network(X), atol=4e-3, rtol=0)


def test_rules_keep_them_digital_without_a_warning():
    design = FINE.with_settings({"layers": [{"match": "weight_matrix", "digital": True}]})
    with warnings.catch_warnings():
        warnings.simplefilter("error", LeftOutWarning)
        analog = convert(Asking(lambda x, w: x @ w, 8, 60).eval(), design, X)
    assert conversion_of(analog).analog == ("first",)


def test_products_of_weights_alone_are_none_of_layers():
    class Rotated(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.last, self.weight = nn.Linear(8, 8), nn.Parameter(torch.randn(8, 8) / 3)
            self.turn = nn.Buffer(torch.eye(8).roll(1, 0))

        def forward(self, x):
            return functional.linear(self.last(x), self.weight @ self.turn)

    network = Rotated().eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeftOutWarning)
        analog = convert(network, FINE, X)
    assert conversion_of(analog).analog == ("last",)


@pytest.mark.parametrize(
    "ask",
    [
        lambda x, w: torch.einsum("bnd,dd->bn", x, w),
        lambda x, w: torch.einsum("bnd,de->bnde", x, w),
        lambda x, w: torch.einsum("bnd,de,bne->bn", x, w, x),
        lambda x, w: torch.tensordot(x.flatten(0, 1).expand(8, -1, -1), w[None].expand(8, -1, -1), ([0, 2], [0, 1])),
        lambda x, w: torch.mm(x.detach().flatten(0, 1), w.detach(), out=torch.empty(0)),
    ],
)
def test_other_products_are_computed_as_they_were(ask):
    network = Asking(ask, 8, 8).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeftOutWarning)
        analog = convert(network, FINE, X)
    torch.testing.assert_close(analog(X), network(X), atol=4e-3, rtol=4e-3)


class Written(nn.Module):
    """A network without a layer."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Parameter(torch.randn(8, 6)), nn.Parameter(torch.randn(6, 3))

    def forward(self, x):
        return functional.relu(x @ self.first) @ self.second


def test_a_network_of_nothing_but_parameters_converts():
    """It was refused: it had no layer to put on arrays."""
    network = Written()
    analog = convert(network, FINE, X)
    assert [layer.name for layer in analog_layers(analog)] == ["first_matrix", "second_matrix"]
    torch.testing.assert_close(analog(X), network(X), atol=0.02, rtol=0.01)


def test_layers_that_rules_keep_digital_do_not_keep_parameters_digital():
    network = nn.Sequential(nn.Linear(8, 8), Written())
    analog = convert(network, FINE.with_settings({"layers": [{"match": "0", "digital": True}]}), X)
    assert [layer.name for layer in analog_layers(analog)] == ["1.first_matrix", "1.second_matrix"]
    with pytest.raises(ConversionError, match="no layer to put on arrays"):
        convert(network, FINE.with_settings({"layers": [{"match": "*", "digital": True}]}), X)


@pytest.mark.parametrize("name", [*PARTS, *KERNELS])
def test_parts_and_kernels_are_calibrated_once_saved_and_costed(tmp_path, name):
    ask, shape, _ = {**PARTS, **KERNELS}[name]
    network = Asking(ask, *shape).eval()
    analog = convert(network, FINE, X)
    file = tmp_path / "calibration.json"
    save_calibration(file, conversion_of(analog).calibration, network, FINE, X)
    known = load_calibration(file, network, FINE, X)
    assert torch.equal(convert(network, FINE, known)(X), analog(X))
    again = convert(network, FINE, X, seed=1)
    again.load_state_dict(analog.state_dict())
    assert torch.equal(again(X), analog(X))
    again.load_state_dict(network.state_dict())
    assert torch.equal(again(X), analog(X))
    statistics = gather_statistics(network, "sonos-a", X)
    assert {layer.name for layer in statistics.layers} == {layer.name for layer in analog_layers(analog)}
