"""Most extensions are one file and one line: what CONTRIBUTING.md says to add is added to a copy of the package.

The code comes from CONTRIBUTING.md where it shows some. A registry is found by its name, and gets one line.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import bitline

GUIDE = (Path(__file__).resolve().parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
PACKAGE = Path(bitline.__file__).parent


def shown(section: str) -> str:
    """The first code block of a section of CONTRIBUTING.md."""
    part = GUIDE.split(f"## {section}\n")[1].split("\n## ")[0]
    block = re.search(r"```python\n(.*?)```", part, re.DOTALL)
    assert block is not None
    return block[1]


@dataclass(frozen=True)
class Extension:
    """One file and one line.

    Attributes:
        file: inside the package.
        code: of the file, without the imports that all files here have.
        registry: name of what gets a line.
        line: that is added.
        proof: code that fails unless the extension works.
    """

    file: str
    code: str
    registry: str
    line: str
    proof: str


HEAD = """
from __future__ import annotations
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal
import torch
from pydantic import Field
from torch import Tensor, nn
from bitline.numerics.draws import Draws
"""
PROOF = """
import sys
import numpy as np, torch
from torch import nn
from bitline import AnalogCore, Design, analog_layers, convert, presets
matrix = np.random.default_rng(0).standard_normal((4, 30))
inputs = np.random.default_rng(1).random((30, 50))
def outputs(settings, base=None):
    design = Design().with_settings({"cell.device": "none", **(base or {}), **settings})
    assert Design.from_toml(design.to_toml()) == design
    return AnalogCore(matrix, design, calibration=inputs) @ inputs
def differ(settings, base=None, by=1e-3):
    return np.abs(outputs(settings, base) - outputs({}, base)).max() > by
"""

EXTENSIONS = {
    "device": Extension(
        "devices/saturating.py",
        "from bitline.devices import Device\n" + shown("Add a device"),
        "AnyDevice",
        "Saturating |",
        'assert differ({"cell.device": {"kind": "saturating", "ceiling": 0.5}})',
    ),
    "ADC range policy": Extension(
        "readout/ranges/half.py",
        "from bitline.numerics.histogram import Histogram\n"
        "from bitline.readout.bit_lines import BitLines\n"
        "from bitline.readout.levels import Levels\n"
        "from bitline.readout.ranges.policy import RangePolicy\n" + shown("Add an ADC range policy"),
        "AnyRange",
        "HalfRange |",
        'assert differ({"adc.range": "half"}, {"adc.range": "full"})',
    ),
    "ADC": Extension(
        "readout/architectures/shifted.py",
        """
from bitline.readout._transfer import TransferTable, ideal_edges
from bitline.readout.architectures._circuit import CircuitAdc
class ShiftedAdc(CircuitAdc):
    kind: Literal["shifted"] = "shifted"
    shift: float = 3.0
    @property
    def is_ideal(self) -> bool:
        return self.shift == 0
    def tables(self, arrays: int, converters: int, draws: Draws) -> TransferTable:
        return TransferTable.monotonic(ideal_edges(self.bits).expand(arrays, converters, -1) + self.shift)
""",
        "AnyAdc",
        "ShiftedAdc |",
        'assert differ({"adc.kind": "shifted"}) and not differ({"adc": {"kind": "shifted", "shift": 0}})',
    ),
    "mapping": Extension(
        "encode/swapped.py",
        """
from bitline.encode.differential import Differential
class Swapped(Differential):
    kind: Literal["swapped"] = "swapped"
    @property
    def readings(self) -> tuple[tuple[float, ...], ...]:
        return tuple(tuple(reversed(signs)) for signs in super().readings)
    def digits(self, codes: Tensor) -> Tensor:
        return super().digits(codes).flip(0)
""",
        "AnyWeights",
        "Swapped |",
        'assert not differ({"weights.kind": "swapped"}, {"adc": "none"})',
    ),
    "array": Extension(
        "arrays/lossy.py",
        "from bitline.arrays._array import Array\nfrom bitline.shapes import CellTensor\n" + shown("Add an array"),
        "AnyArray",
        "LossyArray |",
        'np.testing.assert_allclose(2 * outputs({"array.kind": "lossy"}, {"adc": "none"}),'
        ' outputs({}, {"adc": "none"}), rtol=1e-5)',
    ),
    "input range policy": Extension(
        "quantize/whole.py",
        "from bitline.numerics.histogram import Histogram\nfrom bitline.quantize.input_ranges import InputRangePolicy\n"
        + shown("Add an input range policy"),
        "AnyInputRange",
        "WholeRange |",
        'design = Design().with_settings({"inputs.range": "whole"})\n'
        "core = AnalogCore(matrix, design, calibration=inputs)\n"
        "assert abs(core.calibration.inputs.step * 255 - inputs.max()) < 1e-6",
    ),
    "layer": Extension(
        "nn/doubled.py",
        """
from bitline.nn.linear import AnalogLinear
class Doubled(nn.Linear):
    def forward(self, inputs: Tensor) -> Tensor:
        return 2 * super().forward(inputs)
class AnalogDoubled(AnalogLinear, Doubled):
    float_type = Doubled
    def restore(self, outputs: Tensor, inputs: Tensor) -> Tensor:
        return 2 * super().restore(outputs, inputs)
    def float_forward(self, inputs: Tensor) -> Tensor:
        return 2 * super().float_forward(inputs)
""",
        "ANALOG_LAYERS",
        "Doubled: AnalogDoubled,",
        "from bitline.nn.doubled import AnalogDoubled, Doubled\n"
        "network, images = nn.Sequential(Doubled(30, 3)).eval(), torch.rand(40, 30)\n"
        'fine = {"weights.bits": 12, "inputs.bits": 12, "adc": "none", "cell.device": "none"}\n'
        "analog = convert(network, Design().with_settings(fine), images)\n"
        "assert [type(layer) for layer in analog_layers(analog)] == [AnalogDoubled]\n"
        "torch.testing.assert_close(analog(images), network(images), rtol=0, atol=5e-3)",
    ),
    "layer of several matrices": Extension(
        "nn/gated.py",
        "from bitline.nn.composite import CompositeLayer, Pieces\n" + shown("Add a layer of several matrices"),
        "COMPOSITE_LAYERS",
        "Gated: AnalogGated,",
        "from bitline.nn.gated import AnalogGated, Gated\n"
        "network, images = nn.Sequential(Gated(30, 3)).eval(), torch.rand(40, 30)\n"
        'fine = {"weights.bits": 12, "inputs.bits": 12, "adc": "none", "cell.device": "none"}\n'
        "analog = convert(network, Design().with_settings(fine), images)\n"
        'assert [layer.name for layer in analog_layers(analog)] == ["0.main", "0.gate"]\n'
        "torch.testing.assert_close(analog(images), network(images), rtol=0, atol=2e-2)",
    ),
    "measure": Extension(
        "measures/recall.py",
        "from typing import Any\nfrom bitline.measures.measure import Measure, Values\n" + shown("Add a measure"),
        "MEASURES",
        re.findall(r'`("recall": \w+)`', GUIDE)[0] + ",",
        "from bitline.measures import measure_of\n"
        "values = measure_of('recall').values(torch.eye(2), torch.tensor([1, 1]))\n"
        "assert measure_of('recall').of(values.numpy()) == 0.5",
    ),
    "data format": Extension(
        "data/torch_files.py",
        "from bitline.data.dataset import Dataset\nfrom bitline.data.preprocess import Preprocess\n"
        + shown("Add a data format"),
        "FORMATS",
        re.findall(r"`(Format\(.*\))`", GUIDE)[0] + ",",
        "from bitline.data import load_dataset\nfrom bitline.networks import find_network\n"
        'content = {"images": torch.zeros(5, 1, 28, 28, dtype=torch.uint8), "labels": torch.arange(5)}\n'
        'torch.save(content, "images.pt")\n'
        'assert len(load_dataset("images.pt", find_network("fashion-resnet").preprocess).labels) == 5',
    ),
    "network": Extension(
        "networks/lenet.py",
        "def lenet() -> nn.Module:\n    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))\n",
        "NETWORKS",
        shown("Add a network").split("#")[0].strip() + ",",
        "from bitline.networks import find_network\n"
        'network = find_network("lenet")\n'
        "assert network.build()(torch.rand(2, *network.preprocess.shape)).shape == (2, 10)",
    ),
}


def registry_of(package: Path, name: str) -> Path:
    """The file that defines a registry of a package."""
    definition = re.compile(rf"^{name}\b[^\n]* = ", re.MULTILINE)
    found = [file for file in package.rglob("*.py") if definition.search(file.read_text(encoding="utf-8"))]
    assert len(found) == 1, f"{name} is defined in {found}"
    return found[0]


def add(package: Path, extension: Extension) -> None:
    """Write the file and the line, with the line's import."""
    (package / extension.file).write_text(HEAD + extension.code)
    registry = registry_of(package / Path(extension.file).parts[0], extension.registry)
    start = rf"(^{extension.registry}\b.*? = .*?{'in ' if extension.registry == 'NETWORKS' else ''}[\[({{]\n)"
    text, count = re.subn(
        start,
        rf"\g<1>    {extension.line}\n",
        registry.read_text(encoding="utf-8"),
        count=1,
        flags=re.MULTILINE | re.DOTALL,
    )
    assert count == 1
    module = ".".join(("bitline", *Path(extension.file).with_suffix("").parts))
    names = [word for word in re.findall(r"\w+", extension.line) if re.search(rf"(class|def) {word}\b", extension.code)]
    line = f"from {module} import {', '.join(names)}\n"
    registry.write_text(text.replace("import annotations\n", f"import annotations\n{line}", 1))


@pytest.fixture(scope="module")
def extended(tmp_path_factory) -> Path:
    """A folder with a copy of the package that has all extensions."""
    folder = tmp_path_factory.mktemp("extended")
    shutil.copytree(PACKAGE, folder / "bitline", ignore=shutil.ignore_patterns("__pycache__"))
    for extension in EXTENSIONS.values():
        add(folder / "bitline", extension)
    preset = folder / "bitline" / "design" / "presets" / "mine.toml"
    preset.write_text('name = "mine"\ndescription = "Ours (a source)."\n[cell.device]\nkind = "saturating"\n')
    return folder


def run(folder: Path, proofs: list[str]) -> subprocess.CompletedProcess[str]:
    code = "\n".join([PROOF, *proofs])
    environment = {**os.environ, "PYTHONPATH": str(folder), "NUMBA_CACHE_DIR": str(folder / "cache")}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=folder, env=environment, capture_output=True, text=True
    )


def test_extensions_are_one_file_and_one_line(extended):
    proofs = [extension.proof for extension in EXTENSIONS.values()]
    proofs.append('assert "mine" in presets() and Design.load("mine").cell.device.kind == "saturating"')
    result = run(extended, proofs)
    assert result.returncode == 0, result.stderr


def test_the_guide_names_registries_where_they_are():
    """`AnyDevice` in `devices/registry.py`, and so on."""
    named = re.findall(r"`(\w+)`\s+in\s+`([\w/]+\.py)`", GUIDE)
    undocumented = {"AnyArray", "AnyInputRange"}
    assert {name for name, _ in named} >= {extension.registry for extension in EXTENSIONS.values()} - undocumented
    for name, file in named:
        text = (PACKAGE / file).read_text(encoding="utf-8")
        assert re.search(rf"^{name}\b[^\n]* = ", text, re.MULTILINE), f"{name} is not defined in {file}"
