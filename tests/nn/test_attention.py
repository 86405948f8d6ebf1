"""Attention and transformer layers on arrays compute what PyTorch's do, with every mask and option."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from bitline import Design, analog_layers, conversion_of, convert, program
from bitline.cost import Library, gather_statistics, network_cost
from bitline.errors import ConversionError

PRECISE = Design().with_settings(
    {"weights.bits": 16, "inputs.bits": 16, "adc": "none", "cell.device": "none", "inputs.range": {"percentile": 100.0}}
)
"""Rounds to about 2^-15 of the largest weight and input."""
NOISY = PRECISE.with_settings({"cell.read_noise": {"kind": "state-independent", "alpha": 0.1}})
"""Nothing but read noise."""


class Attend(nn.Module):
    """Attention over inputs (batch, tokens, features), as keywords say, masks for as many samples as there are.

    Args:
        attention: the layer.
        options: keywords of its `forward`.
    """

    def __init__(self, attention: nn.MultiheadAttention, **options: Any) -> None:
        super().__init__()
        self.attention, self.options = attention, options

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, ...]:
        first = self.attention.batch_first
        inputs = [x if first else x.transpose(0, 1) for x in (query, key, value)]
        options, batch = dict(self.options), len(query)
        if "key_padding_mask" in options:
            options["key_padding_mask"] = options["key_padding_mask"][:batch]
        if "attn_mask" in options and options["attn_mask"].ndim == 3:
            options["attn_mask"] = options["attn_mask"][: batch * self.attention.num_heads]
        outputs, weights = self.attention(*inputs, **options)
        outputs = outputs if first else outputs.transpose(0, 1)
        return (outputs,) if weights is None else (outputs, weights)


@st.composite
def attentions(draw: st.DrawFn) -> tuple[nn.Module, tuple[Tensor, ...]]:
    """Attention with any options, and inputs."""
    heads, batch, queries, keys = (draw(st.integers(1, 3)) for _ in range(4))
    width = heads * draw(st.integers(1, 3))
    own_widths = [draw(st.sampled_from([None, 3])) for _ in range(2)]
    torch.manual_seed(draw(st.integers(0, 99)))
    attention = nn.MultiheadAttention(
        width,
        heads,
        dropout=0.5,
        bias=draw(st.booleans()),
        add_bias_kv=draw(st.booleans()),
        add_zero_attn=draw(st.booleans()),
        kdim=own_widths[0],
        vdim=own_widths[1],
        batch_first=draw(st.booleans()),
    )
    options: dict[str, Any] = {
        "need_weights": draw(st.booleans()),
        "average_attn_weights": draw(st.booleans()),
    }
    mask = draw(st.sampled_from(["none", "boolean", "added", "of heads", "causal"]))
    if mask == "causal":
        options["attn_mask"] = torch.ones(queries, keys, dtype=torch.bool).triu(1)
        options["is_causal"] = True
    elif mask != "none":
        shape = (batch * heads, queries, keys) if mask == "of heads" else (queries, keys)
        drawn = torch.rand(shape)
        drawn[..., 0] = 0.9  # no query is left without a key
        options["attn_mask"] = drawn if mask == "added" else drawn < 0.3
    padding = draw(st.sampled_from(["none", "boolean", "added"]))
    if padding != "none" and mask in ("none", "boolean", "added", "causal"):
        drawn = torch.rand(batch, keys)
        drawn[:, 0] = 0.9
        whole = padding == "boolean" and mask != "added"
        options["key_padding_mask"] = drawn < 0.3 if whole else drawn
        if not whole and mask in ("boolean", "causal"):
            options["attn_mask"] = torch.zeros(queries, keys).masked_fill(options["attn_mask"], -torch.inf)
    sizes = ((queries, width), (keys, own_widths[0] or width), (keys, own_widths[1] or width))
    inputs = tuple(torch.randn(batch, tokens, features) for tokens, features in sizes)
    return Attend(attention, **options).eval(), inputs


@settings(max_examples=40)
@given(case=attentions())
def test_attention_computes_what_the_float_layer_computes(case):
    network, inputs = case
    analog = convert(network, PRECISE, inputs)
    with torch.no_grad():
        for got, expected in zip(analog(*inputs), network(*inputs), strict=True):
            torch.testing.assert_close(got, expected, rtol=0, atol=2e-3)
    assert isinstance(analog.attention, nn.MultiheadAttention)
    assert [layer.name for layer in analog_layers(analog)] == [
        f"attention.{part}" for part in ("q", "k", "v", "out_proj")
    ]


def small_transformer(batch_first: bool) -> nn.Module:
    torch.manual_seed(0)
    return nn.Transformer(8, 2, 1, 1, 12, batch_first=batch_first).eval()


class Translate(nn.Module):
    """A transformer for inputs (batch, tokens, features), with padding and causal masks."""

    def __init__(self, transformer: nn.Transformer) -> None:
        super().__init__()
        self.transformer = transformer

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        first = self.transformer.batch_first
        padding = torch.zeros(source.shape[:2], dtype=torch.bool)
        padding[:, -1] = True
        causal = nn.Transformer.generate_square_subsequent_mask(target.shape[1])
        source, target = (x if first else x.transpose(0, 1) for x in (source, target))
        ignored = torch.zeros(padding.shape).masked_fill(padding, -torch.inf)
        outputs = self.transformer(
            source,
            target,
            tgt_mask=causal,
            src_key_padding_mask=ignored,
            memory_key_padding_mask=ignored,
            tgt_is_causal=True,
        )
        return outputs if first else outputs.transpose(0, 1)


@pytest.mark.parametrize("batch_first", [False, True])
def test_transformers_and_the_noise_of_their_reads(batch_first):
    network = Translate(small_transformer(batch_first))
    inputs = torch.randn(6, 4, 8), torch.randn(6, 3, 8)
    with torch.no_grad():
        expected = network(*inputs)
        precise = convert(network, PRECISE, inputs)
        torch.testing.assert_close(precise(*inputs), expected, rtol=0, atol=3e-3)
        assert len(list(analog_layers(precise))) == 4 + 2 + 8 + 2
        assert conversion_of(precise).digital == tuple(
            (f"transformer.{name}", "LayerNorm")
            for name, part in network.transformer.named_modules()
            if isinstance(part, nn.LayerNorm)
        )
        noisy = convert(network, NOISY, inputs)
        whole = noisy(*inputs)
        assert float((whole - expected).abs().max()) > 0.01
        program(noisy, chip=0)
        parts = [noisy(*(x[part] for x in inputs)) for part in (slice(0, 1), slice(1, 6))]
        torch.testing.assert_close(torch.cat(parts), whole, rtol=0, atol=1e-4)


def test_noise_is_the_same_whatever_the_order_of_axes():
    inputs = torch.randn(6, 4, 8), torch.randn(6, 3, 8)
    networks = [Translate(small_transformer(first)) for first in (False, True)]
    networks[1].transformer.encoder.use_nested_tensor = False  # zeros at padding would be other signals
    with torch.no_grad():
        results = [convert(network, NOISY, inputs)(*inputs) for network in networks]
    torch.testing.assert_close(*results, rtol=0, atol=1e-4)


def test_padded_encoders_get_no_nested_tensors():
    torch.manual_seed(0)
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 12, batch_first=True), 2).eval()

    class Padded(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder

        def forward(self, x: Tensor) -> Tensor:
            padding = torch.zeros(x.shape[:2], dtype=torch.bool)
            padding[0, 3:] = True
            return self.encoder(x, src_key_padding_mask=padding)[:, :3]

    x = torch.randn(6, 5, 8)
    analog = convert(Padded(), PRECISE, x)
    with torch.no_grad():
        torch.testing.assert_close(analog(x), Padded()(x), rtol=0, atol=3e-3)
    with pytest.raises(ConversionError, match=r"'encoder.layers.0.self_attn' takes padded tensors.*key_padding_mask"):
        analog.encoder.layers[0].self_attn(*[torch.nested.nested_tensor([torch.ones(2, 8), torch.ones(3, 8)])] * 3)


def attention_on_arrays(x: Tensor, **options: Any) -> nn.Module:
    torch.manual_seed(0)
    return convert(Attend(nn.MultiheadAttention(4, 2, batch_first=True, **options)), PRECISE, (x, x, x)).attention


def test_one_sequence_without_a_batch():
    x = torch.randn(5, 3, 4)
    analog = attention_on_arrays(x)
    with torch.no_grad():
        whole, weights = analog(x, x, x)
        padding = torch.tensor([False, False, True])
        alone, own_weights = analog(x[1], x[1], x[1])
        torch.testing.assert_close((alone, own_weights), (whole[1], weights[1]))
        assert analog(x[1], x[1], x[1], key_padding_mask=padding)[1][0, 2] == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"attn_mask": torch.zeros(1, 3)}, r"takes attn_mask of shape \(3, 3\) or \(10, 3, 3\), not \(1, 3\)"),
        ({"key_padding_mask": torch.zeros(3, 5)}, "takes key_padding_mask of shape"),
        ({"is_causal": True}, "without attn_mask: pass the mask"),
    ],
)
def test_masks_that_do_not_fit_are_refused_by_name(options, message):
    x = torch.randn(5, 3, 4)
    with pytest.raises(ConversionError, match=f"layer 'attention' .*{message}|{message}"):
        attention_on_arrays(x)(x, x, x, **options)


def test_subclasses_that_attend_otherwise_are_refused():
    class Own(nn.MultiheadAttention):
        def forward(self, *inputs: Tensor, **options: Any) -> tuple[Tensor, Any]:
            return 2 * inputs[0], None

    x = torch.randn(5, 3, 4)
    with pytest.raises(ConversionError, match="'attention' is a Own, which has no analog form"):
        convert(Attend(Own(4, 2)), PRECISE, (x, x, x))


def test_files_copies_and_gradients():
    x = torch.randn(5, 3, 4)
    torch.manual_seed(0)
    layer, other = (nn.MultiheadAttention(4, 2, batch_first=True) for _ in range(2))
    analog = convert(Attend(layer), PRECISE, (2 * x, 2 * x, 2 * x))  # inputs at the limit would get no gradients
    for network in (Attend(layer), analog):
        network(x, x, x)[0].square().sum().backward()
    gradients = [getattr(analog.attention, part).weight.grad for part in ("q", "k", "v")]
    torch.testing.assert_close(torch.cat(gradients), layer.in_proj_weight.grad, rtol=0, atol=5e-3)
    with torch.no_grad():
        assert torch.equal(analog.attention.in_proj_weight, layer.in_proj_weight)
        twin = copy.deepcopy(analog)
        assert torch.equal(twin(x, x, x)[0], analog(x, x, x)[0])
        twin.load_state_dict(Attend(other).state_dict())
        torch.testing.assert_close(twin(x, x, x)[0], other(x, x, x)[0], rtol=0, atol=0.02)
        twin.load_state_dict(analog.state_dict())
        assert torch.equal(twin(x, x, x)[0], analog(x, x, x)[0])


# What it costs


class Scores(nn.Module):
    """Queries, keys and values of one matrix each, and PyTorch's attention."""

    def __init__(self, fused: bool) -> None:
        super().__init__()
        self.q, self.k, self.v, self.fused = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 6), fused

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.q(x), self.k(x), self.v(x)
        if self.fused:
            return functional.scaled_dot_product_attention(q[:, None], k[:, None], v[:, None])[:, 0]
        return ((q / 8**0.5) @ k.transpose(1, 2)).softmax(-1) @ v


@pytest.mark.parametrize("fused", [False, True])
def test_products_of_activations_are_digital_work(fused):
    torch.manual_seed(0)
    statistics = gather_statistics(Scores(fused), "differential", torch.randn(6, 5, 8))
    assert statistics.digital.macs == 5 * 5 * (8 + 6)
    assert statistics.digital.activations == 5 * 5
    assert statistics.digital.unknown == ()


@pytest.mark.parametrize("need_weights", [False, True])
def test_attention_is_counted_and_costed(need_weights):
    torch.manual_seed(0)
    network = Attend(nn.MultiheadAttention(8, 2, batch_first=True), need_weights=need_weights)

    class SelfAttend(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attend = network

        def forward(self, x: Tensor) -> Tensor:
            return self.attend(x, x, x)[0]

    x = torch.randn(6, 5, 8)
    statistics = gather_statistics(SelfAttend(), "differential", x)
    assert {layer.products for layer in statistics.layers} == {5}
    assert statistics.digital.macs == 2 * 5 * 5 * 8
    assert statistics.digital.unknown == ()
    cost = network_cost(statistics, "differential")
    library = Library.load(cost.library)
    outside = cost.layers[-1]
    assert outside.energies_pJ["digital layers"] == library.digital_mac.energy_pJ.value * 400
    digital = {"layers": [{"match": "attend.attention.q", "digital": True}]}
    kept = gather_statistics(SelfAttend(), Design.load("differential").with_settings(digital), x)
    assert kept.digital.macs == 400 + 5 * 64


def test_layers_that_stay_digital_are_counted_though_pytorch_fuses_them():
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Linear(8, 8), nn.TransformerEncoderLayer(8, 2, 12, batch_first=True), nn.LSTM(8, 3, batch_first=True)
    )
    rules = [{"match": ["1", "2"], "digital": True}]
    design = Design.load("differential").with_settings({"layers": rules})
    statistics = gather_statistics(network, design, torch.randn(6, 5, 8))
    attention = 4 * 5 * 8 * 8 + 2 * 5 * 5 * 8 + 2 * 5 * 8 * 12
    assert statistics.digital.macs == attention + 5 * 12 * (8 + 3)
    assert statistics.digital.unknown == ()
