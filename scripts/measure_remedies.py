"""How much each remedy recovers on the embedded network: prints the table of docs/guides/remedies.md.

    python scripts/measure_remedies.py

Half of the embedded images trains (where a remedy trains), the other half is counted.
"""

from __future__ import annotations

import bitline
from bitline import Design, evaluate
from bitline.data import load_dataset
from bitline.evaluation.remedies import Knob, Recalibrate, fine_tune, tune
from bitline.networks import find_network, load_network

TRIALS, HALF, SEED = 10, 500, 0
CLIPPING = Knob("weights.percentile", (100.0, 99.99, 99.95, 99.9, 99.8, 99.5, 99.0, 98.0))
CASES = {
    "state-independent error, 3 % of G_max": {"cell.device": {"kind": "state-independent", "alpha": 0.03}},
    "state-proportional error, 20 % of G": {"cell.device": {"kind": "state-proportional", "alpha": 0.2}},
    "ReRAM of Wan et al. 2022": {"cell.device": "reram-wan-2022"},
    "PCM of Joshi et al. 2020 after 1 day": {"cell.device": "pcm-joshi-2020", "cell.time": "1 day"},
    "stuck cells, 0.5 % at G_max": {"cell.faults.stuck_high": 0.005},
}


def main() -> None:
    """Measure every remedy in every case."""
    network = find_network("fashion-resnet")
    model = load_network(network)
    data = load_dataset("fashion-mnist", network.preprocess)
    train, train_labels = data.images[:HALF], data.labels[:HALF]
    images, labels = data.images[HALF:], data.labels[HALF:]
    recalibrate = Recalibrate(data.calibration[:64])

    def accuracy(which, design, **options) -> str:
        result = evaluate(which, design, images, labels, data.calibration, chips=TRIALS, seed=SEED, **options)
        return f"{100 * result.mean:.1f} ± {100 * result.std:.1f}"

    heads = ["", "nothing", "clipped weights", "drift compensation", "spare columns", "recalibrated"]
    heads += ["fine-tuned", "fine-tuned and recalibrated"]
    print("| " + " | ".join(heads) + " |\n|" + " --- |" * len(heads))
    for name, settings in CASES.items():
        design = Design.load("differential").with_settings(settings)
        clipped = tune(model, design, data.calibration[:64], knobs=(CLIPPING,), chips=3, seed=SEED).design
        tuned = fine_tune(
            model, design, train, train_labels, data.calibration, epochs=10, learning_rate=2e-4, seed=SEED
        ).network
        drifts, faulty = design.cell.time > 0, not design.cell.faults.is_none
        compensated = design.with_settings({"cell.drift_compensation": "column"})
        repaired = design.with_settings({"cell.faults.spare_columns": 8})
        row = [
            name,
            accuracy(model, design),
            accuracy(model, clipped),
            accuracy(model, compensated) if drifts else "",
            accuracy(model, repaired) if faulty else "",
            accuracy(model, design, after_programming=recalibrate),
            accuracy(tuned, design),
            accuracy(tuned, design, after_programming=recalibrate),
        ]
        print("| " + " | ".join(row) + " |", flush=True)
    print(
        f"\nAccuracy in per cent, mean ± standard deviation over {TRIALS} chips (seed {SEED}), on {HALF} embedded "
        f"images; the other {HALF} train where a remedy trains. Design `differential` with the errors named. Made by "
        f"`scripts/measure_remedies.py` with bitline {bitline.__version__}."
    )


if __name__ == "__main__":
    main()
