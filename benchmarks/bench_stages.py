"""Each stage of the chain by itself: `make bench`. Compare the columns of one run, not runs with each other.

The sizes are those of one layer of CIFAR ResNet-20 at batch 64: 16 channels, 3 x 3 kernels, 32 x 32 pixels.
"""

from __future__ import annotations

import itertools

import pytest
import torch

from bitline import Design
from bitline.arrays import ConvolutionProduct
from bitline.arrays._ladder import InputWindows, ladder_products
from bitline.arrays._line_wires import LineWires
from bitline.arrays._mesh import effective_conductance
from bitline.encode import input_slices
from bitline.layer.cells import program_cells
from bitline.layer.chip import Chip
from bitline.layer.encoded import EncodedLayer
from bitline.layer.matrix import ProgrammedLayer, calibrate_layer
from bitline.numerics.draws import Draws
from bitline.numerics.histogram import Histogram
from bitline.placement import Placement
from bitline.quantize import InputScale, input_codes, weight_codes
from bitline.readout import convert_and_add

torch.manual_seed(0)
IMAGES = torch.rand(64, 16, 32, 32)
SCALE = InputScale(1 / 255, 8, signed=False)
CODES = input_codes(IMAGES, SCALE)
WEIGHT = torch.randn(16, 144)
PRODUCT = ConvolutionProduct(16, (3, 3), padding=(1, 1))
DESIGNS = {
    "linear": {"adc": "none"},
    "convert": {},
    "bit-serial": {"inputs.accumulation": "digital"},
    "sliced": {"weights.bits": 9, "weights.bits_per_cell": 2, "inputs.accumulation": "digital"},
    "offset": {"weights.kind": "offset", "weights.bits_per_cell": 2, "inputs.accumulation": "digital"},
}


@pytest.mark.benchmark(group="layer")
def test_plain_convolution(benchmark):
    weight = WEIGHT.reshape(16, 16, 3, 3)
    with torch.no_grad():
        benchmark(lambda: torch.conv2d(IMAGES, weight, padding=1))


@pytest.mark.benchmark(group="layer")
@pytest.mark.parametrize("name", DESIGNS)
def test_analog_convolution(benchmark, name):
    design = Design().with_settings(DESIGNS[name])
    encoded = EncodedLayer.of(WEIGHT, None, design, PRODUCT, "layer")
    layer = ProgrammedLayer(encoded, calibrate_layer(encoded, IMAGES[:4]), Chip())
    benchmark(lambda: layer.multiply(IMAGES))


@pytest.mark.benchmark(group="pass over 1 M activations")
def test_copy(benchmark):
    target = torch.empty_like(IMAGES)
    benchmark(lambda: target.copy_(IMAGES))


@pytest.mark.benchmark(group="pass over 1 M activations")
def test_quantise_inputs(benchmark):
    benchmark(lambda: input_codes(IMAGES, SCALE))


@pytest.mark.benchmark(group="pass over 1 M activations")
def test_slice_inputs(benchmark):
    benchmark(lambda: input_slices(CODES, 8, 1))


@pytest.mark.benchmark(group="pass over 1 M activations")
def test_convert_signals(benchmark):
    signals = IMAGES.reshape(64, 1, -1) * 300 - 150
    low, high, factor = torch.tensor([-128.0]), torch.tensor([127.0]), torch.tensor([1.0])
    benchmark(lambda: convert_and_add(signals, low, high, factor))


@pytest.mark.benchmark(group="pass over 1 M activations")
def test_count_signals(benchmark):
    seen = Histogram()
    benchmark(lambda: seen.update(IMAGES))


@pytest.mark.benchmark(group="1 M weights")
def test_quantise_weights(benchmark):
    weight = torch.randn(1024, 1024)
    benchmark(lambda: weight_codes(weight, 8))


@pytest.mark.benchmark(group="1 M weights")
@pytest.mark.parametrize("mapping", ["differential", "offset"])
def test_encode_and_program_cells(benchmark, mapping):
    codes = weight_codes(torch.randn(1024, 1024), 8)[0][None]
    error = {"kind": "state-proportional", "alpha": 0.02}
    design = Design().with_settings({"weights.kind": mapping, "cell.device": error})
    benchmark(lambda: program_cells(codes, design, Placement.on_one_array(*codes.shape[1:]), Draws((0, 0)), "layer"))


@pytest.mark.benchmark(group="ladder, 1000 vectors of 1 bit on 1152 x 256")
@pytest.mark.parametrize("active", [1.0, 0.5, 0.1])
def test_ladder(benchmark, active):
    """Effective cell steps per second are rows times columns times vectors over the time."""
    codes = (torch.rand(1000, 1152) < active).float()
    cells = torch.rand(1152, 256)
    windows = InputWindows(torch.arange(1152), torch.zeros(1, dtype=torch.int64))
    benchmark(lambda: ladder_products(codes, windows, cells, cells, LineWires(1e-5), 1))
    benchmark.extra_info["effective cell steps per second"] = 1000 * 1152 * 256 / benchmark.stats.stats.median


@pytest.mark.benchmark(group="row-driven array, solved once")
@pytest.mark.parametrize(("rows", "columns"), [(144, 64), (576, 128), (1152, 256)])
def test_row_driven_array(benchmark, rows, columns):
    cells = torch.rand(rows, columns).numpy()
    wires = LineWires(1e-5).reversed(), LineWires(1e-5)
    benchmark.pedantic(lambda: effective_conductance(cells, *wires), rounds=2, warmup_rounds=1)


@pytest.fixture(scope="module")
def statistics():
    from bitline.cost import gather_statistics
    from bitline.networks import find_network

    network = find_network("resnet50")
    return gather_statistics(network.build(), "differential", torch.randn(2, 3, 224, 224))


@pytest.mark.benchmark(group="cost of ResNet-50")
@pytest.mark.parametrize("name", ["sonos-a", "sonos-e", "isaac"])
def test_cost_of_another_design(benchmark, statistics, name):
    """A search asks for many designs of one network: less than 50 ms each."""
    from bitline.cost import network_cost

    design = Design.load(name)
    network_cost(statistics, design)
    rows = itertools.cycle(range(10, 120))
    benchmark(lambda: network_cost(statistics, design.with_settings({"array.rows": next(rows)})))
