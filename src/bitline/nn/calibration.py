"""What calibration inputs showed of a network, and the quantisation that a design makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bitline.design import views
from bitline.design.views import View
from bitline.errors import CalibrationError
from bitline.layer.encoded import LayerCalibration
from bitline.layer.signal_histograms import ENOUGH, SignalHistograms
from bitline.nn.activity import Activities, Activity
from bitline.nn.fold import Pair
from bitline.nn.layer import AnalogLayer
from bitline.nn.lent_weights import Lent
from bitline.nn.made_for import made_for, refuse_other_layers
from bitline.numerics.summary import counted, summary
from bitline.numerics.text import listed, number
from bitline.quantize import InputScale

SHOWN = 3
"""Layers that a remark names."""


@dataclass(frozen=True)
class Calibration:
    """Calibrations by layer name.

    Examples:
        >>> from bitline.nn import conversion_of, convert
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
        >>> images = torch.rand(16, 4)
        >>> analog = convert(network, "differential", images)
        >>> known = conversion_of(analog).calibration
        >>> sorted(known.layers)
        ['0', '2']
        >>> again = convert(network, "differential", known)  # without images

    Attributes:
        layers: of each analog layer.
        folded: batch norms that were part of the weights, with their layers; None where that is not known.
        channels_last: whether the network was seen to compute the same with channels last in memory, which is faster.
        lent: modules that multiply with the weights of layers, with these.
        made_for: sizes and settings of the layers, by name; None where that is not known.
    """

    layers: Mapping[str, LayerCalibration]
    folded: tuple[Pair, ...] | None = None
    channels_last: bool = False
    lent: Lent = ()
    made_for: Mapping[str, View] | None = field(default=None, repr=False, compare=False)

    def __repr__(self) -> str:
        return f"Calibration({counted(len(self.layers), 'layer')})"

    def __str__(self) -> str:
        rows = [(name, *ranges_in_words(layer)) for name, layer in self.layers.items()]
        return summary(f"calibration of {counted(len(self.layers), 'layer')}", [("layer", *RANGES), *rows])


RANGES = ("inputs", "input step", "ADC codes")
"""What `ranges_in_words` says."""


def ranges_in_words(layer: LayerCalibration) -> tuple[str, str, str]:
    """Bits and step of a layer's inputs, and the codes of its ADCs over all weight slices.

    Examples:
        >>> ranges_in_words(LayerCalibration(InputScale(0.5, 7, signed=True), None))
        ('sign + 7 bits', '0.5', 'no ADC')
    """
    bits = f"{'sign + ' if layer.inputs.signed else ''}{counted(layer.inputs.magnitude_bits, 'bit')}"
    codes = "no ADC" if layer.levels is None else f"{min(layer.levels.low):,} to {max(layer.levels.high):,}"
    return bits, number(layer.inputs.step, 3), codes


@dataclass(frozen=True)
class LayerRecord:
    """What the calibration images showed of one layer.

    Examples:
        >>> from bitline.design import Design
        >>> from bitline.nn import record
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
        >>> images = torch.rand(16, 4)
        >>> record(network, Design(), images).layers["2"].scale.magnitude_bits
        8

    Attributes:
        scale: quantisation of its inputs, chosen from them.
        signals: what reached its ADCs; none where nobody asked for it.
        activity: codes of its inputs; none where one pass was enough.
        only_zeros: whether they choose the range of its inputs, and all of them are 0.
    """

    scale: InputScale
    signals: SignalHistograms | None
    activity: Activity | None
    only_zeros: bool = False


@dataclass(frozen=True)
class NetworkRecord:
    """What the calibration images showed of a whole network, for all designs with the same `views.record`.

    Examples:
        >>> from bitline.design import Design
        >>> from bitline.nn import record
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
        >>> images = torch.rand(16, 4)
        >>> seen = record(network, Design(), images)
        >>> seen.layers["0"].scale.signed
        False

    Attributes:
        layers: by name.
        folded: batch norms that were part of the weights, with their layers.
        channels_last: whether the network was seen to compute the same with channels last in memory.
        samples: how many calibration samples there were.
        lent: modules that multiply with the weights of layers, with these.
        made_for: sizes and settings of the layers, by name; None where an earlier version did not keep them.
    """

    layers: Mapping[str, LayerRecord]
    folded: tuple[Pair, ...]
    channels_last: bool
    samples: int
    lent: Lent = ()
    made_for: Mapping[str, View] | None = None

    def calibration(self, layers: Mapping[str, AnalogLayer]) -> Calibration:
        """Input quantisation and ADC levels of every layer.

        Args:
            layers: the analog layers, by name.

        Raises:
            CalibrationError: nothing is known of a layer, or it has another size, or settings that show other signals.
        """
        if self.made_for is not None:
            refuse_other_layers("record", self.made_for, layers, views.record)
        missing = [name for name in layers if name not in self.layers]
        if missing:
            raise CalibrationError(f"nothing was seen of layer {missing[0]!r}: calibrate this network again")
        chosen = {}
        for name, layer in layers.items():
            seen = self.layers[name]
            chosen[name] = LayerCalibration(seen.scale, layer.encoded().levels(seen.scale, seen.signals))
        made = made_for(layers, views.calibration)
        return Calibration(chosen, self.folded, self.channels_last, self.lent, made)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader of the results should know of ranges that the images showed too little for."""
        return (*self._on_zeros(), *self._on_sparse())

    def _on_zeros(self) -> tuple[str, ...]:
        zeros = [name for name, layer in self.layers.items() if layer.only_zeros]
        if not zeros:
            return ()
        return (
            f"inputs.range: all calibration inputs of {counted(len(zeros), 'layer')} are 0 "
            f"({listed([*map(repr, zeros)], SHOWN)}), so that nothing chose their range: give calibration inputs that "
            "are like those to come",
        )

    def _on_sparse(self) -> tuple[str, ...]:
        seen = {name: layer.signals.sparse for name, layer in self.layers.items() if layer.signals is not None}
        sparse = {name: places for name, places in seen.items() if places is not None}
        if not sparse:
            return ()
        first = min(sparse, key=lambda name: sparse[name].signals)
        return (
            f"adc.ranges_per: {sum(places.places for places in sparse.values())} ranges in {len(sparse)} of "
            f"{len(self.layers)} layers are those of their whole layer, because calibration showed fewer than {ENOUGH} "
            f"signals for each, down to {sparse[first].signals} in layer {first!r}: use more calibration images",
        )

    @property
    def activities(self) -> Activities | None:
        """How often each input channel has each code, where it was seen on the way."""
        found = {name: seen.activity for name, seen in self.layers.items() if seen.activity is not None}
        return Activities(found, self.samples) if found else None
