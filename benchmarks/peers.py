"""Times bitline and IBM's aihwkit on the same network in the same process, on one thread each, against plain PyTorch.

    pip install bitline aihwkit
    python benchmarks/peers.py

The network is CIFAR ResNet-20 with random weights, which does not change the time. `peers.md` says how the settings
compare, and what came out.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # aihwkit's BLAS, read when it is loaded

import torch
from torch import Tensor, nn

import bitline
from bitline import Design, convert
from bitline.networks import find_network
from bitline.numerics.threads import limit_threads

ERROR = {"weights.kind": "differential", "cell.device": {"kind": "state-proportional", "alpha": 0.02}}
NOISE = {"kind": "state-independent", "alpha": 0.02}
BITLINE = {
    "products without errors": {"weights.kind": "differential", "cell.device": "none", "adc": "none"},
    "8 bits in and out, programming error": ERROR,
    "the same with noise of every read": {**ERROR, "cell.read_noise": NOISE},
    "the same with wires, without read noise": {
        **ERROR,
        "array": {"kind": "gate-driven", "bit_line": {"segment": 1e-5}},
    },
}
"""Settings of bitline's default design by case."""


def aihwkit_network(case: str, network: nn.Module) -> nn.Module:
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
    analog = convert_to_analog(network, config).eval()
    if not forward.is_perfect:
        analog.program_analog_weights()
    return analog


def seconds(run: Callable[[], object]) -> float:
    """Time of one call."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


@torch.no_grad()
def ratio(plain: nn.Module, analog: nn.Module, images: Tensor, repeats: int) -> float:
    """Time of the analog network over that of the plain one, median of pairs measured in turns."""
    analog(images), plain(images)
    return statistics.median(seconds(lambda: analog(images)) / seconds(lambda: plain(images)) for _ in range(repeats))


def main() -> None:
    """Measure and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    try:
        import aihwkit
    except ImportError:
        sys.exit("aihwkit is not installed: pip install aihwkit (on some systems it is built from source)")
    limit_threads(1)
    torch.manual_seed(0)
    network = find_network("cifar-resnet20")
    plain = network.build().eval()
    images = torch.randn(arguments.batch, 3, 32, 32)
    with torch.no_grad():
        rate = arguments.batch / statistics.median(seconds(lambda: plain(images)) for _ in range(5))
    print(
        f"bitline {bitline.__version__}, aihwkit {aihwkit.__version__}, PyTorch {torch.__version__}, Python "
        f"{platform.python_version()}; one thread, batch {arguments.batch}; plain PyTorch: {rate:.0f} images/s\n"
    )
    print("| case | bitline, times plain PyTorch | aihwkit, times plain PyTorch |\n| --- | ---: | ---: |")
    for case, settings in BITLINE.items():
        ours = ratio(plain, convert(plain, Design().with_settings(settings), images[:8]), images, arguments.repeats)
        limit_threads(1)
        theirs = ratio(plain, aihwkit_network(case, plain), images, arguments.repeats)
        print(f"| {case} | {ours:.2f} | {theirs:.1f} |", flush=True)


if __name__ == "__main__":
    main()
