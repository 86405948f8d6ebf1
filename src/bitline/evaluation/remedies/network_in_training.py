"""A network that is trained on its design, with what training changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import torch
from torch import Tensor, nn

from bitline.design import Design
from bitline.errors import CalibrationError
from bitline.evaluation.remedies.layer_settings import with_rules
from bitline.evaluation.remedies.trained_ranges import InputRanges, TrainedRanges
from bitline.nn import Calibration, Inputs, NetworkRecord, analog_layers, conversion_of, convert
from bitline.nn.fold import fold_pairs


@dataclass(frozen=True)
class TrainedOn:
    """What a network is trained on.

    Examples:
        >>> TrainedOn(Design(), torch.rand(8, 4), seed=0).seed
        0

    Attributes:
        design: the accelerator.
        calibration: inputs, see `Inputs.of`, or an earlier calibration.
        seed: of the chips.
    """

    design: Design
    calibration: Any
    seed: int


@dataclass(frozen=True)
class TrainingState:
    """What training has changed.

    Examples:
        >>> network = nn.Linear(4, 2)
        >>> TrainingState({"weight": torch.ones(2, 4), "bias": torch.zeros(2)}, {}).give_weights(network, network)
        >>> float(network.weight.detach().sum())
        8.0

    Attributes:
        weights: by the names of the analog network.
        ranges: settings of layers whose input ranges are learnt.
    """

    weights: Mapping[str, Tensor]
    ranges: Mapping[str, Mapping[str, Any]]

    def give_weights(self, tuned: nn.Module, network: nn.Module) -> None:
        """Give a float network these weights, by way of the analog one, which gets them, too."""
        with torch.no_grad():
            for name, weight in network.named_parameters():
                weight.copy_(self.weights[name])
        copy_weights(network, tuned)


@torch.no_grad()
def copy_weights(network: nn.Module, tuned: nn.Module) -> None:
    """Give a float network the weights of its analog form.

    Examples:
        >>> network, images = nn.Linear(4, 2), torch.rand(8, 4)
        >>> other = nn.Linear(4, 2)
        >>> copy_weights(convert(network, "ideal", images), other)
        >>> torch.equal(network.weight, other.weight)
        True
    """
    for name, weight in tuned.named_parameters():
        weight.copy_(attrgetter(name)(network))  # layers of several matrices give what belongs to their parts


@dataclass(frozen=True)
class NetworkInTraining:
    """A network in its analog form, whose weights and ranges are trained.

    Examples:
        >>> from bitline.evaluation.remedies import CalibratedRanges
        >>> network, base = nn.Linear(4, 2), TrainedOn(Design(), torch.rand(8, 4), seed=0)
        >>> trained = NetworkInTraining.of(network, nn.Linear(4, 2), base, CalibratedRanges())
        >>> sorted(trained.state().weights)
        ['bias', 'weight']

    Attributes:
        network: analog.
        tuned: in floating point, with weights of some time ago.
        base: what it is trained on.
        ranges: of the inputs.
    """

    network: nn.Module
    tuned: nn.Module
    base: TrainedOn
    ranges: TrainedRanges

    @classmethod
    def of(cls, model: nn.Module, tuned: nn.Module, base: TrainedOn, ranges: InputRanges) -> NetworkInTraining:
        """A network before the first step.

        Args:
            model: in floating point.
            tuned: a copy of it, whose batch norms are folded here.
            base: what it is trained on.
            ranges: what becomes of those of the inputs.

        Raises:
            ConversionError, CalibrationError: see `convert`; or ranges are to be learnt with an earlier calibration.
            DesignError: there are no ranges to learn.
        """
        is_known = isinstance(base.calibration, (Calibration, NetworkRecord))
        seen = base.calibration if is_known else Inputs.of(base.calibration, model)
        network = convert(model, base.design, seen, seed=base.seed)
        moving = ranges.begin(network)
        if is_known and moving.learnt():
            raise CalibrationError("ranges are learnt from inputs: give calibration inputs, not an earlier calibration")
        fold_pairs(tuned, conversion_of(network).folding.folded)
        return cls(network, tuned, TrainedOn(base.design, seen, base.seed), moving)

    def state(self) -> TrainingState:
        """A copy of what training has changed so far."""
        weights = {name: weight.detach().clone() for name, weight in self.network.named_parameters()}
        return TrainingState(weights, self.ranges.chosen())

    def follow_ranges(self) -> None:
        """Calibrate ADCs again where input ranges have moved."""
        chosen = self.ranges.chosen()
        if not chosen:
            return
        copy_weights(self.network, self.tuned)
        again = convert(self.tuned, with_rules(self.base.design, chosen), self.base.calibration)
        for layer in analog_layers(self.network):
            layer.calibrate(conversion_of(again).calibration.layers[layer.name])
