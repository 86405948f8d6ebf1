"""Bit lines of gate-driven cells with the resistance of their wire, solved exactly in one pass.

Walk a line from its far end to the virtual ground and keep the Norton equivalent of the part walked so far: the
current I that it delivers into a short circuit and its conductance G. A cell of conductance g whose gate is on adds g V
to I and g to G; a wire of resistance r divides both by 1 + r G. That is `plain_ladder`, the readable version.

Written as ratios I = p/q and G = s/q there is no division on the way, which is how the kernels walk:

    cell:  p += g V q,  s += g q          wire:  q += r s

For inputs of one sign p, s and q stay positive, so nothing cancels. Cells that are off only lengthen the wire: k of
them in a run are one step with k r, so the cost follows the active rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import torch
from torch import Tensor

from bitline.arrays._line_wires import OPEN, LineWires

SAFE_EXPONENT = 50.0
"""exp(50) is well inside float32."""


@dataclass(frozen=True)
class InputWindows:
    """Where the rows of an array find their inputs in a sample, so that convolutions need not be unfolded.

    Row i of position n reads element `base[n] + offset[i]`.

    Attributes:
        offset: offset of each row, (rows,) int64.
        base: first element of each position, (positions,) int64.

    Examples:
        The three windows of a kernel of two rows that slides over four elements:

        >>> windows = InputWindows(offset=torch.tensor([0, 1]), base=torch.tensor([0, 1, 2]))
        >>> windows.base[:, None] + windows.offset
        tensor([[0, 1],
                [1, 2],
                [2, 3]])
    """

    offset: Tensor
    base: Tensor


def plain_ladder(drive: Tensor, given: Tensor, loading: Tensor, wires: LineWires) -> Tensor:
    """Currents of bit lines, for any device and dtype.

    Args:
        drive: row voltages in units of V_read, 0 where the gate is off, (batch, rows); row 0 is farthest from the foot.
        given: G/G_max that the rows drive, (rows, lines); for interleaved differential cells G+ - G-.
        loading: G/G_max that loads the line, same shape; for interleaved differential cells G+ + G-.
        wires: resistances of the line.

    Returns:
        (batch, lines) in units of G_max V_read; the sum over both ends where both have a virtual ground.

    Examples:
        Two cells with a conductance of 1 and segments of a tenth of their resistance, both on, then one:

        >>> cells = torch.ones(2, 1)
        >>> plain_ladder(torch.tensor([[1.0, 1.0], [0.0, 1.0]]), cells, cells, LineWires(segment=0.1))
        tensor([[1.6031],
                [0.9091]])
    """
    current = _foot_current(drive, given, loading, wires)
    if wires.head == OPEN:
        return current
    return current + _foot_current(drive.flip(1), given.flip(0), loading.flip(0), wires.reversed())


def _foot_current(drive: Tensor, given: Tensor, loading: Tensor, wires: LineWires) -> Tensor:
    current = torch.zeros(len(drive), given.shape[1], dtype=given.dtype, device=given.device)
    conductance = torch.full_like(current, wires.at_head)
    last = len(given) - 1
    for row, (cells, loads) in enumerate(zip(given, loading, strict=True)):
        voltage = drive[:, row, None].to(given.dtype)
        current = current + voltage * cells
        conductance = conductance + (voltage != 0) * loads
        divided = 1 + (wires.segment + (wires.foot if row == last else 0.0)) * conductance
        current, conductance = current / divided, conductance / divided
    return current


def line_voltages(currents: Tensor, wires: LineWires) -> Tensor:
    """Voltages along bit lines into which cells feed given currents.

    Args:
        currents: currents in units of G_max V_read, (..., rows, lines), float64.
        wires: resistances of the lines.

    Returns:
        V/V_read at every cell, same shape.

    Examples:
        >>> line_voltages(torch.ones(3, 1, dtype=torch.float64), LineWires(segment=0.1)).flatten().round(decimals=3)
        tensor([0.6000, 0.5000, 0.3000], dtype=torch.float64)
    """
    if wires.is_ideal:
        return torch.zeros_like(currents)
    collected = currents.cumsum(-2)  # what flows from each row towards the foot, with an open far end
    drops = wires.segment * collected
    drops[..., -1, :] += wires.foot * collected[..., -1, :]
    voltage = drops.flip(-2).cumsum(-2).flip(-2)
    if wires.head == OPEN:
        return voltage
    # a second ground takes the current that brings its end to zero
    length = wires.segment * (torch.arange(currents.shape[-2], 0, -1, dtype=currents.dtype) + 1)
    resistance = length[0] + wires.foot + wires.head
    taken = voltage[..., :1, :] / resistance
    return voltage - taken * (length - wires.segment + wires.foot)[:, None]


def ladder_products(
    codes: Tensor, windows: InputWindows, given: Tensor, loading: Tensor, wires: LineWires, bits: int
) -> Tensor:
    """Products of input codes with the cells of an array, one input bit after the other, wires included.

    Args:
        codes: integers in a float tensor, (samples, elements), |code| < 2^bits.
        windows: which element each row reads at each position.
        given, loading: as for `plain_ladder`, (rows, lines).
        wires: resistances of the lines.
        bits: number of input bits.

    Returns:
        Sum over bits k of 2^k times the current of bit k, (samples, lines, positions).

    Examples:
        The codes 3 and 1 on two cells: bit 0 drives both, bit 1 the first one alone.

        >>> cells, windows = torch.ones(2, 1), InputWindows(offset=torch.tensor([0, 1]), base=torch.tensor([0]))
        >>> ladder_products(torch.tensor([[3.0, 1.0]]), windows, cells, cells, LineWires(segment=0.0), bits=2)
        tensor([[[4.]]])
        >>> ladder_products(torch.tensor([[3.0, 1.0]]), windows, cells, cells, LineWires(segment=0.1), bits=2)
        tensor([[[3.2697]]])
    """
    if wires.head == OPEN:
        return _foot_products(codes, windows, given, loading, wires, bits)
    flipped = InputWindows(windows.offset.flip(0), windows.base)
    other = wires.reversed()
    both = _foot_products(codes, windows, given, loading, wires, bits)
    return both + _foot_products(codes, flipped, given.flip(0), loading.flip(0), other, bits)


def _foot_products(
    codes: Tensor, windows: InputWindows, given: Tensor, loading: Tensor, wires: LineWires, bits: int
) -> Tensor:
    if codes.device.type == "cpu":
        return _products_on_cpu(codes, windows, given, loading, wires, bits)
    if codes.device.type == "cuda" and given.dtype == torch.float32 and find_spec("triton") is not None:
        return _products_on_gpu(codes, windows, given, loading, wires, bits)
    return plain_products(codes, windows, given, loading, wires, bits)


def _products_on_cpu(
    codes: Tensor, windows: InputWindows, given: Tensor, loading: Tensor, wires: LineWires, bits: int
) -> Tensor:
    from bitline.arrays._ladder_numba import ladder_kernel, width_for

    rows, lines = given.shape
    width = width_for(lines)
    alike = given is loading
    bundles = in_bundles(given, width)
    start_s, start_q = start_of(wires)
    largest = float(loading.abs().max()) if loading.numel() else 0.0
    kernel = ladder_kernel(width, grows_too_far(wires.segment, largest, rows, start_s / start_q), alike)
    result = torch.empty(len(codes), lines, len(windows.base), dtype=given.dtype)
    kernel(
        codes.to(given.dtype).contiguous().numpy(),
        windows.offset.contiguous().numpy(),
        windows.base.contiguous().numpy(),
        bundles.numpy(),
        bundles.numpy() if alike else in_bundles(loading, width).numpy(),
        float(wires.segment),
        float(wires.foot),
        start_s,
        start_q,
        largest,
        bits,
        result.numpy(),
    )
    return result


def _products_on_gpu(
    codes: Tensor, windows: InputWindows, given: Tensor, loading: Tensor, wires: LineWires, bits: int
) -> Tensor:
    from bitline.arrays._ladder_triton import ladder_on_gpu

    start_s, start_q = start_of(wires)
    careful = grows_too_far(wires.segment, float(loading.abs().max()), len(given), start_s / start_q)
    numbers = (wires.segment, wires.foot, start_s, start_q)
    products: Tensor = ladder_on_gpu(codes, windows.offset, windows.base, given, loading, numbers, careful, bits)
    return products


def start_of(wires: LineWires) -> tuple[float, float]:
    """s and q at the far end."""
    return (0.0, 1.0) if wires.head == OPEN else (1.0, wires.segment + wires.head)


def grows_too_far(segment: float, largest: float, rows: int, start: float) -> bool:
    """Whether q may leave the range of float32: log q is at most the sum of wire times conductance met so far.

    Examples:
        >>> grows_too_far(1e-5, 1.0, 1152, 0.0), grows_too_far(1e-3, 1.0, 1152, 0.0)
        (False, True)
    """
    return segment * rows * (largest * rows + start) > SAFE_EXPONENT


def in_bundles(cells: Tensor, width: int) -> Tensor:
    """(rows, lines) as (bundles, rows, width), lines without cells at the end."""
    rows, lines = cells.shape
    padded = torch.nn.functional.pad(cells, (0, -lines % width))
    return padded.reshape(rows, -1, width).transpose(0, 1).contiguous()


def plain_products(
    codes: Tensor, windows: InputWindows, given: Tensor, loading: Tensor, wires: LineWires, bits: int
) -> Tensor:
    """`ladder_products` at the foot alone in plain PyTorch, for any device and dtype."""
    return bit_by_bit(lambda drive: _foot_current(drive, given, loading, wires), codes, windows, bits)


def bit_by_bit(currents: Callable[[Tensor], Tensor], codes: Tensor, windows: InputWindows, bits: int) -> Tensor:
    """Currents of all bits of input codes, each by its place value, (batch, lines, positions).

    Args:
        currents: of lines, (windows, lines), whose rows are driven with -1, 0 or 1, (windows, rows).
        codes: input codes, (batch, elements).
        windows: elements of each position.
        bits: magnitude bits of the codes.
    """
    read = codes[:, windows.base[:, None] + windows.offset].flatten(0, 1)
    magnitude, sign = read.abs().long(), read.sign()
    total = currents((magnitude & 1) * sign)
    for bit in range(1, bits):
        total = total + 2**bit * currents(((magnitude >> bit) & 1) * sign)
    return total.reshape(len(codes), len(windows.base), -1).transpose(1, 2)
