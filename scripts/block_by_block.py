"""A language model larger than memory, converted and evaluated a block at a time: what time and memory a block takes.

    python scripts/block_by_block.py [--blocks 8] [--width 1024] [--hidden 2816] [--limit 1.25]
    python scripts/block_by_block.py --blocks 4 --width 4096 --hidden 11008 --limit 8 --ways block

Blocks are decoder blocks of Llama with random weights in bfloat16, by default of 12.8 million weights; the second line
has those of a model of 7 billion, which has 32 of them. Each lies in a safetensors file, which is mapped into memory. A
child process may allocate no more than the limit (GiB, RLIMIT_DATA, which leaves mapped files out), first for the way
of docs/guides/any_network.md, then for a conversion of the whole network. Linux only.
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
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from bitline import Design, convert
from bitline.errors import ConversionError
from bitline.nn import Part

HEAD = 128
TOKENS = 64


class Block(nn.Module):
    """A decoder block of Llama without rotations: attention and a gated network, each with a norm and a way around."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.attn_norm, self.ffn_norm = nn.RMSNorm(width), nn.RMSNorm(width)
        self.q, self.k, self.v, self.out = (nn.Linear(width, width, bias=False) for _ in range(4))
        self.gate, self.up = (nn.Linear(width, hidden, bias=False) for _ in range(2))
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.attn_norm(x)
        q, k, v = (part(y).unflatten(-1, (-1, HEAD)).transpose(1, 2) for part in (self.q, self.k, self.v))
        x = x + self.out(functional.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))
        y = self.ffn_norm(x)
        out: Tensor = x + self.down(functional.silu(self.gate(y)) * self.up(y))
        return out


def mapped(path: Path) -> Block:
    """A block whose weights stay in the file until they are read."""
    weights = load_file(path)
    hidden, width = weights["up.weight"].shape
    with torch.device("meta"):
        block = Block(width, hidden)
    block.load_state_dict(weights, assign=True)
    return block.eval()


def one_by_one(paths: list[Path], design: Design, calibration: Tensor, inputs: Tensor) -> Tensor:
    """Outputs of the analog network, of which one block is in memory at a time; prints what each takes."""
    for number, path in enumerate(paths):
        _forget_peak()
        started = time.process_time()
        block = Part(f"blocks.{number}", mapped(path))
        analog = convert(block, design, calibration)
        converted = time.process_time()
        inputs = analog(inputs)
        ended = time.process_time()
        calibration = block(calibration)
        taken = f"{converted - started:.0f} s to convert, {ended - converted:.0f} s to program and to run"
        print(f"  block {number}: {taken}, peak {_peak():.2f} GiB", flush=True)
        del block, analog
    return inputs


def at_once(paths: list[Path], design: Design, calibration: Tensor, inputs: Tensor) -> Tensor:
    """Outputs of the analog network, converted as a whole."""
    outputs: Tensor = convert(nn.Sequential(*map(mapped, paths)), design, calibration)(inputs)
    return outputs


WAYS = {"block": one_by_one, "whole": at_once}


@torch.no_grad()
def child(way: str, folder: Path) -> None:
    """One way, in a process of its own; prints seconds of computing and the norm of the outputs."""
    torch.set_num_threads(1)
    paths = sorted(folder.glob("*.safetensors"))
    width = len(mapped(paths[0]).q.weight)
    generator = torch.Generator().manual_seed(0)
    calibration, inputs = (torch.randn(1, TOKENS, width, generator=generator).bfloat16() for _ in range(2))
    try:
        outputs = WAYS[way](paths, Design.load("differential"), calibration, inputs)
    except ConversionError as error:
        print(error)
        return
    print(f"{time.process_time():.0f} s of one core in all, norm of the outputs {float(outputs.float().norm()):.6f}")


def _peak() -> float:
    """The largest resident memory since `_forget_peak`, mapped files among it, GiB."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 2**20


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def write_blocks(folder: Path, blocks: int, width: int, hidden: int) -> int:
    """Files of blocks with random weights, one after the other; weights of a block."""
    count = 0
    for number in range(blocks):
        torch.manual_seed(number)
        weights = Block(width, hidden).bfloat16().state_dict()
        count = sum(weight.numel() for weight in weights.values())
        save_file(weights, folder / f"{number:03}.safetensors")
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=8)
    parser.add_argument("--width", type=int, default=1024, help=f"a multiple of {HEAD}")
    parser.add_argument("--hidden", type=int, default=2816)
    parser.add_argument("--limit", type=float, default=1.25, help="GiB")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child[0], Path(arguments.child[1]))
        return

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (int(arguments.limit * 2**30),) * 2)

    with tempfile.TemporaryDirectory() as folder:
        count = write_blocks(Path(folder), arguments.blocks, arguments.width, arguments.hidden)
        print(f"{arguments.blocks} blocks of {count / 1e6:.1f} million weights, at most {arguments.limit} GiB")
        for way in arguments.ways:
            print(f"{way}:", flush=True)
            done = subprocess.run([sys.executable, __file__, "--child", way, folder], preexec_fn=limit)
            if done.returncode:
                print(f"  ended with {done.returncode}")


if __name__ == "__main__":
    main()
