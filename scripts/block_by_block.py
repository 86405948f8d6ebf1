"""A network larger than memory, converted and evaluated a block at a time: how much memory that takes.

    python scripts/block_by_block.py [--blocks 12] [--megabytes 64] [--limit 1.25]

Blocks are feed-forward blocks of transformers with random weights. They lie in a file each, which is mapped into
memory. A child process may allocate no more than the limit (GiB, RLIMIT_DATA, which leaves mapped files out), first for
the way of docs/guides/any_network.md, then for a conversion of the whole network. Linux only.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from torch import Tensor, nn

from bitline import Design, convert
from bitline.nn import Part

WIDTH = 1024


class Block(nn.Module):
    """A norm, two matrices with a GELU between them, and a way around."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.norm, self.gelu = nn.LayerNorm(WIDTH), nn.GELU()
        self.up, self.down = nn.Linear(WIDTH, hidden), nn.Linear(hidden, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.down(self.gelu(self.up(self.norm(x))))
        return out


def mapped(path: Path) -> Block:
    """A block whose weights stay in the file until they are read."""
    weights = torch.load(path, mmap=True, weights_only=True)
    with torch.device("meta"):
        block = Block(len(weights["up.weight"]))
    block.load_state_dict(weights, assign=True)
    return block.eval()


@torch.no_grad()
def one_by_one(paths: list[Path], design: Design, calibration: Tensor, inputs: Tensor) -> Tensor:
    """Outputs of the analog network, of which one block is in memory at a time."""
    for number, path in enumerate(paths):
        block = Part(f"blocks.{number}", mapped(path))
        analog = convert(block, design, calibration)
        inputs, calibration = analog(inputs), block(calibration)
    return inputs


@torch.no_grad()
def at_once(paths: list[Path], design: Design, calibration: Tensor, inputs: Tensor) -> Tensor:
    """Outputs of the analog network, converted as a whole."""

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = nn.ModuleList(map(mapped, paths))

        def forward(self, x: Tensor) -> Tensor:
            for block in self.blocks:
                x = block(x)
            return x

    outputs: Tensor = convert(Network(), design, calibration)(inputs)
    return outputs


WAYS = {"one block at a time": one_by_one, "whole": at_once}


def child(way: str, folder: Path) -> None:
    """One way, in a process of its own; prints seconds of computing and the sum of the outputs."""
    torch.set_num_threads(1)
    paths = sorted(folder.glob("*.pt"))
    generator = torch.Generator().manual_seed(0)
    calibration, inputs = (torch.randn(64, WIDTH, generator=generator) for _ in range(2))
    outputs = WAYS[way](paths, Design.load("differential"), calibration, inputs)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{time.process_time():.0f} s, peak {peak:.2f} GiB, mapped files among it, outputs {float(outputs.norm()):.6f}"
    )


def write_blocks(folder: Path, blocks: int, megabytes: int) -> None:
    """Files of blocks with random weights, each of so many MiB."""
    hidden = megabytes * 2**20 // (8 * WIDTH)
    for number in range(blocks):
        torch.manual_seed(number)
        torch.save(Block(hidden).state_dict(), folder / f"{number:03}.pt")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=12)
    parser.add_argument("--megabytes", type=int, default=64)
    parser.add_argument("--limit", type=float, default=1.25, help="GiB")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child[0], Path(arguments.child[1]))
        return

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (int(arguments.limit * 2**30),) * 2)

    with tempfile.TemporaryDirectory() as folder:
        write_blocks(Path(folder), arguments.blocks, arguments.megabytes)
        for way in WAYS:
            command = [sys.executable, __file__, "--child", way, folder]
            done = subprocess.run(command, preexec_fn=limit, capture_output=True, text=True)
            said = done.stdout.strip() or f"ended with {done.returncode}: {done.stderr.strip().splitlines()[-1][:120]}"
            print(f"{way} ({arguments.blocks} x {arguments.megabytes} MiB, {arguments.limit} GiB): {said}", flush=True)


if __name__ == "__main__":
    main()
