"""What programming a chip of ResNet-50 takes, in images: `python benchmarks/programming.py`, some minutes.

One thread, processor time, random weights. Images and chips take turns, so that both meet the same machine; printed are
medians. A chip is programmed when it is put to use: counted is what its first pass of eight images takes beyond a later
one, with the weights packed for oneDNN. The first chip is left out: code is compiled for it. `--steps` prints what one
layer takes step by step, as the reference does it and in one pass, in ns a cell.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable

import torch

from bitline import Design, convert, program
from bitline.evaluation.benchmarks import network_and_inputs
from bitline.nn.contexts import analog_layers
from bitline.numerics.threads import limit_threads

DESIGNS: dict[str, tuple[str, dict[str, object]]] = {
    "differential": ("differential", {}),
    "differential, state-independent": ("differential", {"cell.device": {"kind": "state-independent", "alpha": 0.02}}),
    "sonos-a": ("sonos-a", {}),
    "sonos-e": ("sonos-e", {}),
}
"""Name in the table, preset, and changes of it."""
IMAGES = 8
LEFT_OUT = 1
"""Chips at first that are not counted."""


def main() -> None:
    """Measure and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chips", type=int, default=5, help="chips that are counted")
    parser.add_argument("--designs", nargs="+", default=list(DESIGNS), choices=list(DESIGNS))
    parser.add_argument("--steps", action="store_true", help="one layer, step by step")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    limit_threads(1)
    if arguments.steps:
        print_steps()
        return
    print("| design | M cells | an image, s | a chip, images | from | to | ns a cell |")
    print("| --- |" + " ---: |" * 6)
    for name in arguments.designs:
        print(f"| {name} | {' | '.join(_row(*DESIGNS[name], arguments.chips))} |", flush=True)


@torch.no_grad()
def _row(preset: str, changes: dict[str, object], chips: int) -> list[str]:
    network, inputs = network_and_inputs("resnet50", IMAGES)
    design = Design.load(preset).with_settings(changes)
    analog = convert(network, design, inputs[:1])
    weights = sum(layer.weight.numel() for layer in analog_layers(analog))
    cells = weights * design.weights.lines * design.weights.slices
    images, ratios = [], []
    for chip in range(chips + LEFT_OUT):
        first = spent(lambda chip=chip: (program(analog, chip=chip), analog(inputs)))  # type: ignore[misc]
        later = statistics.median(spent(lambda: analog(inputs)) for _ in range(2))
        if chip >= LEFT_OUT:
            images.append(later / IMAGES)
            ratios.append((first - later) / (later / IMAGES))
    image, ratio = statistics.median(images), statistics.median(ratios)
    spread = (f"{ratio:.1f}", f"{min(ratios):.1f}", f"{max(ratios):.1f}")
    return [f"{cells / 1e6:.0f}", f"{image:.3f}", *spread, f"{1e9 * ratio * image / cells:.1f}"]


def spent(run: Callable[[], object]) -> float:
    """Processor time of this thread."""
    began = time.thread_time()
    run()
    return time.thread_time() - began


def print_steps() -> None:
    """What a layer of 512 outputs and 4,608 rows takes step by step; where there are two ways, they take turns."""
    from programming_steps import steps_of_layer

    print("| step | as the reference, ns a cell | in one pass |\n| --- | ---: | ---: |")
    for step, ways in steps_of_layer():
        taken: list[list[float]] = [[] for _ in ways]
        for _ in range(7):
            for way, times in zip(ways, taken, strict=True):
                times.append(spent(way[0]) / way[1])
        shown = [f"{1e9 * statistics.median(times):.2f}" for times in taken]
        print(f"| {step} | {' | '.join(shown)} |{' |' * (2 - len(shown))}", flush=True)


if __name__ == "__main__":
    main()
