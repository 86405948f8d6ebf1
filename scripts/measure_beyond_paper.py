"""ResNet-50 where the paper leaves off: docs/beyond/results/resnet50.json.

    python scripts/measure_beyond_paper.py --weights imagenet_resnet50.pth --images val.zip

Cells that age, with and without what makes up for it; converters with circuit errors; layers that stay digital. Each
as the loss against the quantised reference, paired image by image, with an interval over chips and images. What is
in the file already is not measured again.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from kept_rows import KeptRows
from measure_networks import Bench, Case, measure
from subjects import Errors, Subject, Unit

from bitline import Design
from bitline.cost import gather_statistics, network_cost
from bitline.data import load_dataset
from bitline.data.stored_images import inputs_of
from bitline.evaluation.measured_samples import MeasuredSamples
from bitline.evaluation.remedies import Recalibrate
from bitline.networks import find_network, load_network

TARGET = Path(__file__).parents[1] / "docs" / "beyond" / "results"
CALIBRATION, RECALIBRATION, BATCH = 200, 64, 16

NEW = "0 s"
"""Just programmed."""
PCM: dict[str, Any] = {"cell.device": "pcm-joshi-2020", "cell.on_off_ratio": 100.0, "weights.scale": "channel"}
DEVICES: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "SONOS (Xiao 2022)": ("sonos-a", {}, (NEW, "1 hour", "1 day", "5 days")),
    "PCM (Joshi 2020), unsliced": ("differential", PCM, (NEW, "1 hour", "1 day")),
    "PCM (Joshi 2020), 1 bit": ("differential", {**PCM, "weights.bits_per_cell": 1}, (NEW, "1 hour", "1 day")),
}
"""Preset, settings and ages, by what they are called."""
COMPENSATED = {"cell.drift_compensation": "column"}
CONVERTERS: dict[str, tuple[dict[str, Any], str, tuple[float, ...]]] = {
    "SAR, mismatch of a unit capacitor": ({"kind": "sar"}, "capacitor_mismatch", (0.01, 0.03, 0.1, 0.2)),
    "SAR, offset of the comparator": ({"kind": "sar"}, "comparator_offset_steps", (0.5, 1.0, 2.0, 4.0)),
    "flash, offset of a comparator": ({"kind": "flash"}, "comparator_offset_steps", (0.5, 1.0, 2.0, 4.0)),
}
"""Converter, the error that is varied, and its sizes."""
HARSH: dict[str, tuple[str, dict[str, Any]]] = {
    "offset cells, errors of 0.75 % of G_max": (
        "ideal",
        {
            "weights.kind": "offset",
            "weights.subtraction": "digital",
            "cell.device": {"kind": "state-independent", "alpha": 0.0075},
        },
    ),
    "PCM (Joshi 2020), unsliced": ("differential", PCM),
}
"""Preset and settings of designs that lose much, by what they are called."""
PARTS: dict[str, list[str]] = {
    "none": [],
    "conv1": ["conv1"],
    **{f"layer{number}": [f"layer{number}.*"] for number in range(1, 5)},
    "first 1 x 1 of blocks": ["layer*.conv1"],
    "3 x 3 of blocks": ["layer*.conv2"],
    "last 1 x 1 of blocks": ["layer*.conv3"],
    "shortcuts": ["layer*.downsample.0"],
    "shortcut of layer4": ["layer4.0.downsample.0"],
    "fc": ["fc"],
    "conv1 and shortcuts": ["conv1", "layer*.downsample.0"],
}
"""Layers that stay digital together."""


def drift_cases(recalibrate: Recalibrate) -> Iterator[Case]:
    """Cells at several ages, with and without what makes up for drift."""
    for device, (preset, settings, ages) in DEVICES.items():
        for age in ages:
            aged = {**settings, "cell.time": age}
            yield Case("drift", device, age, preset, aged)
            if age != NEW:
                yield Case("drift", f"{device}, compensated by column", age, preset, {**aged, **COMPENSATED})
            yield Case("drift", f"{device}, recalibrated", age, preset, aged, remedy=recalibrate)


def converter_cases() -> Iterator[Case]:
    """Exact cells behind converters with errors of their circuits."""
    exact = {"cell.device": "none"}
    yield Case("converters", "no error", 0.0, "sonos-a", exact, is_random=False)
    for name, (adc, error, sizes) in CONVERTERS.items():
        for size in sizes:
            circuit = {f"adc.{key}": value for key, value in {**adc, error: size}.items()}
            yield Case("converters", name, size, "sonos-a", {**exact, **circuit})


def digital_cases() -> Iterator[Case]:
    """Parts of the network that stay digital."""
    for device, (preset, settings) in HARSH.items():
        for name, layers in PARTS.items():
            yield Case("digital layers", device, name, preset, {**settings, **kept_digital(layers)})


def kept_digital(layers: list[str]) -> dict[str, Any]:
    """The setting that keeps some layers digital."""
    return {"layers": [{"match": layers, "digital": True}] if layers else []}


def costs_of_parts(subject: Subject) -> dict[str, dict[str, float]]:
    """Share of the multiplications of each part, and the energy of an image in uJ where that part stays digital."""
    statistics = gather_statistics(subject.model, Design(), subject.data.samples.part(0, 1))
    total = sum(layer.macs for layer in statistics.layers)
    found = {}
    for name, layers in PARTS.items():
        design = Design.load("sonos-a").with_settings(kept_digital(layers))
        macs = sum(layer.macs for layer in statistics.layers if design.for_layer(layer.name) is None)
        found[name] = {"share": macs / total, "energy_uJ": network_cost(statistics, design).energy_uJ}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, required=True, help="of ResNet-50")
    parser.add_argument("--images", type=Path, required=True, help="of ImageNet, with their classes")
    parser.add_argument("--count", type=int, default=300, help="images that are counted (default 300)")
    parser.add_argument("--chips", type=int, default=3)
    parser.add_argument("--only", nargs="*", help="studies to measure")
    parser.add_argument("--out", type=Path, default=TARGET)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    weights, images = arguments.weights, arguments.images
    network = find_network("resnet50")
    model = load_network(network, weights)
    data = load_dataset(str(images), network.preprocess).split(arguments.count, CALIBRATION)
    calibration = inputs_of(data.calibration)
    samples = MeasuredSamples.labelled(inputs_of(data.images), data.labels, batch=BATCH)
    about = f"{arguments.count} images of {images.name}, {CALIBRATION} others for calibration"
    subject = Subject(model, samples, calibration, arguments.chips, Errors((), ()), Unit("image"), about)
    bench = Bench(subject)
    kept = KeptRows(
        arguments.out / "resnet50.json",
        Path(__file__).name,
        "resnet50",
        made_by=f"python scripts/{Path(__file__).name} --weights {weights.name} --images {images.name}",
        about=about,
        samples=len(samples),
        digital_parts=costs_of_parts(subject),
    )
    cases = [*drift_cases(Recalibrate(calibration[:RECALIBRATION])), *converter_cases(), *digital_cases()]
    for case in cases:
        if not arguments.only or case.study in arguments.only:
            measure(case, bench, kept)


if __name__ == "__main__":
    main()
