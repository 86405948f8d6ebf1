"""What a converted network takes from a file: all of it or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from bitline.nn.contexts import analog_layers
from bitline.nn.conversion import Conversion
from bitline.nn.layer_state import SavedState


def check_before_loading(network: nn.Module) -> None:
    """Let `load_state_dict` look at the states of all layers before it changes the first one.

    Args:
        network: converted.

    Examples:
        >>> from bitline import convert
        >>> import torch
        >>> network = convert(nn.Linear(3, 2), "differential", torch.rand(8, 3))  # which does so
        >>> network.load_state_dict(network.state_dict())
        <All keys matched successfully>
    """
    network.register_load_state_dict_pre_hook(_refuse_other_states)


def _refuse_other_states(network: nn.Module, states: Mapping[str, Any], prefix: str, *others: Any) -> None:
    """Refuse the states of layers of another design.

    Raises:
        CalibrationError: names the layer.
    """
    conversion = network._bitline
    assert isinstance(conversion, Conversion)
    places = {module: name for name, module in network.named_modules()}
    for layer in analog_layers(network):
        place = f"{places[layer]}." if places[layer] else ""
        state, design = states.get(f"{prefix}{place}_extra_state"), conversion.design.for_layer(layer.name)
        if state is None or design is None:
            continue
        saved = SavedState.from_bytes(state, layer.name).for_layer(layer.name, design)
        if saved.calibration is not None:
            layer.encoded().check(saved.calibration)
