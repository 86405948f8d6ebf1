"""Whether a GPU computes what the CPU computes: writes a JSON file, and exits with 1 where a promise is not kept.

    python scripts/gpu_agreement.py --compute cuda --out agreement.json

Products of whole numbers promise the same bits everywhere (docs/architecture.md). So every layer whose plan is an
`IntegerPlan` gets the inputs that it has on the CPU, and its outputs must be equal. Other layers, and whole networks,
whose float layers add in another order, are compared by the largest difference relative to the largest output. Networks
are converted and calibrated on the CPU. Everything is repeated with the switches of PyTorch that change the kernels.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bitline import Design, analog_layers, convert
from bitline.arrays.integer.floating import FloatingMultiply
from bitline.arrays.integer.windows import Windows
from bitline.data import load_dataset
from bitline.evaluation.benchmarks import BASE, CASES
from bitline.layer.integer_plans import IntegerPlan
from bitline.networks import find_network, load_network
from bitline.nn import AnalogLayer, computing

NOISY: dict[str, object] = CASES["read-noise"][1]
DESIGNS: dict[str, tuple[str, Mapping[str, object]]] = {
    "default": ("differential", {}),
    "no-adc": ("differential", CASES["linear"][1]),
    "exact-cells": ("differential", CASES["reference"][1]),
    "bit-serial": ("differential", CASES["bit-serial"][1]),
    "sliced": ("differential", CASES["sliced"][1]),
    "offset": ("offset", {}),
    "unit-columns": ("offset", {"weights.subtraction": "unit-column"}),
    "read-noise": ("differential", NOISY),
    "read-noise-no-adc": ("differential", {**NOISY, "adc": "none"}),
    "partitions": ("differential", {**BASE, "array.rows": 72}),
    "column-ranges": ("differential", {**BASE, "adc.ranges_per": ["column"]}),
    "converter-errors": ("differential", {**BASE, "adc": {"kind": "sar", "capacitor_mismatch": 0.05}}),
    "skipped-conversions": ("differential", {**BASE, "adc.skip_zero_inputs": True}),
    "wires": ("differential", CASES["wires"][1]),
    "drift": ("differential", {"cell.device": "pcm-joshi-2020", "cell.time": "1 day"}),
}
"""Preset and settings of each design, the most telling ones first."""

SHAPES = {
    "3x3": (64, 64, 3, 1, 14),
    "3x3-of-few-channels": (16, 16, 3, 1, 32),
    "3x3-of-many-channels": (512, 512, 3, 1, 7),
    "1x1": (512, 128, 1, 1, 14),
    "5x5": (16, 32, 5, 1, 28),
    "7x7-stride-2": (3, 64, 7, 1, 64),
    "3x3-depthwise": (64, 64, 3, 64, 28),
    "3x3-in-8-groups": (64, 64, 3, 8, 14),
}
"""Products: channels, outputs, size of the kernel, groups, and size of the images."""


@dataclass(frozen=True)
class Switches:
    """Switches of PyTorch that decide which kernels a GPU runs."""

    allow_tf32: bool
    benchmark: bool

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Set them for a while."""
        flags = torch.backends.cudnn
        before = (flags.allow_tf32, flags.benchmark)
        flags.allow_tf32, flags.benchmark = self.allow_tf32, self.benchmark
        try:
            yield
        finally:
            flags.allow_tf32, flags.benchmark = before


SWITCHES = {
    "as PyTorch starts": Switches(allow_tf32=True, benchmark=False),
    "no TF32": Switches(allow_tf32=False, benchmark=False),
    "benchmark": Switches(allow_tf32=True, benchmark=True),
    "no TF32, benchmark": Switches(allow_tf32=False, benchmark=True),
}


@dataclass(frozen=True)
class Extent:
    """How much is compared.

    Attributes:
        images: of each network.
        networks: names, see `NETWORKS`.
        designs: names, see `DESIGNS`.
        switches: names, see `SWITCHES`.
        shapes: names, see `SHAPES`.
    """

    images: int
    networks: tuple[str, ...]
    designs: tuple[str, ...]
    switches: tuple[str, ...]
    shapes: tuple[str, ...]


@dataclass
class Comparison:
    """Outputs of a GPU against those of the CPU.

    Attributes:
        layers, equal_layers: of whole numbers, and how many of them are equal to the bit.
        cells_differ: layers whose cells are others than on the CPU.
        layers_differ: layers of whole numbers that are not equal.
        other_layers: plans of the other layers, with the largest relative difference.
        relative: largest difference of the network's outputs over the largest output.
        changed: share of the network's outputs that differ.
        labels_changed: share of the images with another label.
    """

    layers: int = 0
    equal_layers: int = 0
    cells_differ: list[str] = field(default_factory=list)
    layers_differ: dict[str, dict[str, float]] = field(default_factory=dict)
    other_layers: dict[str, dict[str, Any]] = field(default_factory=dict)
    relative: float = 0.0
    changed: float = 0.0
    labels_changed: float = 0.0

    @property
    def is_kept(self) -> bool:
        """Whether cells, and layers of whole numbers, are what they are on the CPU."""
        return not self.cells_differ and not self.layers_differ


@dataclass(frozen=True)
class OnCpu:
    """What a network does on the CPU.

    Attributes:
        inputs, outputs, cells: of each layer, by name.
        result: of the network.
    """

    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]
    cells: dict[str, Tensor]
    result: Tensor

    @classmethod
    def of(cls, analog: nn.Module, images: Tensor) -> OnCpu:
        """Let a network compute and listen."""
        inputs: dict[str, Tensor] = {}
        outputs: dict[str, Tensor] = {}

        def listen(layer: AnalogLayer, given: Tensor) -> Tensor:
            inputs[layer.name] = given.clone()
            outputs[layer.name] = layer.compute(given)
            return outputs[layer.name]

        with computing(analog, listen):
            result = analog(images)
        cells = {layer.name: _cells(layer) for layer in analog_layers(analog)}
        return cls(inputs, outputs, cells, result)


def random_network() -> tuple[nn.Module, Tensor]:
    """Convolutions of every kind with random weights; one has more rows than float32 adds exactly."""
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 64, 3, stride=2, padding=1, bias=False),
        nn.ReLU(),
        nn.Conv2d(64, 64, 3, padding=1),  # 576 rows
        nn.ReLU(),
        nn.Conv2d(64, 64, 3, padding=1, groups=64),
        nn.ReLU(),
        nn.Conv2d(64, 32, 3, padding=2, dilation=2, groups=4),
        nn.ReLU(),
        nn.Conv2d(32, 32, 1),
        nn.AdaptiveAvgPool2d(4),
        nn.Flatten(),
        nn.Linear(512, 10),
    )
    return network.eval(), torch.rand(64, 3, 16, 16)


def embedded_network() -> tuple[nn.Module, Tensor]:
    """The network that comes with bitline, and images."""
    network = find_network("fashion-resnet")
    return load_network(network), load_dataset("fashion-mnist", network.preprocess).images[:256]


NETWORKS: dict[str, Callable[[], tuple[nn.Module, Tensor]]] = {"random": random_network, "embedded": embedded_network}


def compare(analog: nn.Module, cpu: OnCpu, images: Tensor) -> Comparison:
    """Compare a network that was moved to another place with what it did on the CPU.

    Args:
        analog: in its new place.
        cpu: what it did before.
        images: on the new place.
    """
    found = Comparison()
    for layer in analog_layers(analog):
        name = layer.name
        if not torch.equal(_cells(layer), cpu.cells[name]):
            found.cells_differ.append(name)
        layer.restart_reads()
        outputs = layer.compute(cpu.inputs[name].to(images.device)).cpu()
        difference = _difference(outputs, cpu.outputs[name])
        plan = layer.programmed().plan
        if not isinstance(plan, IntegerPlan):
            found.other_layers[name] = {"plan": type(plan).__name__, **difference}
            continue
        found.layers += 1
        if torch.equal(outputs, cpu.outputs[name]):
            found.equal_layers += 1
        else:
            found.layers_differ[name] = difference
        layer.restart_reads()
    for layer in analog_layers(analog):
        layer.restart_reads()
    result = analog(images).cpu()
    difference = _difference(result, cpu.result)
    found.relative, found.changed = difference["relative"], difference["changed"]
    found.labels_changed = _share(result.argmax(1) != cpu.result.argmax(1))
    return found


def compare_designs(place: str, extent: Extent) -> Iterator[dict[str, Any]]:
    """Every network on every design, with every setting of the switches; a design that fails does not stop the rest."""
    for network, name in itertools.product(extent.networks, extent.designs):
        model, images = NETWORKS[network]()
        images = images[: extent.images]
        preset, settings = DESIGNS[name]
        try:
            analog = convert(model, Design.load(preset).with_settings(settings), images)
            cpu = OnCpu.of(analog, images)
            analog.to(place)
        except Exception:
            yield {"network": network, "design": name, "failed": traceback.format_exc()}
            continue
        for switches in extent.switches:
            what = {"network": network, "design": name, "switches": switches}
            yield {**what, **_attempt(switches, partial(_on, place, analog, cpu, images))}


def compare_products(place: str, extent: Extent) -> Iterator[dict[str, Any]]:
    """The products of bytes that layers of whole numbers are made of, with random and with the largest numbers."""
    for name, switches in itertools.product(extent.shapes, extent.switches):
        what = {"shape": name, "switches": switches}
        yield {**what, **_attempt(switches, partial(_product, place, *SHAPES[name]))}


def _product(place: str, channels: int, outputs: int, size: int, groups: int, pixels: int) -> dict[str, Any]:
    """Products of one shape by bitline, and by unfolding and one matrix product, against exact ones in float64."""
    draws = torch.Generator().manual_seed(0)
    weights = torch.randint(-128, 128, (outputs, channels // groups, size, size), generator=draws)
    weights[0], weights[-1] = 127, -128
    codes = torch.randint(0, 256, (16, channels, pixels, pixels), generator=draws)
    codes[0] = 255
    windows = Windows(padding=(size // 2, size // 2))
    exact = functional.conv2d(codes.double(), weights.double(), None, 1, size // 2, 1, groups).float()
    given, kernels = codes.to(torch.uint8).to(place), weights.to(torch.int8).to(place)
    multiply = FloatingMultiply([(kernels, 1.0)], windows, groups, 0)
    ways = {"as bitline multiplies": lambda: multiply(given)}
    if groups == 1:
        ways["unfolded"] = lambda: _unfolded(given, kernels)
    found = {}
    for way, action in ways.items():
        result, seconds = _timed(action, place)
        kept = torch.equal(result.cpu(), exact)
        found[way] = {"exact": kept, "largest_error": float((result.cpu() - exact).abs().max()), "seconds": seconds}
    return {"is_kept": found["as bitline multiplies"]["exact"], **found}


def _unfolded(codes: Tensor, kernels: Tensor) -> Tensor:
    size = kernels.shape[-1]
    columns = functional.unfold(codes.float(), size, padding=size // 2)
    return (kernels.flatten(1).float() @ columns).reshape(len(codes), len(kernels), *codes.shape[2:])


def _timed(action: Callable[[], Tensor], place: str, repeats: int = 5) -> tuple[Tensor, float]:
    """What an action returns, and the seconds that it takes once it has run."""
    result = action()
    seconds = []
    for _ in range(repeats):
        _wait(place)
        start = time.perf_counter()
        action()
        _wait(place)
        seconds.append(time.perf_counter() - start)
    return result, min(seconds)


def _wait(place: str) -> None:
    if place.startswith("cuda"):
        torch.cuda.synchronize()


def _attempt(switches: str, action: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What an action finds with these switches, or how it failed."""
    try:
        with SWITCHES[switches].applied():
            return action()
    except Exception:
        return {"failed": traceback.format_exc()}


def _on(place: str, analog: nn.Module, cpu: OnCpu, images: Tensor) -> dict[str, Any]:
    found = compare(analog, cpu, images.to(place))
    return {"is_kept": found.is_kept, **asdict(found)}


def _cells(layer: AnalogLayer) -> Tensor:
    return layer.encoded().program(layer.chip).conductance.cpu()


def _difference(outputs: Tensor, expected: Tensor) -> dict[str, float]:
    largest = float(expected.abs().max()) or 1.0
    return {
        "relative": float((outputs - expected).abs().max()) / largest,
        "changed": _share(outputs != expected),
    }


def _share(which: Tensor) -> float:
    return float(which.double().mean())


def extent_of(arguments: argparse.Namespace) -> Extent:
    """What is compared: all, or little of it."""
    designs = tuple(arguments.designs or DESIGNS)
    if arguments.tiny:
        return Extent(4, ("random",), designs, ("as PyTorch starts",), ("3x3-of-few-channels",))
    return Extent(arguments.images, tuple(NETWORKS), designs, tuple(SWITCHES), tuple(SHAPES))


def line(record: Mapping[str, Any]) -> str:
    """One record as a line of text."""
    what = ", ".join(str(record[key]) for key in ("network", "design", "shape", "switches") if key in record)
    if "failed" in record:
        return f"FAILED   {what}: {record['failed'].strip().splitlines()[-1]}"
    word = "equal" if record["is_kept"] else "DIFFERS"
    if "shape" in record:
        error = record["as bitline multiplies"]["largest_error"]
        return f"{word:8} product {what}: largest error {error:g}"
    layers = f"{record['equal_layers']} of {record['layers']} layers of whole numbers are equal"
    rest = f"outputs within {record['relative']:.2g}, {100 * record['labels_changed']:.1f} % of labels changed"
    return f"{word:8} {what}: {layers}; {rest}"


def main() -> int:
    """Compare, and write what was found so far after each comparison: the time may end at any moment."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compute", default="cuda", metavar="NAME", help="place that is compared with the CPU")
    parser.add_argument("--out", type=Path, default=Path("agreement.json"), metavar="FILE")
    parser.add_argument("--designs", nargs="+", choices=DESIGNS, metavar="NAME", help="all if not given")
    parser.add_argument("--images", type=int, default=64, metavar="N")
    parser.add_argument("--tiny", action="store_true", help="the random network and a few images: a rehearsal")
    arguments = parser.parse_args()
    extent = extent_of(arguments)
    found: dict[str, Any] = {"torch": torch.__version__, "compute": arguments.compute, "products": [], "designs": []}
    with torch.no_grad():
        for part, compared in (("products", compare_products), ("designs", compare_designs)):
            for record in compared(arguments.compute, extent):
                found[part].append(record)
                print(line(record), flush=True)
                arguments.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    records = found["products"] + found["designs"]
    kept = [record for record in records if record.get("is_kept")]
    print(f"{len(kept)} of {len(records)} comparisons are as promised")
    return 0 if len(kept) == len(records) else 1


if __name__ == "__main__":
    sys.exit(main())
