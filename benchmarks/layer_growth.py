"""Time of one fully connected layer as its matrix grows, as ratios to plain PyTorch in the same process.

    python benchmarks/layer_growth.py

One thread, processor time, best of three passes. `docs/scale.md` has what came out.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch

from bitline import Design
from bitline.arrays import MatrixProduct
from bitline.evaluation.benchmarks import CASES
from bitline.layer.chip import Chip
from bitline.layer.encoded import EncodedLayer
from bitline.layer.matrix import ProgrammedLayer, calibrate_layer
from bitline.numerics.threads import limit_threads

SIZES = ((64, 16), (256, 64), (1152, 64), (1152, 256), (1152, 2048), (4608, 256), (4608, 2048))
"""Rows and columns."""
DESIGNS: dict[str, dict[str, object]] = {
    **{name: CASES[name][1] for name in ("convert", "bit-serial", "sliced")},
    "sliced, levels by column": {**CASES["sliced"][1], "adc.ranges_per": ("column",)},
}


def main() -> None:
    """Measure and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vectors", type=int, default=256)
    arguments = parser.parse_args()
    limit_threads(1)
    print(f"| rows x columns | {' | '.join(DESIGNS)} |\n| --- |{' ---: |' * len(DESIGNS)}")
    for rows, columns in SIZES:
        torch.manual_seed(0)
        weight, inputs = torch.randn(columns, rows), torch.rand(arguments.vectors, rows)
        cells = [ratio(weight, inputs, Design().with_settings(settings)) for settings in DESIGNS.values()]
        print(f"| {rows} x {columns} | {' | '.join(cells)} |", flush=True)


def ratio(weight: torch.Tensor, inputs: torch.Tensor, design: Design) -> str:
    """Time of the layer over that of plain PyTorch, and per weight and vector."""
    encoded = EncodedLayer.of(weight, None, design, MatrixProduct(weight.shape[1]), "layer")
    layer = ProgrammedLayer(encoded, calibrate_layer(encoded, inputs[:32]), Chip())
    plain = best(lambda: torch.nn.functional.linear(inputs, weight), 9)
    analog = best(lambda: layer.multiply(inputs), 3)
    return f"{analog / plain:.1f} ({1e9 * analog / weight.numel() / len(inputs):.2f} ns)"


def best(run: Callable[[], object], times: int) -> float:
    """Least processor time of some runs."""
    run()
    found = []
    for _ in range(times):
        began = time.process_time()
        run()
        found.append(time.process_time() - began)
    return min(found)


if __name__ == "__main__":
    main()
