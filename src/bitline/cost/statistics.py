"""What cost depends on besides the design: the layers of a network, their weights, and how active their inputs are."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from bitline.arrays import Product
from bitline.config.arguments import checked
from bitline.cost import shown
from bitline.cost._digital_work import DigitalWork, count_work
from bitline.cost.conductances import mean_conductance
from bitline.cost.input_digits import input_digits
from bitline.cost.joint_counts import JointCounts, cells_of_codes, count_cells, count_codes, follows_from_codes
from bitline.cost.sample_sizes import SampleSizes
from bitline.cost.sample_ways import other_ways
from bitline.cost.steps import Steps
from bitline.design import Design, views
from bitline.encode import WeightMapping
from bitline.errors import CalibrationError, DesignError
from bitline.layer.cells import placement_of
from bitline.nn import Inputs, analog_layers, conversion_of, convert
from bitline.nn.calibrate import record_activity
from bitline.nn.registry import has_form
from bitline.quantize import magnitude_bits_of, weight_codes

REMEMBERED = 1024
"""Counts of layers that are kept for the next designs."""
Counted = TypeVar("Counted")


@dataclass(frozen=True)
class LayerStatistics:
    """What is known of one analog layer.

    Attributes:
        name: as in the network.
        product: its shape.
        outputs: output channels of all groups.
        steps: matrix-vector products of one image, of each group, in the order that they need each other.
        uses: how often one image makes the layer multiply each weight.
        inputs: input values of one image.
        fetched: those that windows read from a buffer; a window keeps what the one before it had.
        signed: whether inputs can be negative.
        frequencies: (channels of all groups, 2^bits), share of inputs with each |code|, as windows see them.
        valid: (kernel positions,), share of output positions at which there is an input, inside the image and no zero
            between the inputs of a transposed convolution.
        weight: (outputs, rows of a group).
        after: analog layers that its inputs come from directly.
    """

    name: str
    product: Product
    outputs: int
    steps: Steps
    uses: float
    inputs: float
    fetched: float
    signed: bool
    frequencies: np.ndarray = field(repr=False)
    valid: np.ndarray = field(repr=False)
    weight: Tensor = field(repr=False)
    after: frozenset[str] = frozenset()

    @property
    def products(self) -> float:
        """Matrix-vector products of one image, of each group."""
        return self.steps.products

    @property
    def macs(self) -> float:
        """Multiplications with addition that the layer asks for on one image, whatever the arrays do for them.

        They are counted as networks are described, and as PyTorch's `FlopCounterMode` counts them: a convolution has
        one for every output, input channel and kernel position, those in the padding as well; a transposed convolution
        has one for every input, output channel and kernel position. The zeros that arrays find between the inputs of
        a transposed convolution take time and energy, but are nobody's operations.
        """
        return self.uses * self.weight.numel()

    @property
    def input_bits(self) -> int:
        """Magnitude bits of the codes that are told apart."""
        return int(self.frequencies.shape[1]).bit_length() - 1

    def magnitude_bits(self, design: Design) -> int:
        """Bits of |code| that a design drives this layer's rows with.

        Raises:
            DesignError: inputs below 0, and no bit for the sign.
        """
        return magnitude_bits_of(design.inputs.code_bits, self.has_signs(design), f"layer {self.name!r}")

    def has_signs(self, design: Design) -> bool:
        """Whether the codes of this layer's inputs have a sign."""
        return self.signed if design.inputs.signed == "auto" else design.inputs.signed

    def has_negative_voltages(self, design: Design) -> bool:
        """Whether rows see both signs of the read voltage."""
        return self.has_signs(design) and design.inputs.polarities == "together"


@dataclass(frozen=True)
class Statistics:
    """What cost depends on besides the design. Gather it once; it serves any number of designs.

    Attributes:
        layers: analog layers in the order of the network.
        digital: work outside of them.
        images: number of images behind the activity of the inputs.
        sizes: of these images; work is that of the first one.
        ways: what is to be said where others take other ways through the network.
        kept: layers that a rule kept digital; designs that have them on arrays need statistics of their own.

    Examples:
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Linear(64, 10))
        >>> _ = torch.nn.init.eye_(network[0].weight)
        >>> statistics = gather_statistics(network, "sonos-a", torch.linspace(0, 1, 640).reshape(10, 64))
        >>> layer = statistics.layers[0]
        >>> layer.name, layer.macs, layer.signed, statistics.images
        ('0', 640.0, False, 10)
        >>> round(statistics.mean_current(layer, Design.load("sonos-a")), 2)
        0.24
        >>> print(statistics)
        1 analog layer, inputs of 10 samples
        layer  rows  columns  products  MACs  inputs at 0
        0        64       10         1   640        0.3 %
        in all 640 MACs of an inference
        digital: nothing
    """

    layers: tuple[LayerStatistics, ...]
    digital: DigitalWork
    images: int
    sizes: SampleSizes = field(default_factory=SampleSizes)
    ways: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    _joint: dict[object, Any] = field(default_factory=dict, repr=False, compare=False)

    def __repr__(self) -> str:
        return shown.name_of_statistics(self)

    def __str__(self) -> str:
        return shown.text_of_statistics(self)

    @classmethod
    def of(cls, network: nn.Module, images: Tensor | Inputs) -> Statistics:
        """Statistics of a converted network.

        Args:
            network: what `convert` returned. What calibration saw of its inputs is used; `images` are run where it did
                not look.
            images: normalised, (images, ...), at least one; or other inputs.

        Raises:
            CalibrationError: there are no images.
        """
        inputs = Inputs.of(images, network)
        if len(inputs) == 0:
            raise CalibrationError("there are no images to measure activity on: pass at least one, typically 32")
        record = conversion_of(network)
        scales = {name: layer.inputs for name, layer in record.calibration.layers.items()}
        calls, digital = count_work(network, inputs.first(1).calls[0])
        uses = {name: math.ceil(work.uses) for name, work in calls.items()}
        activities = record.activities or record_activity(network, scales, inputs, uses)
        layers = []
        for layer in analog_layers(network):
            counts = activities.layers[layer.name].counts.numpy()
            seen = np.maximum(counts.sum(1, keepdims=True), 1)
            layers.append(
                LayerStatistics(
                    name=layer.name,
                    product=layer.product,
                    outputs=layer.outputs,
                    steps=calls[layer.name].steps,
                    uses=calls[layer.name].uses,
                    inputs=calls[layer.name].inputs,
                    fetched=calls[layer.name].fetched,
                    signed=scales[layer.name].signed,
                    frequencies=(counts / seen).astype(np.float32),
                    valid=calls[layer.name].met,
                    weight=layer.matrix.detach().cpu(),
                    after=calls[layer.name].after,
                )
            )
        sizes = SampleSizes.of(inputs.calls)
        first, seen = ({name: each.inputs for name, each in of.items()} for of in (calls, activities.layers))
        ways = () if sizes.others else other_ways(first, seen, activities.samples)
        kept = tuple(
            name
            for name, module in network.named_modules()
            if has_form(module) and record.design.for_layer(name) is None
        )
        return cls(tuple(layers), digital, activities.samples, sizes, ways, kept)

    def joint(self, layer: LayerStatistics, design: Design) -> JointCounts:
        """Input codes and cells of a layer together; remembered for the next design with the same cells.

        Args:
            layer: one of `layers`.
            design: of this layer.
        """
        mapping, array = design.weights, design.array
        units = placement_of(design, layer.product, layer.outputs).unit_columns
        if follows_from_codes(mapping):
            key = (layer.name, units, *mapping.coding.items())
            return cells_of_codes(layer, design, self._remembered(key, lambda: count_codes(layer, design)))
        cells = (layer.name, units, mapping, array.rows, array.partitions)
        return self._remembered(cells, lambda: count_cells(layer, design))

    def _remembered(self, key: object, count: Callable[[], Counted]) -> Counted:
        found: Counted | None = self._joint.get(key)
        if found is None:
            if len(self._joint) >= REMEMBERED:
                self._joint.clear()
            found = self._joint[key] = count()
        return found

    def mean_current(self, layer: LayerStatistics, design: Design) -> float:
        """Mean current of a layer's bit lines while the lowest input bit is applied, in units of a cell's at G_max.

        All rows of the matrix on one line, lines before subtraction, slices of the weights and unit columns averaged.

        Args:
            layer: one of `layers`.
            design: of this layer.
        """
        joint = self.joint(layer, design)
        bits = layer.magnitude_bits(design)
        driven, _, _ = input_digits(layer.input_bits, bits, 1)
        lines = joint.cells / layer.product.rows
        return joint.sum(driven[0], mean_conductance(design, joint.targets)) / lines

    def mean_digits(self, layer: LayerStatistics, mapping: WeightMapping) -> tuple[np.ndarray, float]:
        """Mean G / G_max by slice of cells that lie where codes alone put them, and how many cells a slice has.

        Cells are exact and their on/off ratio is infinite. No column is flipped and no weight left out.

        Args:
            layer: one of `layers`.
            mapping: how its weights are stored.
        """
        codes, _ = weight_codes(layer.weight.float(), **mapping.coding)
        digits = mapping.digits(codes).double()
        return digits.flatten(2).mean((0, 2)).numpy(), float(digits[:, 0].numel())


@torch.no_grad()
@checked(DesignError)
def gather_statistics(model: nn.Module, design: Design | str, images: Any) -> Statistics:
    """Statistics of a float network for costs of this design and others like it.

    Weight codes, bits per cell, mappings, rows, converters and whole libraries can differ in other designs; layers that
    are digital in `design` stay so, and input ranges and negative inputs are counted as `design` has them.

    Args:
        model: the float network.
        design: which layers are analog, and the range and largest number of bits of their inputs.
        images: normalised images, (images, ...), or other inputs, see `Inputs.of`; a few dozen are enough. Costs are
            those of the first one where samples differ in length or take other ways through the network, and a note
            says so.

    Raises:
        CalibrationError, ConversionError: see `convert`.

    Examples:
        >>> network = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
        >>> statistics = gather_statistics(network, "differential", torch.linspace(0, 1, 640).reshape(10, 64))
        >>> [layer.name for layer in statistics.layers], statistics.digital.activations
        (['0', '2'], 32.0)
    """
    design = Design.of(design)
    inputs = Inputs.of(images, model)
    network = convert(model, views.reference(design), inputs)
    return Statistics.of(network, inputs)
