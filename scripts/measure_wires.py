"""What wires cost the embedded network, and what helps: prints the tables of docs/guides/wires.md.

python scripts/measure_wires.py
"""

from __future__ import annotations

import bitline
from bitline import Design, evaluate
from bitline.data import load_dataset
from bitline.evaluation.remedies import Recalibrate
from bitline.networks import find_network, load_network

IMAGES, TRIALS, SEED = 500, 3, 0
SEGMENTS = (1e-6, 1e-5, 1e-4, 3e-4, 1e-3)
MAPPINGS = {
    "differential, unsliced": {},
    "differential, unsliced, interleaved lines": {"array.lines": "interleaved"},
    "differential, 4 bits per cell": {"weights.bits_per_cell": 4},
    "offset, 4 bits per cell": {"weights": {"kind": "offset", "bits_per_cell": 4}},
}
HELP = {
    "nothing": {},
    "heavy rows at the foot": {"array.row_order": "heaviest-at-foot"},
    "grounds at both ends": {"array.ground": "both"},
    "predistorted cells, activity 0.15": {"array.predistortion": 0.15},
    "predistorted cells, activity 0.3": {"array.predistortion": 0.3},
    "arrays of 144 rows": {"array.rows": 144},
    "arrays of 72 rows": {"array.rows": 72},
}


def main() -> None:
    """Measure mappings against resistance, and remedies at one resistance."""
    network = find_network("fashion-resnet")
    model = load_network(network)
    data = load_dataset("fashion-mnist", network.preprocess).split(IMAGES, 200)
    base = Design.load("differential").with_settings({"cell.device": "none", "array.kind": "gate-driven"})

    def accuracy(settings: dict[str, object], segment: float, **options) -> str:
        design = base.with_settings(settings).with_settings({"array.bit_line.segment": segment})
        result = evaluate(model, design, data.images, data.labels, data.calibration, chips=1, seed=SEED, **options)
        return f"{100 * result.mean:.1f}"

    print("| R_p G_max | " + " | ".join(f"{one:g}" for one in SEGMENTS) + " |\n|" + " --- |" * (1 + len(SEGMENTS)))
    for name, settings in MAPPINGS.items():
        print("| " + " | ".join([name, *(accuracy(settings, one) for one in SEGMENTS)]) + " |", flush=True)
    print("\n| R_p G_max = 1e-3 | accuracy, % | and recalibrated |\n| --- | --- | --- |")
    recalibrate = Recalibrate(data.calibration[:64])
    for name, settings in HELP.items():
        both = (accuracy(settings, 1e-3), accuracy(settings, 1e-3, after_programming=recalibrate))
        print("| " + " | ".join([name, *both]) + " |", flush=True)
    print(f"\nEmbedded network, {IMAGES} images, cells without error, bitline {bitline.__version__}.")


if __name__ == "__main__":
    main()
