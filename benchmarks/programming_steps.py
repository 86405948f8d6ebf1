"""The steps of programming one layer, as the reference does them and in one pass, for `programming.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch

from bitline import Design
from bitline.arrays import ConvolutionProduct
from bitline.arrays.integer import pieces
from bitline.arrays.integer.product import laid_out_pieces
from bitline.layer.cells import Cells, line_targets, target_table
from bitline.layer.chip import Chip
from bitline.layer.counted_cells import _counts, _places
from bitline.layer.encoded import EncodedLayer
from bitline.layer.grid import grid_step, whole_readings
from bitline.layer.readings import line_by_line
from bitline.numerics.draws import Draws
from bitline.numerics.normal_stream import NormalStream
from bitline.quantize import InputScale

Way = tuple[Callable[[], object], int]
"""What runs, and how many cells it is for."""
OUTPUTS, CHANNELS = 512, 512
SCALE = InputScale(0.01, 8, signed=False)
SETTINGS: dict[str, dict[str, object]] = {
    "state-proportional": {},
    "state-independent": {"cell.device": {"kind": "state-independent", "alpha": 0.02}},
    "sonos-a": {"cell.device": "sonos-xiao-2022", "cell.clip": "window"},
}


def steps_of_layer() -> Iterator[tuple[str, list[Way]]]:
    """Name of each step, and the ways to do it: the reference first, which has the fast normal numbers, too; oneDNN's
    packing has one."""
    torch.manual_seed(0)
    product = ConvolutionProduct(CHANNELS, (3, 3), padding=(1, 1))
    weight, count = torch.randn(OUTPUTS, product.rows), 2 * OUTPUTS * product.rows
    numbers = np.empty(count, np.float32)
    generator, stream = np.random.Generator(np.random.SFC64(0)), NormalStream(np.random.SFC64(0))
    take = [lambda: generator.standard_normal(count, np.float32, numbers), lambda: stream.take(numbers)]
    yield "normal numbers, by NumPy and many at a time", [(way, count) for way in take]
    layers = {
        name: EncodedLayer.of(weight, None, Design.load("differential").with_settings(changes), product, "layer")
        for name, changes in SETTINGS.items()
    }
    yield "codes and targets", _targets(layers["state-proportional"], count)
    for name, layer in layers.items():
        yield f"numbers, errors, ends, grid and readings: {name}", _cells(layer, stream, count)
    yield from _products(layers["state-proportional"], count)


def _targets(layer: EncodedLayer, count: int) -> list[Way]:
    """Weight codes as they lie on arrays."""
    design, rows = layer.design, layer.row_slices
    return [
        (lambda: line_targets(layer.stored_codes(), design, None, rows), count),
        (lambda: _places(layer.codes, layer.placement, design), count),
    ]


def _cells(layer: EncodedLayer, stream: NormalStream, count: int) -> list[Way]:
    """From targets to readings."""
    design, step = layer.design, grid_step(layer.design)
    targets, draws = layer.exact().targets, Draws((0, 0, "layer"))
    places, table = (
        _places(layer.codes, layer.placement, design),
        target_table(design, targets, design.weights.digits),
    )
    error = design.cell.device.normal_error(table)
    assert error is not None

    def reference() -> object:
        written = design.cell.device.program(targets, draws).clamp(min=0)
        return whole_readings(layer.arrays(Cells(written, targets).resolved(step), SCALE))

    return [(reference, count), (lambda: _counts(places, table, error, design, stream, step), count)]


def _products(layer: EncodedLayer, count: int) -> Iterator[tuple[str, list[Way]]]:
    """What becomes of readings until they are multiplied."""
    readings = whole_readings(layer.arrays(layer.program(Chip()), SCALE))
    assert readings is not None
    weights, product, whole = line_by_line(readings.counts), layer.product, layer.product.whole()
    cut = pieces(weights)
    yield (
        "pieces of bytes, laid out",
        [
            (lambda: [product.lay_out(piece, whole) for piece, _ in pieces(weights)], count),
            (lambda: laid_out_pieces(weights, product, whole), count),
        ],
    )

    def pack(kernels: torch.Tensor) -> torch.Tensor:
        walk = ([1, 1], [1, 1], [1, 1], 1)
        return torch.ops.onednn.qconv_prepack(kernels, torch.ones(OUTPUTS), 1.0, 0, *walk, [8, CHANNELS, 7, 7])

    kernels = [piece for piece, _ in laid_out_pieces(weights, product, whole)]
    yield f"packing of {len(cut)} pieces for oneDNN", [(lambda: [pack(piece) for piece in kernels], count)]
