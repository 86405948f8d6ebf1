"""Accuracy of the embedded network against ADC bits: docs/accuracy_vs_adc_bits.png. Needs matplotlib; under a minute.

Run it as `python scripts/plot_readme_figure.py`.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from bitline import Design, evaluate
from bitline.data import load_dataset
from bitline.networks import find_network, load_network

TARGET = Path(__file__).parents[1] / "docs" / "accuracy_vs_adc_bits.png"
BITS = range(3, 11)
IMAGES, CHIPS, SEED = 500, 3, 0
CURVES = {"differential": ("#0072B2", "o"), "offset": ("#D55E00", "s")}  # Okabe-Ito: told apart with any colour vision


def main() -> None:
    network = find_network("fashion-resnet")
    model = load_network(network)
    data = load_dataset("fashion-mnist", network.preprocess).split(IMAGES, 200)
    figure, axes = plt.subplots(figsize=(7, 4.4), layout="constrained")
    for preset, (colour, marker) in CURVES.items():
        design = Design.load(preset)
        results = [
            evaluate(
                model,
                design.with_settings({"adc.bits": bits}),
                data.images,
                data.labels,
                data.calibration,
                chips=CHIPS,
                seed=SEED,
            )
            for bits in BITS
        ]
        for bits, result in zip(BITS, results, strict=True):
            print(f"{preset:<13} {bits:2d} bits  {100 * result.mean:6.2f} % ± {100 * result.std:.2f}")
        axes.errorbar(
            list(BITS),
            [100 * result.mean for result in results],
            [100 * result.std for result in results],
            color=colour,
            marker=marker,
            capsize=3,
            label=f"analog, {preset} cells",
        )
    baselines = (
        ("floating point", results[0].float_accuracy, "-"),
        ("quantised reference", results[0].reference_accuracy, ":"),
    )
    for label, accuracy, style in baselines:
        axes.axhline(100 * accuracy, color="black", linewidth=1.2, linestyle=style, label=label)
    axes.set(xlabel="ADC resolution, bits", ylabel="accuracy, %", xticks=list(BITS), ylim=(0, 100))
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="lower right", frameon=False)
    figure.savefig(TARGET, dpi=150)
    print(f"wrote {TARGET}")


if __name__ == "__main__":
    main()
