"""Three-dimensional and transposed convolutions compute what PyTorch's do, with any shape."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from bitline import Design, analog_layers, conversion_of, convert
from bitline.cost import gather_statistics
from bitline.design import reference
from bitline.nn import AnalogConvTranspose2d

PRECISE = Design().with_settings(
    {"weights.bits": 16, "inputs.bits": 16, "adc": "none", "cell.device": "none", "inputs.range": {"percentile": 100.0}}
)
"""Rounds to about 2^-15 of the largest weight and input."""
CONVOLUTIONS = {3: nn.Conv3d}
TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}


@st.composite
def convolutions(draw: st.DrawFn, kinds: dict[int, type[nn.Module]]) -> tuple[nn.Module, torch.Tensor]:
    """A layer of any stride, padding, dilation and groups, and inputs for it."""
    dimensions = draw(st.sampled_from(sorted(kinds)))

    def each(low: int, high: int) -> tuple[int, ...]:
        return tuple(draw(st.integers(low, high)) for _ in range(dimensions))

    groups = draw(st.integers(1, 2))
    kernel, stride, dilation = each(1, 3), each(1, 3), each(1, 2)
    options = {"stride": stride, "dilation": dilation, "groups": groups, "bias": draw(st.booleans())}
    transposed = kinds is TRANSPOSED
    if transposed:
        steps = zip(stride, dilation, strict=True)
        options["output_padding"] = tuple(draw(st.integers(0, max(step, apart) - 1)) for step, apart in steps)
    reach = [apart * (size - 1) for apart, size in zip(dilation, kernel, strict=True)]
    options["padding"] = tuple(draw(st.integers(0, most)) for most in reach)
    # large enough that something is left after the padding of a transposed convolution is cut off
    space = [draw(st.integers(3, 5)) + (0 if transposed else most) for most in reach]
    if transposed:
        space = [size + 2 * most for size, most in zip(space, reach, strict=True)]
    torch.manual_seed(draw(st.integers(0, 99)))
    layer = kinds[dimensions](groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 3)), kernel, **options)
    return layer, torch.randn(2, layer.in_channels, *space)


def assert_like_float(layer: nn.Module, x: torch.Tensor, design: Design = PRECISE) -> nn.Module:
    analog = convert(nn.Sequential(layer), design, x)
    with torch.no_grad():
        expected = layer(x)
        torch.testing.assert_close(analog(x), expected, rtol=0, atol=2e-3 * float(expected.abs().max()))
    return analog


@settings(max_examples=40)
@given(case=convolutions(CONVOLUTIONS))
def test_three_dimensional_convolutions(case):
    assert_like_float(*case)


@settings(max_examples=80)
@given(case=convolutions(TRANSPOSED))
def test_transposed_convolutions(case):
    assert_like_float(*case)


@pytest.mark.parametrize("rows", [1152, 8])
@pytest.mark.parametrize("mapping", ["differential", "offset"])
def test_partitions_and_converters(mapping, rows):
    adc = {"kind": "uniform", "bits": 24, "range": {"percentile": 100.0}}
    design = PRECISE.with_settings(
        {"weights.kind": mapping, "weights.bits": 12, "inputs.bits": 12, "array.rows": rows, "adc": adc}
    )
    torch.manual_seed(0)
    assert_like_float(nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2), torch.rand(3, 4, 5, 6), design)
    assert_like_float(nn.Conv3d(2, 3, 2), torch.rand(3, 2, 4, 5, 3), design)


@pytest.mark.parametrize("layer", [nn.ConvTranspose2d(3, 4, 3, stride=2), nn.Conv3d(1, 2, 2)])
def test_one_image_works(layer):
    x = torch.rand(2, layer.in_channels, *[5] * (layer.weight.ndim - 2))
    analog = convert(layer, PRECISE, x)
    with torch.no_grad():
        torch.testing.assert_close(analog(x[0]), analog(x)[0])


def test_a_transposed_convolution_takes_an_output_size():
    x = torch.rand(2, 3, 5, 5)
    layer = nn.ConvTranspose2d(3, 4, 3, stride=2)
    analog = convert(layer, PRECISE, x)
    with torch.no_grad():
        for size in ([11, 12], [12, 11]):
            torch.testing.assert_close(analog(x, output_size=size), layer(x, output_size=size), rtol=0, atol=1e-3)
        torch.testing.assert_close(analog(x), layer(x), rtol=0, atol=1e-3)
    assert isinstance(analog, AnalogConvTranspose2d) and isinstance(analog, nn.ConvTranspose2d)


def test_threads_ask_for_output_sizes_of_their_own():
    x = torch.rand(2, 3, 5, 5)
    analog = convert(nn.ConvTranspose2d(3, 4, 3, stride=2), PRECISE, x)

    def sizes(asked: int) -> set[int]:
        with torch.no_grad():
            return {analog(x, output_size=[asked, asked]).shape[-1] for _ in range(50)}

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(sizes, (11, 12))) == [{11}, {12}]


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(
    ("layer", "norm"), [(nn.ConvTranspose2d, nn.BatchNorm2d), (nn.ConvTranspose1d, nn.BatchNorm1d)]
)
def test_batch_norms_are_folded_into_transposed_convolutions(layer, norm, groups):
    torch.manual_seed(0)
    network = nn.Sequential(layer(4, 6, 3, stride=2, groups=groups), norm(6), nn.ReLU())
    with torch.no_grad():
        network[1].running_var.uniform_(0.2, 3)
        network[1].running_mean.normal_()
    x = torch.rand(4, 4, *[5] * (network[0].weight.ndim - 2))
    analog = convert(network, PRECISE, x)
    assert conversion_of(analog).folding.folded == (("0", "1"),)
    with torch.no_grad():
        torch.testing.assert_close(analog(x), network.eval()(x), rtol=0, atol=2e-3)


def test_gradients_of_transposed_convolutions_are_those_of_the_float_layer():
    torch.manual_seed(0)
    layer, x = nn.ConvTranspose2d(2, 3, 3, stride=2), torch.rand(2, 2, 4, 4)
    analog = convert(nn.Sequential(layer), PRECISE, x)
    for module in (layer, analog[0]):
        module(x).square().sum().backward()
    torch.testing.assert_close(analog[0].weight.grad, layer.weight.grad, rtol=1e-3, atol=1e-3)


def test_inserted_zeros_drive_no_rows_and_do_not_change_the_range_of_inputs():
    torch.manual_seed(0)
    x = torch.rand(50, 3, 4, 4) + 0.5
    layer = nn.ConvTranspose2d(3, 4, 2, stride=2)
    design = Design().with_settings({"inputs.range": {"percentile": 60.0}})
    analog = convert(nn.Sequential(layer), reference(design), x)
    (converted,) = analog_layers(analog)
    scale = converted.calibration.inputs
    assert scale.step * scale.high == pytest.approx(float(x.quantile(0.6)), rel=0.02)
    (statistics,) = gather_statistics(nn.Sequential(layer), Design(), x).layers
    assert statistics.products == 8 * 8
    assert not statistics.frequencies[:, 0].any()
    assert statistics.valid.tolist() == [1 / 4] * 4
