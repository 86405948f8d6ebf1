"""Networks that once were converted into something else: one test for each kind of PyTorch construction.

Every network here is right when its fine analog form (exact cells, many bits, no ADC) computes what the float network
computes, and when 30 % cell error changes its outputs; or it is refused with the name of the layer.
"""

from __future__ import annotations

import copy
import functools
import itertools
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations, parametrize, prune

from bitline import Design, analog_layers, conversion_of, convert, evaluate
from bitline.errors import BitlineError, CalibrationError, ConversionError, DataError
from bitline.nn.fingerprint import _mixed_by_torch, fingerprint

FINE = Design().with_settings(
    {
        "weights.bits": 14,
        "inputs.bits": 14,
        "inputs.slice_bits": 14,
        "adc": "none",
        "inputs.range": {"percentile": 100.0},
    }
)
NOISY = Design().with_settings({"cell.device": {"kind": "state-independent", "alpha": 0.3}, "adc": "none"})


def error(got: Tensor, wanted: Tensor) -> float:
    got, wanted = got.detach().double(), wanted.detach().double()
    return float((got - wanted).abs().max() / wanted.abs().max())


def assert_faithful(network: nn.Module, x: Tensor, layers: int | None = None) -> nn.Module:
    """The network survives conversion; returns its fine analog form."""
    network = network.eval()
    with torch.no_grad():
        wanted = network(x)
        fine, noisy = convert(network, FINE, x), convert(network, NOISY, x)
        assert error(fine(x), wanted) < 3e-3
        assert error(noisy(x), wanted) > 0.02
    with torch.enable_grad():
        assert error(noisy(x), wanted) > 0.02
    if layers is not None:
        assert len(list(analog_layers(fine))) == layers
    return fine


def inputs(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def two_layers() -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(6, 6), nn.Linear(6, 3)).eval()


def with_statistics(norm: Any) -> Any:
    torch.manual_seed(2)
    norm.running_var.uniform_(0.2, 3)
    norm.running_mean.normal_()
    return norm


# Fused paths and reads of the weights


@pytest.mark.parametrize("masked", [False, True])
def test_fused_transformer_layers_call_their_analog_parts(masked):
    """pytorch #128413, #132700: in eval mode without gradients the weights are read and the layers never called."""
    torch.manual_seed(0)
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 2).eval()

    class Masked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder

        def forward(self, x: Tensor) -> Tensor:
            mask = torch.zeros(len(x), 5, dtype=torch.bool)
            mask[0, 4] = masked
            return self.encoder(x, src_key_padding_mask=mask)[:, :4]

    network, x = Masked(), inputs(20, 5, 16)
    digital = {"layers": [{"match": "encoder.layers.*.self_attn", "digital": True}]}
    with torch.no_grad():
        wanted = network(x)
        assert error(convert(network, FINE.with_settings(digital), x)(x), wanted) < 3e-3
        assert error(convert(network, NOISY.with_settings(digital), x)(x), wanted) > 0.02


class ReadsWeights(nn.Module):
    def __init__(self, how: str) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.down, self.up, self.how = nn.Linear(8, 8), nn.Linear(8, 8), how

    def forward(self, x: Tensor) -> Tensor:
        h = torch.relu(self.down(x))
        if self.how == "tied":
            return self.up(h) + functional.linear(h, self.down.weight.t())
        if self.how == "cosine":
            return self.up(h) * functional.normalize(self.up.weight, dim=1).sum()
        if self.how == "without gradients" and not torch.is_grad_enabled():
            return functional.linear(h, self.up.weight, self.up.bias)
        return self.up(h)


@pytest.mark.parametrize("how", ["tied", "cosine", "without gradients"])
def test_networks_that_compute_with_a_layers_weights_themselves_are_refused(how):
    """Tied decoders, cosine classifiers, own fast paths: the weights read there would stay in floating point."""
    with pytest.raises(ConversionError, match=r"'(down|up)'.*digital = true"):
        convert(ReadsWeights(how), NOISY, inputs(9, 8))


def test_reading_the_type_and_shape_of_weights_is_no_computation():
    class Stateful(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.Linear(6, 6)

        def forward(self, x: Tensor) -> Tensor:
            state = self.cell.weight.new_zeros(len(x), self.cell.out_features).to(self.cell.weight.dtype)
            return torch.tanh(self.cell(x) + state)

    assert_faithful(Stateful(), inputs(20, 6))


def test_embeddings_tied_to_a_classifier_look_up_and_multiply():
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.embed, self.head = nn.Embedding(11, 6), nn.Linear(6, 11, bias=False)
            self.head.weight = self.embed.weight

        def forward(self, tokens: Tensor) -> Tensor:
            return self.head(self.embed(tokens).mean(1))

    assert_faithful(Tied(), torch.randint(11, (20, 4), generator=torch.Generator().manual_seed(0)))


# One module or parameter under several names


def test_one_layer_under_several_names_is_one_analog_layer():
    """distiller #239, pytorch #54812: only the first name became analog."""
    torch.manual_seed(0)
    layer = nn.Linear(8, 8)
    fine = assert_faithful(nn.Sequential(layer, nn.ReLU(), layer), inputs(50, 8), layers=1)
    assert fine[0] is fine[2]


def test_rules_that_disagree_about_one_layer_are_refused():
    layer = nn.Linear(8, 8)
    design = NOISY.with_settings({"layers": [{"match": "2", "digital": True}]})
    with pytest.raises(ConversionError, match="'0' and '2' are the same module"):
        convert(nn.Sequential(layer, nn.ReLU(), layer), design, inputs(9, 8))


def test_layers_in_plain_lists_are_analog_too():
    """A list is no ModuleList: conversion put other modules into the network and the list kept the float ones."""

    class Listed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.first, self.second = nn.Linear(6, 6), nn.Linear(6, 4)
            self.stack = [self.first, self.second]

        def forward(self, x: Tensor) -> Tensor:
            return functools.reduce(lambda y, layer: layer(y), self.stack, x)

    assert_faithful(Listed(), inputs(20, 6), layers=2)


def test_layers_that_share_a_weight_fold_their_own_batch_norms():
    """TNN #808: folding scaled the shared tensor twice."""

    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.c1, self.c2 = (nn.Conv2d(4, 4, 3, padding=1, bias=False) for _ in range(2))
            self.b1, self.b2 = (with_statistics(nn.BatchNorm2d(4)) for _ in range(2))
            self.b2.running_var.mul_(0.3)
            self.c2.weight = self.c1.weight

        def forward(self, x: Tensor) -> Tensor:
            return self.b2(self.c2(torch.relu(self.b1(self.c1(x)))))

    fine = assert_faithful(Shared(), inputs(20, 4, 6, 6))
    assert len(conversion_of(fine).folding.folded) == 2


# Batch norms


def test_a_batch_norm_over_tokens_stays_digital():
    """pytorch/ao #4116: BatchNorm1d after Linear on (N, tokens, features) normalises tokens."""

    class Tokens(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.linear, self.norm, self.head = nn.Linear(5, 8), with_statistics(nn.BatchNorm1d(8)), nn.Linear(8, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(torch.relu(self.norm(self.linear(x)))).mean(1)

    fine = assert_faithful(Tokens(), inputs(30, 8, 5))
    assert conversion_of(fine).folding.kept == ("norm",)


class Dynamic(nn.Module):
    """Registered in one order, run in another, with a branch that torch.fx cannot follow."""

    def __init__(self, swapped: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.norm = nn.Conv2d(3, 3, 3, padding=1), with_statistics(nn.BatchNorm2d(3))
        self.swapped = swapped

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        if float(x.sum()) > 1e9:
            return {"out": x}
        y = self.conv(self.norm(x)) if self.swapped else self.norm(self.conv(x)) + self.conv.bias.sum() * 0
        return {"out": y, "aux": y.mean((2, 3))}


@pytest.mark.parametrize("swapped", [False, True])
def test_untraceable_networks_with_several_outputs_are_folded_only_where_it_is_right(swapped):
    network = nn.Sequential(Dynamic(True), _Take()).eval()
    fine = assert_faithful(network, inputs(20, 3, 6, 6))
    assert conversion_of(fine).folding.folded == ()


class _Take(nn.Module):
    def forward(self, outputs: dict[str, Tensor]) -> Tensor:
        return outputs["out"]


def test_an_output_that_someone_else_uses_is_not_folded_over():
    class Used(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.conv, self.norm = nn.Conv2d(3, 3, 3, padding=1), with_statistics(nn.BatchNorm2d(3))

        def forward(self, x: Tensor) -> Tensor:
            if float(x.sum()) > 1e9:
                return x
            y = self.conv(x)
            return self.norm(y) + y

    fine = assert_faithful(Used(), inputs(20, 3, 6, 6))
    assert "stay digital" in " ".join(conversion_of(fine).notes)


# Hooks, replaced forwards, computed weights


def test_hooks_stay():
    """Hooks are quantisers and feature taps in many networks."""
    x = inputs(50, 6)
    network = two_layers()
    network[0].register_forward_hook(lambda layer, given, output: torch.tanh(output))
    network[1].register_forward_pre_hook(lambda layer, given: (2 * given[0] + 1,))
    assert_faithful(network, x)


def test_a_forward_that_was_replaced_on_the_instance_stays():
    """accelerate replaces module.forward; closures, defaults and partials go on calling the copy's own layers."""

    def tanh_of(call: Any) -> Any:
        return lambda x, *, bias=0.5: torch.tanh(call(x)) + bias

    def scaled(layer: nn.Module, x: Tensor) -> Tensor:
        return layer._old_forward(x) / 2

    for how in ("closure", "default", "accelerate", "method"):
        network = two_layers()
        layer = network[0]
        old = layer.forward
        if how == "closure":
            layer.forward = tanh_of(old)
        elif how == "default":
            layer.forward = lambda x, call=old: torch.tanh(call(x))
        elif how == "accelerate":
            layer._old_forward = old
            layer.forward = functools.partial(scaled, layer)
        else:
            network.forward = lambda x, net=network: net[1](torch.tanh(net[0](x)))
        before = copy.deepcopy(network[0].weight)
        assert_faithful(network, inputs(50, 6), layers=2)
        assert torch.equal(network[0].weight, before)


@pytest.mark.parametrize(
    "how", ["weight_norm", "spectral_norm", "old weight_norm", "old spectral_norm", "pruned", "own"]
)
def test_computed_weights_are_baked_in(how):
    class Half(nn.Module):
        def forward(self, weight: Tensor) -> Tensor:
            return weight / 2

    network = two_layers()
    if how == "own":
        parametrize.register_parametrization(network[0], "weight", Half())
    elif how == "pruned":
        prune.l1_unstructured(network[0], "weight", amount=0.4)
    elif how.startswith("old"):
        getattr(nn.utils, how.removeprefix("old "))(network[0])
    else:
        getattr(parametrizations, how)(network[0])
    network(inputs(4, 6))  # computed weights now belong to a graph
    fine = assert_faithful(network, inputs(50, 6))
    assert "weight" in dict(fine[0].named_parameters())


# What user code sees of a layer


def test_analog_layers_are_what_they_were():
    class Asks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.conv, self.fc = nn.Conv2d(1, 4, 3), nn.Linear(64, 3)
            self.conv.is_last = False

        def forward(self, x: Tensor) -> Tensor:
            for layer in self.children():
                x = x.view(-1, layer.in_features) if isinstance(layer, nn.Linear) else x
                x = layer(input=x)
                x = torch.relu(x) if isinstance(layer, nn.Conv2d) and not layer.is_last else x
            return x

    fine = assert_faithful(Asks(), inputs(20, 1, 6, 6))
    assert (fine.conv.kernel_size, fine.conv.transposed, fine.fc.out_features) == ((3, 3), False, 3)


def test_subclasses_that_compute_something_else_are_refused():
    class Twice(nn.Linear):
        def forward(self, input: Tensor) -> Tensor:
            return super().forward(super().forward(input))

    class Named(nn.Linear):
        pass

    with pytest.raises(ConversionError, match="'0' is a Twice, which has no analog form"):
        convert(nn.Sequential(Twice(6, 6)), NOISY, inputs(9, 6))
    assert_faithful(nn.Sequential(Named(6, 4)), inputs(20, 6))


@pytest.mark.parametrize("network", [nn.Linear(6, 4), nn.Conv2d(2, 4, 3)])
def test_a_network_that_is_one_layer(network):
    """aihwkit #529, MemTorch #136: the float layer came back with an unused child."""
    x = inputs(20, 6) if isinstance(network, nn.Linear) else inputs(20, 2, 6, 6)
    fine = assert_faithful(network, x)
    assert conversion_of(fine).analog == (type(network).__name__.lower(),)
    if isinstance(network, nn.Linear):
        result = evaluate(network, NOISY, x, network(x).argmax(1), x, chips=1)
        assert result.float_accuracy == 1
        assert [layer.name for layer in result.layers] == ["linear"]


@pytest.mark.parametrize("wrap", [nn.DataParallel, torch.compile])
def test_wrapped_networks_go_by_the_names_of_what_is_wrapped(wrap):
    inner = two_layers()
    network = nn.Sequential(wrap(inner), nn.Tanh()) if wrap is nn.DataParallel else wrap(inner)
    prefix = "0.module." if wrap is nn.DataParallel else "_orig_mod."
    design = NOISY.with_settings({"layers": [{"match": f"{prefix}1", "digital": True}]})
    record = conversion_of(convert(network, design, inputs(20, 6)))
    assert record.analog == (("0.0",) if wrap is nn.DataParallel else ("0",))


# Weights that change, precisions, modes


def test_weights_changed_in_place_are_programmed_again():
    """layer.weight.data.clamp_() is the usual idiom of weight clipping, and leaves no version behind."""
    x = inputs(64, 6)
    fine = convert(two_layers(), FINE, x)
    for change in (
        lambda w: w.mul_(0.5),
        lambda w: w.clamp_(-0.1, 0.1),
        lambda w: w.copy_(w.flip(0)),
        lambda w: w.neg_(),
    ):
        for parameter in fine.parameters():
            change(parameter.data)
        wanted = functional.linear(functional.linear(x, fine[0].weight, fine[0].bias), fine[1].weight, fine[1].bias)
        with torch.no_grad():
            assert error(fine(x), wanted) < 3e-3


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_fingerprints_tell_tensors_apart_on_every_device(dtype):
    values = inputs(7, 9).to(dtype)
    assert fingerprint(values) == fingerprint(values.clone()) == _mixed_by_torch(values.contiguous().view(-1))
    others = (values.flip(0), -values, values * 2, values.t())
    assert len({fingerprint(values), *map(fingerprint, others)}) == 5


def test_fingerprints_see_the_signs_and_the_order_of_any_two_weights():
    values = inputs(20, 10).view(-1)
    changed = []
    for first, second in itertools.combinations(range(len(values)), 2):
        negated, swapped = values.clone(), values.clone()
        negated[[first, second]] *= -1
        swapped[[first, second]] = values[[second, first]]
        changed += [negated, swapped]
    assert len({fingerprint(values), *map(fingerprint, changed)}) == 1 + len(changed)


def test_the_fingerprint_of_part_of_a_tensor_is_that_of_its_copy():
    values = inputs(3, 7).view(-1)
    for part in (values[1:], values[1:18], values[2:], values[:0]):
        assert fingerprint(part) == fingerprint(part.clone()) == _mixed_by_torch(part)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_networks(dtype):
    """aihwkit #623."""
    x = inputs(64, 6)
    network = two_layers()
    wanted = network(x)
    got = convert(network.to(dtype), Design(), x.to(dtype))(x.to(dtype))
    assert got.dtype == dtype
    assert error(got, wanted) < 0.2


def test_autocast_does_not_reach_into_the_arrays():
    """Sums in bfloat16 are not those of the hardware."""
    x = inputs(64, 6)
    fine = convert(two_layers(), FINE, x)
    with torch.no_grad():
        wanted = fine(x)
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(fine(x), wanted)


def test_the_default_type_of_new_tensors_makes_no_difference():
    x = inputs(16, 6)
    for settings in (
        {"inputs.accumulation": "digital"},
        {"cell.current_voltage": "milo-2021"},
        {"weights.kind": "offset"},
    ):
        design = Design().with_settings({"cell.device": {"kind": "state-proportional", "alpha": 0.1}, **settings})
        with torch.no_grad():
            wanted = convert(two_layers(), design, x)(x)
            network = two_layers()
            torch.set_default_dtype(torch.float64)
            try:
                assert torch.equal(convert(network, design, x)(x), wanted)
            finally:
                torch.set_default_dtype(torch.float32)


def test_inference_mode():
    x = inputs(30, 6)
    network = two_layers()
    wanted = network(x)
    with torch.inference_mode():
        inside = two_layers()
        fine = convert(inside, FINE, x)
        assert error(fine(x), wanted) < 3e-3
    assert error(convert(inside, FINE, x)(x), wanted) < 3e-3
    assert fine[0].weight.grad is None and not fine[0].weight.is_inference()


@pytest.mark.parametrize("network", [two_layers, lambda: nn.Sequential(nn.Linear(6, 3), nn.BatchNorm1d(3)).eval()])
def test_what_is_converted_in_inference_mode_can_be_trained(network):
    x = inputs(30, 6)
    with torch.inference_mode():
        fine = convert(network(), FINE, x)
        assert torch.is_inference_mode_enabled()
    fine(x).sum().backward()
    assert all(weight.grad is not None for weight in fine.parameters())


# Files and graphs


def test_float_weights_load_into_an_analog_network_unless_a_norm_is_in_them(tmp_path):
    from safetensors.torch import load_file, save_file

    x = inputs(40, 6)
    fine = convert(two_layers(), FINE, x)
    torch.manual_seed(7)
    other = nn.Sequential(nn.Linear(6, 6), nn.Linear(6, 3)).eval()
    fine.load_state_dict(other.state_dict())
    with torch.no_grad():
        assert error(fine(x), other(x)) < 0.02
        save_file(fine.state_dict(), tmp_path / "analog.safetensors")
        again = convert(two_layers(), FINE, inputs(40, 6, seed=1))
        again.load_state_dict(load_file(tmp_path / "analog.safetensors"))
        assert torch.equal(again(x), fine(x))
    normed = nn.Sequential(nn.Conv2d(2, 3, 3), with_statistics(nn.BatchNorm2d(3))).eval()
    analog = convert(normed, FINE, inputs(9, 2, 6, 6))
    with pytest.raises(RuntimeError, match="hold those of batch norm '1'"):
        analog.load_state_dict(normed.state_dict(), strict=False)


@pytest.mark.parametrize("freeze", [torch.jit.trace, lambda network, x: torch.export.export(network, (x,))])
def test_graphs_that_would_freeze_results_are_refused(freeze):
    x = inputs(8, 6)
    with pytest.raises(ConversionError, match="cannot be traced or exported"):
        freeze(convert(two_layers(), FINE, x), x)


def test_empty_batches_and_whole_numbers():
    x = inputs(8, 6)
    fine = convert(two_layers(), FINE, x)
    assert fine(x[:0]).shape == (0, 3)
    with pytest.raises(DataError, match="takes floating-point inputs"):
        fine(x.long())


# Calibration inputs


class TwoInputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.f, self.g = nn.Linear(6, 3), nn.Linear(4, 3)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.f(x) + self.g(y)


def test_calibration_inputs_as_people_have_them():
    from torch.utils.data import DataLoader, TensorDataset

    x, y, labels = inputs(20, 6), inputs(20, 4), torch.zeros(20, dtype=torch.long)
    one, two = two_layers(), TwoInputs().eval()

    def scales(network: nn.Module, given: Any) -> list[float]:
        calibration = conversion_of(convert(network, FINE, given)).calibration
        return [layer.inputs.step for layer in calibration.layers.values()]

    plain = scales(one, x)
    loader = DataLoader(TensorDataset(x, labels), 7, shuffle=False)
    for given in (x.numpy(), x.double(), list(x), loader, [(x[:9], labels[:9]), (x[9:], labels[9:])]):
        assert scales(one, given) == pytest.approx(plain)
    pair = scales(two, (x, y))
    batches = [{"x": x[:9], "y": y[:9], "labels": labels[:9]}, {"x": x[9:], "y": y[9:], "labels": labels[9:]}]
    for given in ({"x": x, "y": y}, batches, DataLoader(TensorDataset(x, y, labels), 6)):
        assert scales(two, given) == pytest.approx(pair)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (torch.zeros(9, 5), r"cannot compute inputs \(2, 5\) float32"),
        (torch.zeros(9, 6, dtype=torch.uint8), "normalise the images"),
        ("images", "not a str"),
        (None, "has no calibration inputs, and its design asks them"),
        ([], "no calibration images"),
        (torch.full((3, 6), torch.nan), "NaN or infinite"),
    ],
)
def test_calibration_inputs_that_are_none_are_refused(given, message):
    with pytest.raises(CalibrationError, match=message):
        convert(two_layers(), FINE, given)


# Rules


def test_rules_that_match_nothing_are_refused_with_the_nearest_name():
    """aihwkit #408: a typing error left a layer as it was, without a word."""
    design = NOISY.with_settings({"layers": [{"match": "conv1", "set": {"weights.bits": 4}}]})
    network = nn.Sequential()
    network.add_module("conv_1", nn.Linear(6, 6))
    network.add_module("head", nn.Linear(6, 3))
    with pytest.raises(ConversionError, match=r"'conv1' matches no layer of Sequential: did you mean 'conv_1'\?"):
        convert(network, design, inputs(9, 6))


def test_one_rule_for_layers_that_go_by_different_names():
    design = NOISY.with_settings({"layers": [{"match": ["head", "fc", "1"], "digital": True}]})
    assert conversion_of(convert(two_layers(), design, inputs(9, 6))).analog == ("0",)
    assert Design.from_toml(design.to_toml()) == design


def test_rules_that_never_apply_are_named():
    design = NOISY.with_settings(
        {"layers": [{"match": "*", "set": {"weights.bits": 4}}, {"match": "1", "digital": True}]}
    )
    notes = conversion_of(convert(two_layers(), design, inputs(9, 6))).notes
    assert "rule '1' has no effect: rule '*' comes first and applies instead" in notes


def test_every_failure_is_bitlines_own():
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.lock = nn.Linear(6, 3), (i for i in range(3))

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(x)

    with pytest.raises(BitlineError, match="cannot be copied"):
        convert(Odd(), NOISY, inputs(9, 6))


def test_a_network_that_keeps_something_between_calls_is_refused_for_that():
    """torch.fx left its placeholders in the network, which then could not be run."""

    class Keeps(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.cell, self.state, self.out = nn.GRUCell(8, 8), None, nn.Linear(8, 3)

        def forward(self, x):
            self.state = self.cell(x, self.state)
            return self.out(self.state)

    network = Keeps().eval()
    with pytest.raises(ConversionError, match="Keeps keeps something between calls"):
        convert(network, "differential", torch.randn(2, 8))
    assert network.state is None


def test_kernels_of_images_and_of_volumes_in_one_network():
    """PyTorch refuses channels last for all weights at once: 'required rank 4 tensor', and a traceback."""

    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.image, self.volume = nn.Conv2d(2, 4, 3), nn.Conv3d(1, 3, (1, 3, 3))

        def forward(self, x: Tensor) -> Tensor:
            return self.volume(self.image(x)[:, None])

    assert_faithful(Both(), inputs(20, 2, 8, 8))


class Pooling(nn.Module):
    """Attention of PyTorch's function with the weights of layers, as WavLM has it, and CLIP at its end."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.q, self.k, self.v, self.end = (nn.Linear(8, outputs) for outputs in (8, 8, 8, 6))

    def forward(self, x):
        tokens = x.transpose(0, 1)
        bias = torch.cat([self.q.bias, self.k.bias, self.v.bias])
        pooled, _ = functional.multi_head_attention_forward(
            tokens[:1], tokens, tokens, 8, 2, None, bias, None, None, False, 0.0, self.end.weight, self.end.bias,
            training=self.training, need_weights=False, use_separate_proj_weight=True, q_proj_weight=self.q.weight,
            k_proj_weight=self.k.weight, v_proj_weight=self.v.weight,
        )  # fmt: skip
        return pooled.squeeze(0)


def test_the_function_of_attention_calls_the_layers_whose_weights_it_is_given():
    """The network was refused: it computed with their weights outside of them."""
    network, inputs = nn.Sequential(nn.Linear(8, 8), Pooling()).eval(), torch.rand(9, 5, 8)
    fine = {"weights.bits": 15, "inputs.bits": 15, "inputs.range.percentile": 100.0}
    analog = convert(network, Design.load("ideal").with_settings(fine), inputs)
    assert conversion_of(analog).analog == ("0", "1.q", "1.k", "1.v", "1.end")
    assert torch.allclose(analog(inputs), network(inputs), atol=1e-4)
