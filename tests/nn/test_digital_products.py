"""Matrices that stay off the arrays are told."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional

from bitline import Design, analog_layers, conversion_of, convert
from bitline.cost import gather_statistics
from bitline.errors import LeftOutWarning
from bitline.nn import AnalogLayer

X = torch.randn(16, 5, 8, generator=torch.Generator().manual_seed(0))


class Product(nn.Module):
    """y = x W + b, as some packages write linear layers; W has no analog form where it is computed."""

    computes = staticmethod(lambda weight: 2 * weight)

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.weight, self.bias = nn.Parameter(torch.randn(features, outputs)), nn.Parameter(torch.randn(outputs))

    def forward(self, x):
        return torch.addmm(self.bias, x.reshape(-1, x.shape[-1]), self.computes(self.weight)).unflatten(0, x.shape[:-1])


Conv1D = type(
    "Conv1D", (Product,), {"__module__": "transformers.pytorch_utils", "computes": staticmethod(lambda weight: weight)}
)


def network(middle):
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(8, 8), nn.ReLU(), middle, nn.ReLU(), nn.Linear(32, 2)).eval()


def test_weights_that_multiply_outside_of_arrays_are_named_with_their_share():
    with pytest.warns(LeftOutWarning, match="67 % of the weights that multiply stay digital: '2.weight'"):
        analog = convert(network(Product(8, 32)), "differential", X)
    assert any(
        "67 % of the weights that multiply stay digital: '2.weight'" in note for note in conversion_of(analog).notes
    )


def test_what_rules_keep_digital_is_no_surprise():
    design = Design.of("differential").with_settings({"layers": [{"match": "2", "digital": True}]})
    with warnings.catch_warnings():
        warnings.simplefilter("error", LeftOutWarning)
        convert(network(nn.Linear(8, 32)), design, X)


def test_matrices_that_are_only_looked_up_are_no_products():
    words = nn.Sequential(nn.Embedding(1000, 8), nn.Linear(8, 2)).eval()
    notes = conversion_of(convert(words, "differential", torch.arange(32).reshape(4, 8))).notes
    assert not any("multiply" in note for note in notes)


def test_transposed_linear_layers_of_transformers_are_linear_layers():
    middle = Conv1D(8, 32)
    linear = nn.Linear(8, 32)
    linear.weight.data, linear.bias.data = middle.weight.data.T.contiguous(), middle.bias.data
    transposed, plain = (convert(network(each), "differential", X) for each in (middle, linear))
    layer = list(analog_layers(transposed))[1]
    assert isinstance(layer, AnalogLayer) and isinstance(layer, Conv1D) and layer.outputs == 32
    assert not any("digital" in note for note in conversion_of(transposed).notes)
    for layers in zip(analog_layers(transposed), analog_layers(plain), strict=True):
        assert layers[0].calibration == layers[1].calibration
        assert torch.equal(layers[0].cells().conductance, layers[1].cells().conductance)
    assert torch.equal(transposed(X), plain(X))
    transposed(X).sum().backward()  # gradients reach weights of this shape
    assert layer.weight.grad.shape == (8, 32)


def test_rules_know_transposed_linear_layers():
    rules = [{"match": "2", "set": {"adc.bits": 5}}]
    analog = convert(network(Conv1D(8, 32)), Design.of("differential").with_settings({"layers": rules}), X)
    assert [layer.design.adc.bits for layer in analog_layers(analog)] == [8, 5, 8]


class Experts(nn.Module):
    """Every sample's rows go to the expert that the sign of their first value chooses, as mixtures of experts do."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.weights = nn.Parameter(torch.randn(2, 8, outputs))

    def forward(self, x):
        rows = x.reshape(-1, 8)
        expert = (rows[:, 0] > 0).long()
        order = expert.argsort()
        ends = torch.bincount(expert, minlength=2).cumsum(0).to(torch.int32)
        weights = 2 * self.weights  # computed, so that they are those of no layer
        return functional.grouped_mm(rows[order], weights, offs=ends)[order.argsort()].unflatten(0, x.shape[:-1])


@pytest.mark.skipif(not hasattr(functional, "grouped_mm"), reason="a PyTorch without them")
def test_products_of_groups_are_products_of_weights():
    """Experts of transformers 5: neither the share nor the digital work knew of them."""
    model = network(Experts(32))
    try:
        model(X)
    except (RuntimeError, NotImplementedError) as error:
        pytest.skip(f"not on this processor: {error}")
    with pytest.warns(LeftOutWarning, match="80 % of the weights that multiply stay digital: '2.weights'"):
        digital = gather_statistics(model, "differential", X).digital
    assert digital.macs == 5 * 8 * 32


class Computed(nn.Module):
    """y = W' x + b, where W' is computed from weights in `forward`; x has 8 values."""

    def __init__(self, matrix, **held):
        super().__init__()
        torch.manual_seed(0)
        self.matrix = matrix
        self.weight = nn.Parameter(torch.randn(32, 8))
        for name, value in held.items():
            setattr(self, name, value)

    def forward(self, x):
        return functional.linear(x, self.matrix(self))


def written(module):
    rows = module.weight.new_zeros(32, 8)
    rows[:16] = module.weight[:16]
    rows[16:] = module.weight[16:]
    return rows


MASK = nn.Buffer(torch.ones(32, 8))
COMPUTED = {
    "normalised": (lambda module: functional.normalize(module.weight), {}),
    "masked": (lambda module: module.weight * module.mask, {"mask": MASK}),
    "masked by a plain tensor": (lambda module: module.weight * module.masks[0], {"masks": [torch.ones(32, 8)]}),
    "masked by a constant": (lambda module: module.weight.tril() * torch.ones(8), {}),
    "rounded": (lambda module: module.weight.half().float(), {}),
    "scaled": (lambda module: module.weight * module.scale.exp(), {"scale": nn.Buffer(torch.zeros(()))}),
    "stacked": (lambda module: torch.cat([module.weight[:16], module.weight[16:]]), {}),
    "copied": (written, {}),
    "noisy": (lambda module: module.weight + 0 * torch.randn_like(module.weight), {}),
    "turned": (lambda module: module.weight @ torch.eye(8), {}),
}


@pytest.mark.parametrize(("matrix", "held"), COMPUTED.values(), ids=COMPUTED)
def test_weights_that_are_computed_before_they_multiply_are_weights(matrix, held):
    with pytest.warns(LeftOutWarning, match="67 % of the weights that multiply stay digital: '2.weight'"):
        convert(network(Computed(matrix, **held)), "differential", X)


class Chosen(nn.Module):
    """Every sample chooses a matrix of its own."""

    def __init__(self, choose):
        super().__init__()
        torch.manual_seed(0)
        self.experts, self.choose = nn.Parameter(torch.randn(4, 8, 32)), choose

    def forward(self, x):
        return x @ self.choose(self.experts, (x[:, 0, 0] > 0).long())


CHOICES = {
    "index": lambda experts, which: experts[which],
    "index_select": lambda experts, which: experts.index_select(0, which),
    "index of an axis": lambda experts, which: experts.transpose(0, 1)[:, which].transpose(0, 1),
}


@pytest.mark.parametrize("choose", CHOICES.values(), ids=CHOICES)
def test_matrices_that_inputs_choose_are_weights(choose):
    with pytest.warns(LeftOutWarning, match="89 % of the weights that multiply stay digital: '2.experts'"):
        convert(network(Chosen(choose)), "differential", X)


class Listed(nn.Module):
    """Layers in a plain list, which PyTorch does not register."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layers = [nn.Linear(8, 16), nn.Linear(16, 32)]

    def forward(self, x):
        for layer in self.layers:
            x = layer(x).relu()
        return x


def test_layers_in_plain_lists_are_weights_by_the_name_of_their_list():
    with pytest.warns(LeftOutWarning, match=r"83 % .*: '2.layers.1.weight', '2.layers.0.weight'"):
        convert(network(Listed()), "differential", X)


def test_parameters_of_closures_are_weights():
    outside = nn.Parameter(torch.randn(32, 8, generator=torch.Generator().manual_seed(0)))
    with pytest.warns(LeftOutWarning, match='67 % .*: "parameter 1 outside of the network\'s modules"'):
        convert(network(Computed(lambda module: outside)), "differential", X)


def test_einsums_with_parameters_are_products_of_weights():
    class Einsum(Product):
        def forward(self, x):
            return torch.einsum("bti,io->bto", x, 2 * self.weight)

    with pytest.warns(LeftOutWarning, match="67 % of the weights that multiply stay digital: '2.weight'"):
        convert(network(Einsum(8, 32)), "differential", X)


class Attending(nn.Module):
    """Attention without matrices: of words with themselves, added to a bias that is picked from a table."""

    def __init__(self, of):
        super().__init__()
        torch.manual_seed(0)
        self.table, self.of = nn.Parameter(torch.randn(9, 1)), of
        self.words, self.end = nn.Embedding(50, 8), nn.Linear(8, 2)
        self.kept = nn.Buffer(torch.zeros(16, 4, 8))

    def forward(self, tokens):
        words = self.of(self, self.words(tokens))
        steps = torch.arange(4)
        bias = self.table[steps[:, None] - steps + 4, 0]
        attended = functional.scaled_dot_product_attention(words, words, words, bias.expand(len(words), 4, 4))
        return self.end(torch.baddbmm(attended, attended @ attended.transpose(1, 2), attended))


def in_a_buffer(module, words):
    module.kept[: len(words)] = words
    return module.kept[: len(words)]


def over_weights(module, words):
    """Tokens of which some are replaced, as those of masked autoencoders are."""
    tokens = module.words.weight[:4].expand(words.shape).clone()
    tokens[:, 1:] = words[:, 1:]
    return tokens


ACTIVATIONS = {
    "looked up": lambda module, words: words,
    "rows of a matrix": lambda module, words: module.words.weight[words.sum(-1).long().clamp(0, 49)],
    "kept in a buffer": in_a_buffer,
    "written over weights": over_weights,
    "scaled by a parameter": lambda module, words: words * module.table[0],
}


@pytest.mark.parametrize("of", ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_activations_and_what_is_added_to_products_are_no_weights(of):
    tokens = torch.randint(50, (16, 4), generator=torch.Generator().manual_seed(0))
    notes = conversion_of(convert(Attending(of).eval(), "differential", tokens)).notes
    assert any("bmm" in note for note in notes)
    assert not any("weights that multiply" in note for note in notes)
