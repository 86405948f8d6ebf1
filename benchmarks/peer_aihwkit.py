"""IBM's aihwkit on CIFAR ResNet-20 with random weights, which do not change the time."""

from __future__ import annotations

import sys

import torch
from comparison import Case, Peer
from torch import nn

from bitline import Design, convert
from bitline.networks import find_network
from bitline.numerics.threads import limit_threads

ERROR = {"weights.kind": "differential", "cell.device": {"kind": "state-proportional", "alpha": 0.02}}
NOISE = {"kind": "state-independent", "alpha": 0.02}
BITLINE: dict[str, dict[str, object]] = {
    "products without errors": {"weights.kind": "differential", "cell.device": "none", "adc": "none"},
    "8 bits in and out, programming error": ERROR,
    "the same with noise of every read": {**ERROR, "cell.read_noise": NOISE},
    "the same with wires, without read noise": {
        **ERROR,
        "array": {"kind": "gate-driven", "bit_line": {"segment": 1e-5}},
    },
}
"""Settings of bitline's default design by case."""


def peer(batch: int) -> Peer:
    """The comparison with aihwkit.

    Args:
        batch: images of one pass.
    """
    try:
        import aihwkit
    except ImportError:
        sys.exit("aihwkit is not installed: pip install aihwkit (on some systems it is built from source)")
    plain, images = find_network("cifar-resnet20").build().eval(), torch.randn(batch, 3, 32, 32)

    def case(name: str, settings: dict[str, object]) -> Case:
        design = Design().with_settings(settings)
        return Case(name, lambda: convert(plain, design, images[:8]), lambda: _aihwkit_network(name, plain))

    cases = tuple(case(name, settings) for name, settings in BITLINE.items())
    network = "CIFAR ResNet-20, random weights"
    return Peer(f"aihwkit {aihwkit.__version__}", network, plain, images, cases, lambda: limit_threads(1))


def _aihwkit_network(case: str, network: nn.Module) -> nn.Module:
    """The network on aihwkit's inference tiles, programmed once."""
    from aihwkit.nn.conversion import convert_to_analog
    from aihwkit.simulator.configs import InferenceRPUConfig
    from aihwkit.simulator.parameters.enums import WeightNoiseType

    config = InferenceRPUConfig()
    config.mapping.max_input_size, config.mapping.max_output_size = 1152, 256
    forward = config.forward
    forward.is_perfect = case == "products without errors"
    forward.inp_res = forward.out_res = 1 / (2**8 - 2)
    forward.out_noise = forward.w_noise = forward.ir_drop = 0.0
    if "noise of every read" in case:
        forward.w_noise_type, forward.w_noise = WeightNoiseType.ADDITIVE_CONSTANT, 0.02
    if "wires" in case:
        forward.ir_drop = 1.0
    analog: nn.Module = convert_to_analog(network, config).eval()
    if not forward.is_perfect:
        analog.program_analog_weights()
    return analog
