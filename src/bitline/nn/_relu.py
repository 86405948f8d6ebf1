"""Which layers are followed directly by a ReLU."""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import fx, nn
from torch.nn import functional

from bitline.config.messages import first_line
from bitline.errors import CalibrationError
from bitline.nn.composite import CompositeLayer
from bitline.nn.layer import AnalogLayer
from bitline.nn.own_forward import OwnForward
from bitline.nn.tracing import keeping_state

RELU_CALLS = (torch.relu, torch.relu_, functional.relu, functional.relu_)
RELU_MODULES = (nn.ReLU, nn.ReLU6)
DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)
IDENTITIES = (nn.Identity, *DROPOUTS)
"""What gives its inputs as they are in evaluation."""


class _Tracer(fx.Tracer):
    """Follows a network down to its analog layers; those inside of layers of several matrices have no ReLU."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, (AnalogLayer, CompositeLayer)) or super().is_leaf_module(m, module_qualified_name)


def followed_by_relu(network: nn.Module, layers: Collection[str]) -> frozenset[str]:
    """Those of `layers` whose only use is a ReLU, identities in between not counted.

    Raises:
        CalibrationError: torch.fx cannot trace the network.
    """
    try:
        with keeping_state(network):
            graph = _Tracer().trace(network)
    except Exception as error:
        reason = first_line(error, 120)
        raise CalibrationError(
            f"adc.range.relu_aware is true, but torch.fx cannot trace {type(network).__name__} to see where a ReLU "
            f"follows ({reason}): use adc.range.relu_aware = false"
        ) from None
    modules = dict(network.named_modules())
    plain = [name for name in layers if not isinstance(modules[name], OwnForward)]  # nothing is done to their outputs
    calls = [node for node in graph.nodes if node.op == "call_module" and node.target in plain]
    once = [node for node in calls if sum(other.target == node.target for other in calls) == 1]
    return frozenset(str(node.target) for node in once if _goes_to_relu(node, modules))


def _goes_to_relu(node: fx.Node, modules: dict[str, nn.Module]) -> bool:
    if len(node.users) != 1:
        return False
    user = next(iter(node.users))
    if user.op == "call_module":
        module = modules.get(str(user.target))
        return isinstance(module, RELU_MODULES) or (isinstance(module, IDENTITIES) and _goes_to_relu(user, modules))
    if user.op == "call_method":
        return user.target in ("relu", "relu_")
    return user.op == "call_function" and user.target in RELU_CALLS
