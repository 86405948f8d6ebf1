"""A layer while calibration inputs pass through the quantised network."""

from __future__ import annotations

from torch import Tensor

from bitline.design.views import reference
from bitline.layer.encoded import LayerCalibration
from bitline.layer.signal_histograms import SignalHistograms
from bitline.nn.activity import Activity
from bitline.nn.layer import AnalogLayer
from bitline.nn.padding import real_inputs
from bitline.nn.windows_seen import times_seen
from bitline.numerics.freed_memory import note_freed_memory
from bitline.quantize import InputScale

WATCHING = 64
"""Bytes that counting takes for each weight for a while, about."""


class WatchedLayer:
    """A layer with exact cells and no ADC, and what is counted of its codes and signals.

    What it computes with takes several times the memory of its weights. It is made at the first call of the layer and
    dropped after the last one, so that a network that is shown everything at once never has it of all layers.

    Args:
        layer: analog.
        scale: quantisation of its inputs.
        calls: how often the layer is called while codes and signals are counted.

    Attributes:
        activity: codes of its inputs.

    Examples:
        >>> import torch
        >>> from bitline import convert
        >>> images = torch.rand(16, 4)
        >>> layer = convert(torch.nn.Linear(4, 2), "differential", images)
        >>> watched = WatchedLayer(layer, layer.calibration.inputs, calls=1)
        >>> outputs = watched.count(images)
        >>> int(watched.activity.counts.sum()), watched.signals
        (64, None)
    """

    def __init__(self, layer: AnalogLayer, scale: InputScale, calls: int) -> None:
        self._layer, self._scale, self._calls = layer, scale, calls
        self._exact: AnalogLayer | None = None
        self.activity = Activity(scale, layer.product.groups * layer.product.channels)

    @property
    def signals(self) -> SignalHistograms | None:
        """What reached its ADCs; None where nobody asks for it."""
        return None

    def learn_centres(self, inputs: Tensor) -> Tensor:
        """Outputs for some inputs, of which centred ADCs learn what each column expects."""
        return self._outputs(inputs)

    def count(self, inputs: Tensor) -> Tensor:
        """Outputs for some inputs, whose codes and signals are counted."""
        self.activity.inputs += inputs.numel()
        for part in real_inputs(self._layer, inputs):
            self._add(self._codes(part), times_seen(self._layer, part))
        outputs = self._outputs(inputs)
        self._calls -= 1
        if self._calls <= 0:
            self.drop()
        return outputs

    def _codes(self, inputs: Tensor) -> Tensor:
        return self._layer.encoded().input_codes(self._layer.arranged(inputs), self._scale)

    def _add(self, codes: Tensor, times: Tensor | None) -> None:
        self.activity.add(codes, times)

    def _outputs(self, inputs: Tensor) -> Tensor:
        if self._exact is None:
            layer = self._layer
            self._exact = layer.on(reference(layer.design), LayerCalibration(self._scale, None))
        return self._exact.compute(inputs)

    def drop(self) -> None:
        """Leave what was counted, and nothing that it was counted with."""
        self.activity.finish()
        if self._exact is not None:
            self._exact = None
            note_freed_memory(WATCHING * self._layer.weight.numel())


class LayerWithAdcs(WatchedLayer):
    """A watched layer whose signals are counted, too.

    Args:
        layer, scale, calls: as for `WatchedLayer`.
        relu: whether a ReLU follows the layer directly.

    Examples:
        >>> import torch
        >>> from bitline import convert
        >>> images = torch.rand(16, 4)
        >>> layer = convert(torch.nn.Linear(4, 2), "differential", images)
        >>> watched = LayerWithAdcs(layer, layer.calibration.inputs, calls=1, relu=False)
        >>> outputs = watched.count(images)
        >>> watched.signals.by_slice[0].total
        32.0
    """

    def __init__(self, layer: AnalogLayer, scale: InputScale, calls: int, relu: bool) -> None:
        super().__init__(layer, scale, calls)
        self._relu = relu
        self._signals: SignalHistograms | None = None

    @property
    def signals(self) -> SignalHistograms:
        if self._signals is None:
            self._signals = self._layer.encoded().histograms(self._scale, self._relu)
        return self._signals

    def learn_centres(self, inputs: Tensor) -> Tensor:
        if self.signals.is_centred:
            for part in real_inputs(self._layer, inputs):
                self.signals.learn_centres(self._codes(part))
        return super().learn_centres(inputs)

    def _add(self, codes: Tensor, times: Tensor | None) -> None:
        super()._add(codes, times)
        if self.signals.is_finished:
            self.signals.resume(self._layer.encoded().signal_arrays(self._scale))
        self.signals.add(codes)

    def drop(self) -> None:
        super().drop()
        self.signals.finish()
