"""GPU kernel of `TensorCoreMultiply`: convolutions of bytes as matrix products, with sums of whole numbers.

A program computes a block of output positions for a block of products. It gathers the codes that a block of rows sees
at these positions, and multiplies them by that block of two pieces of the weights at a time.
"""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

POSITIONS, ROWS, LEAST, MOST = 128, 64, 16, 128
"""Output positions and rows of a block, and the fewest and most products."""


@triton.jit  # type: ignore[untyped-decorator]
def _multiply(  # type: ignore[no-untyped-def]
    codes,
    weights,
    shift,
    scales,
    down,
    right,
    channel,
    result,
    total,
    height,
    width,
    channels,
    high,
    wide,
    rows,
    matrices,
    own_channels,
    products,
    stride_down,
    stride_right,
    above,
    left_of,
    zero,
    PIECES: tl.constexpr,
    M: tl.constexpr,
    N: tl.constexpr,
    K: tl.constexpr,
):
    place = tl.program_id(0) * M + tl.arange(0, M)
    product = tl.program_id(1) * N + tl.arange(0, N)
    matrix = tl.program_id(2).to(tl.int64)  # weights can be more than 2^31
    live, here = place < total, product < products
    top = (place // wide) % high * stride_down - above
    left = place % wide * stride_right - left_of
    start = (place // (wide * high)).to(tl.int64) * height * width * channels + matrix * own_channels
    column = matrix * products + product
    summed = tl.zeros((M, N), dtype=tl.float32)
    for pair in tl.static_range(0, PIECES, 2):
        first = tl.zeros((M, N), dtype=tl.int32)
        second = tl.zeros((M, N), dtype=tl.int32)
        for block in range(0, rows, K):
            row = block + tl.arange(0, K)
            inside = row < rows
            y = top[:, None] + tl.load(down + row, mask=inside, other=0)[None, :]
            x = left[:, None] + tl.load(right + row, mask=inside, other=0)[None, :]
            seen = live[:, None] & inside[None, :] & (y >= 0) & (y < height) & (x >= 0) & (x < width)
            source = start[:, None] + (y * width + x) * channels + tl.load(channel + row, mask=inside, other=0)[None, :]
            byte = tl.load(codes + source, mask=seen, other=zero)
            code = (byte.to(tl.int16) - 128).to(tl.int8)
            given = inside[:, None] & here[None, :]
            weight = ((pair * matrices + matrix) * rows + row)[:, None] * products + product[None, :]
            first += tl.dot(code, tl.load(weights + weight, mask=given, other=0), out_dtype=tl.int32)
            if pair + 1 < PIECES:
                weight += matrices * rows * products
                second += tl.dot(code, tl.load(weights + weight, mask=given, other=0), out_dtype=tl.int32)
        first += tl.load(shift + pair * matrices * products + column, mask=here, other=0)[None, :]
        summed += first.to(tl.float32) * tl.load(scales + pair)
        if pair + 1 < PIECES:
            second += tl.load(shift + (pair + 1) * matrices * products + column, mask=here, other=0)[None, :]
            summed += second.to(tl.float32) * tl.load(scales + pair + 1)
    target = result + place[:, None].to(tl.int64) * (matrices * products) + column[None, :]
    tl.store(target, summed, mask=live[:, None] & here[None, :])


def bytes_on_gpu(
    codes: Tensor,
    weights: Tensor,
    shift: Tensor,
    scales: Tensor,
    taps: Tensor,
    size: tuple[int, int],
    walk: tuple[int, int, int, int],
    zero: int,
) -> Tensor:
    """Sums of all pieces, (images, high, wide, products), float32.

    Args:
        codes: bytes, (images, height, width, channels) uint8, contiguous.
        weights: (pieces, matrices, rows, products of a matrix) int8, contiguous.
        shift: what is added to the sums of each piece of codes less 128, (pieces, matrices, products) int32.
        scales: what 1 counts in the sums of each piece, (pieces,) float32, powers of two.
        taps: how far down, how far right and in which channel of its matrix each row lies, (3, rows) int32.
        size: rows and columns of the outputs' image, (high, wide).
        walk: strides down and right, and padding above and to the left.
        zero: byte of code 0.
    """
    (images, height, width, channels), (pieces, matrices, rows, products) = codes.shape, weights.shape
    result = torch.empty(images, *size, matrices * products, dtype=torch.float32, device=codes.device)
    total = images * size[0] * size[1]
    block = min(MOST, max(LEAST, triton.next_power_of_2(products)))
    grid: Any = (triton.cdiv(total, POSITIONS), triton.cdiv(products, block), matrices)
    _multiply[grid](
        codes,
        weights,
        shift,
        scales,
        *taps,
        result,
        total,
        height,
        width,
        channels,
        *size,
        rows,
        matrices,
        channels // matrices,
        products,
        *walk,
        zero,
        PIECES=pieces,
        M=POSITIONS,
        N=block,
        K=ROWS,
        num_warps=8 if block > 64 else 4,
    )
    return result
