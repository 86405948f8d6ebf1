"""Times bitline and another simulator on the same network in the same process, on one thread, against plain PyTorch.

    pip install bitline aihwkit
    python benchmarks/peers.py aihwkit

    git clone --branch v3.2 https://github.com/sandialabs/cross-sim
    pip install bitline && pip install --no-deps ./cross-sim
    python benchmarks/peers.py crosssim --checkout cross-sim

`peers.md` says how the settings compare, and what came out.
"""

from __future__ import annotations

import argparse
import os
import platform
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when the libraries are loaded
os.environ.setdefault("MKL_NUM_THREADS", "1")

import peer_aihwkit
import peer_crosssim
import torch
from comparison import images_per_second, measured

import bitline
from bitline.numerics.threads import limit_threads


def main() -> None:
    """Measure and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=("aihwkit", "crosssim"))
    parser.add_argument("--batch", type=int, help="images of one pass; 64 with aihwkit, 16 with CrossSim if not given")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--checkout", type=Path, default=Path("cross-sim"), help="folder of CrossSim")
    parser.add_argument("--data", help="CIFAR-10 for CrossSim's network; random images if not given")
    arguments = parser.parse_args()
    limit_threads(1)
    torch.manual_seed(0)
    if arguments.peer == "aihwkit":
        peer = peer_aihwkit.peer(arguments.batch or 64)
    else:
        peer = peer_crosssim.peer(arguments.batch or 16, arguments.checkout, arguments.data)
    print(
        f"bitline {bitline.__version__}, {peer.name}, PyTorch {torch.__version__}, Python "
        f"{platform.python_version()}; {peer.network}; one thread, batch {len(peer.images)}; plain PyTorch: "
        f"{images_per_second(peer):.0f} images/s\n"
    )
    name = peer.name.split()[0]
    print(f"| case | bitline, times plain PyTorch | {name}, times plain PyTorch | same class |")
    print("| --- | ---: | ---: | ---: |")
    for case in measured(peer, arguments.repeats):
        print(f"| {case.name} | {case.ours:.2f} | {case.theirs:.2f} | {case.equal:.0%} |", flush=True)


if __name__ == "__main__":
    main()
